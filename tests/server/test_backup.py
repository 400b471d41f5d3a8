"""Backups: one at a time, and nothing is left of one that ends early."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from clew import archive
from clew.errors import Conflict
from clew.ingest import Ingest
from clew.records import Records, open_records
from clew.server.backup import Backups
from clew.store import copy
from clew.store.engine import Engine
from make import agent

pytestmark = pytest.mark.anyio


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    """A new records database."""
    opened = open_records(tmp_path / "records.db")
    yield opened
    opened.close()


async def copies(engine: Engine) -> list[str]:
    """The tables that a backup holds on to."""
    lines = await engine.query(
        "SELECT name FROM system.tables"
        " WHERE database = currentDatabase() AND startsWith(name, 'backup_')"
    )
    return [msgspec.json.decode(line)["name"] for line in lines.splitlines()]


async def test_a_backup_is_a_tar_file_that_says_what_it_holds(
    engine: Engine, ingest: Ingest, records: Records, project: str
) -> None:
    """Any program can look into it, and its rows are counted."""
    await ingest.submit(project, spans=[agent()])
    backups = Backups(engine, records, ingest)
    data = b"".join([piece async for piece in backups.stream()])
    await backups.close()
    assert await copies(engine) == []
    with tarfile.open(fileobj=BytesIO(data)) as tar:
        assert tar.getnames()[0] == archive.MANIFEST
        assert tar.getnames()[-1] == archive.CHECKSUMS
    members = list(archive.read(BytesIO(data)))
    manifest = archive.read_manifest(members[0])
    for table in (*manifest.store, *manifest.records):
        assert sum(each.rows for each in members if each.table == table.name) == table.rows


async def test_a_backup_that_ends_early_makes_room_for_the_next(
    engine: Engine, ingest: Ingest, records: Records, project: str
) -> None:
    """Meanwhile there is one only, and spans go on being stored."""
    backups = Backups(engine, records, ingest)
    first = backups.stream()
    await anext(first)
    assert len(await copies(engine)) == len(copy.TABLES)
    with pytest.raises(Conflict, match="a backup is being made already"):
        await anext(backups.stream())
    await ingest.submit(project, spans=[agent()])
    await first.aclose()
    await backups.close()
    assert await copies(engine) == []
    second = backups.stream()
    await anext(second)
    await second.aclose()
    await backups.close()


async def test_the_copies_of_another_backup_are_left_alone(
    engine: Engine, ingest: Ingest, records: Records
) -> None:
    """They may be in use."""
    await copy.freeze(engine)
    try:
        with pytest.raises(Conflict, match="another backup of this store"):
            await anext(Backups(engine, records, ingest).stream())
        assert len(await copies(engine)) == len(copy.TABLES)
    finally:
        await copy.thaw(engine)
    assert await copies(engine) == []
