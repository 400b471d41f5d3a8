"""What everything takes on the disk, by kind, project and day, and what retention would free."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import sqlalchemy as sa

from clew.client import DayDisk, Disk, DiskKind, DiskUse, Keeping, ProjectDisk
from clew.query import disk as query
from clew.records import Records, projects
from clew.server.settings import Settings
from clew.store.engine import Engine
from clew.store.spans import DAY_NS

KEEPING_DAYS: Final = (7, 30, 90, 365)
BLOCK_BYTES: Final = 512
"""The unit of `st_blocks`, on every system."""

_EPOCH: Final = date(1970, 1, 1)
_KINDS: Final[dict[str, DiskKind]] = {
    "contents": "contents",
    "spans": "spans",
    "logs": "logs",
    "metrics": "metrics",
    "scores": "scores",
}


class _Part(NamedTuple):
    """What a project has of a day, on the disk."""

    project: str
    day: int
    rows: int
    size_bytes: float


async def measure(engine: Engine, records: Records, settings: Settings) -> Disk:
    """What everything takes now. Estimating projects and days reads a few columns of each table."""
    tables = await query.tables(engine)
    parts = [part for table in tables for part in await _parts(engine, table)]
    kinds = await _kinds(tables, records, settings)
    keeping = await records.read(projects.list_all)
    days_kept = {each.name: each.retention_days or settings.retention_days for each in keeping}
    place = settings.clickhouse_url or settings.data_dir.absolute()
    return Disk(
        place=str(place),
        total_bytes=sum(kind.size_bytes for kind in kinds),
        free_bytes=await query.free_bytes(engine),
        kinds=kinds,
        projects=_by_project(parts, days_kept),
        days=_by_day(parts),
        keeping=[Keeping(days=days, freed_bytes=_older(parts, days)) for days in KEEPING_DAYS],
    )


async def _parts(engine: Engine, table: query.TableUse) -> list[_Part]:
    shares = await query.shares(engine, table.name)
    weight = sum(share.weight_bytes for share in shares)
    return [
        _Part(
            share.project,
            share.day,
            share.rows,
            table.size_bytes * share.weight_bytes / weight,
        )
        for share in shares
    ]


async def _kinds(
    tables: Sequence[query.TableUse], records: Records, settings: Settings
) -> list[DiskUse]:
    kinds = [
        DiskUse(
            kind=_KINDS[table.name],
            size_bytes=table.size_bytes - table.text_bytes,
            rows=table.rows,
        )
        for table in tables
    ]
    folder = settings.data_dir
    in_folder, sqlite = await asyncio.to_thread(
        lambda: (_size(folder), sum(map(_size, folder.glob("records.db*"))))
    )
    records_bytes = await records.read(_database_bytes) if settings.records_url else sqlite
    replaced = sum(table.replaced_bytes for table in tables)
    other = in_folder - sqlite
    if settings.clickhouse_url is None:
        other -= replaced + sum(table.size_bytes for table in tables)
    kinds += [
        DiskUse(kind="text index", size_bytes=sum(table.text_bytes for table in tables)),
        DiskUse(kind="records", size_bytes=records_bytes),
        DiskUse(kind="replaced", size_bytes=replaced),
        # What was merged between the two measurements is missing in one of them.
        DiskUse(kind="other", size_bytes=max(other, 0)),
    ]
    return sorted(kinds, key=lambda kind: -kind.size_bytes)


def _database_bytes(connection: sa.Connection) -> int:
    return int(
        connection.scalar(sa.select(sa.func.pg_database_size(sa.func.current_database()))) or 0
    )


def _size(path: Path) -> int:
    """What a file or a folder takes. Files with several names count once, and what goes away
    meanwhile doesn't count."""
    seen: dict[int, int] = {}
    waiting = [path]
    while waiting:
        current = waiting.pop()
        try:
            there = current.lstat()
            seen[there.st_ino] = there.st_blocks * BLOCK_BYTES
            if current.is_dir() and not current.is_symlink():
                with os.scandir(current) as entries:
                    waiting += [Path(entry.path) for entry in entries]
        except FileNotFoundError:
            continue
    return sum(seen.values())


def _by_project(parts: Sequence[_Part], days_kept: dict[str, int | None]) -> list[ProjectDisk]:
    grouped: dict[str, list[_Part]] = {}
    for part in parts:
        grouped.setdefault(part.project, []).append(part)
    found = [
        ProjectDisk(
            project=project,
            size_bytes=_total(own),
            rows=sum(part.rows for part in own),
            retention_days=(days := days_kept.get(project)),
            due_bytes=0 if days is None else _older(own, days),
        )
        for project, own in grouped.items()
    ]
    return sorted(found, key=lambda each: (-each.size_bytes, each.project))


def _by_day(parts: Sequence[_Part]) -> list[DayDisk]:
    grouped: dict[int, list[_Part]] = {}
    for part in parts:
        grouped.setdefault(part.day, []).append(part)
    return [
        DayDisk(
            day=(_EPOCH + timedelta(days=day)).isoformat(),
            size_bytes=_total(own),
            rows=sum(part.rows for part in own),
        )
        for day, own in sorted(grouped.items(), reverse=True)
    ]


def _older(parts: Sequence[_Part], days: int) -> int:
    # As retention reckons: whole days that ended so long ago.
    first_kept = (time.time_ns() - days * DAY_NS) // DAY_NS
    return _total([part for part in parts if part.day < first_kept])


def _total(parts: Sequence[_Part]) -> int:
    return round(sum(part.size_bytes for part in parts))
