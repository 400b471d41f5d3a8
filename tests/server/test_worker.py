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
from clew.server.worker import apply_retention
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
