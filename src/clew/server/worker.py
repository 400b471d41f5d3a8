"""Work that nobody waits for: retention."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from clew.errors import ClewError
from clew.ingest import Ingest
from clew.records import Records, projects
from clew.server.settings import Settings
from clew.store import deletion
from clew.store.engine import Engine

RETENTION_EVERY_S = 3600.0
FIRST_AFTER_S = 30.0
"""A server that just started has better things to do first."""

JUMP_S = 600.0
"""Clocks that are set by less are set often, and by less nothing goes that anybody would miss."""

log = logging.getLogger("clew")


def _steady_s() -> float:
    """Seconds since some moment; they go on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Clock:
    """Whether the clock may be believed: a year ahead for a minute, and all runs would be gone."""

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = _steady_s
    ) -> None:
        self._wall, self._steady = wall, steady
        self._ahead_s = wall() - steady()

    def jumped(self) -> bool:
        """Whether it was set since this was asked the last time."""
        before_s, self._ahead_s = self._ahead_s, self._wall() - self._steady()
        return abs(self._ahead_s - before_s) > JUMP_S


async def run_worker(engine: Engine, ingest: Ingest, records: Records, settings: Settings) -> None:
    """Do what is due until cancelled. What fails is logged and tried again the next time."""
    clock = Clock()
    await asyncio.sleep(FIRST_AFTER_S)
    while True:
        try:
            if clock.jumped():
                log.warning("the clock was set: nothing is deleted for its age for another hour")
            else:
                await apply_retention(engine.unhurried(), ingest, records, settings.retention_days)
        except ClewError as exc:
            log.error("retention failed; it is tried again in an hour: %s", exc)  # noqa: TRY400
        await asyncio.sleep(RETENTION_EVERY_S)


async def apply_retention(
    engine: Engine, ingest: Ingest, records: Records, default_days: int | None
) -> int:
    """Delete what is older than its project keeps it; returns how many spans that were."""
    deleted = 0
    for project in await records.read(projects.list_all):
        days = project.retention_days or default_days
        if days is None:
            continue
        cutoff_ns = time.time_ns() - days * deletion.DAY_NS
        async with ingest.paused(project.name):
            deleted += await deletion.delete_before(engine, project.name, cutoff_ns)
    return deleted
