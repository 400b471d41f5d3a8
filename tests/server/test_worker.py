"""Retention: whole days go, contents included, by project."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import make
from clew.ingest import Ingest
from clew.records import open_records, projects
from clew.server.worker import Clock, apply_retention
from clew.store.embedded import EmbeddedEngine
from clew.store.spans import DAY_NS

pytestmark = pytest.mark.anyio


async def counted(engine: EmbeddedEngine, table: str, project: str) -> int:
    """Rows of the project."""
    body = await engine.query(
        f"SELECT count() AS n FROM {table} WHERE project = {{p:String}}",  # noqa: S608
        {"p": project},
    )
    return int(msgspec.json.decode(body)["n"])


async def test_each_project_keeps_its_days(
    engine: EmbeddedEngine, ingest: Ingest, project: str, tmp_path: Path
) -> None:
    """Seven days here, the server's thirty there, and for ever where nobody said anything."""
    records = open_records(tmp_path / "records.db")
    names = {days: f"{project}-{days}" for days in (7, 30)}
    for name in names.values():
        records.write_now(projects.create, name, datetime.now(UTC))
        for age in (1, 10, 40):
            old = make.agent(start_ns=time.time_ns() - age * DAY_NS, input__value=f"day {age}")
            await make.store(ingest, name, old)
    records.write_now(projects.set_retention, names[7], 7)
    assert await apply_retention(engine, ingest, records, None) == 2
    assert await counted(engine, "spans", names[7]) == 1
    assert await counted(engine, "contents", names[7]) == 1
    assert await counted(engine, "spans", names[30]) == 3
    assert await apply_retention(engine, ingest, records, 30) == 1
    assert await counted(engine, "contents", names[30]) == 2
    records.close()


async def test_a_clock_that_was_set_is_not_believed_at_once() -> None:
    """Forwards or back; the next time it is, when it went on evenly from there."""
    wall, steady = [1e9], [0.0]
    clock = Clock(lambda: wall[0], lambda: steady[0])
    told: list[bool] = []
    for set_by_s in (0.0, 86_400.0, 0.0, -86_400.0, 0.0, 2.0):
        wall[0] += 3600.0 + set_by_s
        steady[0] += 3600.0
        told.append(clock.jumped())
    assert told == [False, True, False, True, False, False]
