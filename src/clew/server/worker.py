"""Work that nobody waits for: retention."""

from __future__ import annotations

import asyncio
import logging
import time

from clew.errors import ClewError
from clew.ingest import Ingest
from clew.records import Records, projects
from clew.server.settings import Settings
from clew.store import deletion
from clew.store.engine import Engine

RETENTION_EVERY_S = 3600.0
FIRST_AFTER_S = 30.0
"""A server that just started has better things to do first."""

log = logging.getLogger("clew")


async def run_worker(engine: Engine, ingest: Ingest, records: Records, settings: Settings) -> None:
    """Do what is due until cancelled. What fails is logged and tried again the next time."""
    await asyncio.sleep(FIRST_AFTER_S)
    while True:
        try:
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
        async with ingest.paused():
            deleted += await deletion.delete_before(engine, project.name, cutoff_ns)
    return deleted
