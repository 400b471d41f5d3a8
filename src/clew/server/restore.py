"""A backup becomes a data folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from clew import archive
from clew.errors import BadInput, StartupError
from clew.records import copy as records_copy
from clew.records import database as records_database
from clew.records import open_records
from clew.server.data_dir import DataDir, demand_new, make_data_dir
from clew.store import copy as store_copy
from clew.store.embedded import EmbeddedEngine
from clew.store.engine import Batch
from clew.store.migrate import migrate, migrations

if TYPE_CHECKING:
    from clew.store.engine import Engine

Progress = Callable[[archive.Member], None]


def check(file: Path, folder: Path, progress: Progress) -> archive.Manifest:
    """Read the whole backup; BadInput where something is missing, altered or not for this program,
    and StartupError where the folder that it is to become holds anything.

    `progress` is told of each member.
    """
    demand_new(folder)
    with _members(file) as (manifest, members):
        for member in members:
            progress(member)
    return manifest


async def restore(file: Path, folder: Path, progress: Progress) -> archive.Manifest:
    """Fill a new folder, which is made here, from a backup that `check` found whole.

    Raises StartupError where the folder holds anything, and BadInput where what was restored isn't
    what was saved, by the count and checksum of each table; the folder is then as it was.
    """
    with (
        _members(file) as (manifest, members),
        make_data_dir(folder, version=version("clew")) as made,
    ):
        engine = EmbeddedEngine(made.path / "spans", still=True)
        try:
            await migrate(engine)
            records = await _fill(engine, manifest, members, progress)
        finally:
            await engine.close()
        _fill_records(made, manifest, records)
    return manifest


async def _fill(
    engine: Engine,
    manifest: archive.Manifest,
    members: Iterator[archive.Member],
    progress: Progress,
) -> dict[str, list[bytes]]:
    """Insert the rows of the store; returns those of the records."""
    columns = {table: await store_copy.columns(engine, table) for table in store_copy.TABLES}
    if {table.name: table.columns for table in manifest.store} != columns:
        raise BadInput("the backup holds other tables than its version of Clew has")
    expected = dict.fromkeys(columns, store_copy.NOTHING)
    records: dict[str, list[bytes]] = {}
    for member in members:
        data = _decompressed(member)
        if member.table in columns:
            await engine.insert(Batch(member.table, columns[member.table], data))
            expected[member.table] += store_copy.Measured(
                rows=member.rows, checksum=member.checksum
            )
        else:
            records[member.table] = data.splitlines()
        progress(member)
    for table in manifest.store:
        _compare(table.name, table.rows, expected[table.name].rows)
        found = await store_copy.measure(engine, table.name, columns[table.name])
        _compare(table.name, table.rows, found.rows)
        if found != expected[table.name]:
            raise BadInput(_NOT_THE_SAME.format(table.name))
    return records


def _fill_records(
    made: DataDir, manifest: archive.Manifest, records: dict[str, list[bytes]]
) -> None:
    for table in manifest.records:
        _compare(table.name, table.rows, len(records.get(table.name, [])))
    with contextlib.closing(open_records(made.records_path)) as opened:
        opened.write_now(records_copy.load, records)
        there = opened.read_now(records_copy.dump)
    for name, rows in there.items():
        if rows != records.get(name, []):
            raise BadInput(_NOT_THE_SAME.format(name))


_NOT_THE_SAME = "the restored {} aren't those that were saved: take another backup"


def _compare(table: str, expected: int, found: int) -> None:
    if found != expected:
        message = (
            f"the backup should have {expected} rows of {table}, and has {found}: "
            "it was made wrongly, so take another backup"
        )
        raise BadInput(message)


@contextlib.contextmanager
def _members(file: Path) -> Generator[tuple[archive.Manifest, Iterator[archive.Member]]]:
    try:
        opened = file.open("rb")
    except OSError as exc:
        raise BadInput(f"{file} can't be read: {(exc.strerror or str(exc)).lower()}") from exc
    with opened:
        try:
            members = archive.read(opened)
            manifest = archive.read_manifest(next(members))
            _demand_same_version(manifest)
            yield manifest, members
        except BadInput as exc:
            raise BadInput(f"{file}: {exc.message}") from exc


def _demand_same_version(manifest: archive.Manifest) -> None:
    ours = (max(migrations()), records_database.VERSION)
    if (manifest.span_schema, manifest.records_version) != ours:
        message = (
            f"this backup was made by Clew {manifest.clew}, whose tables are not those of this "
            f"program ({version('clew')}): restore it with that version, then serve the folder "
            "with the newer of the two"
        )
        raise StartupError(message)


def _decompressed(member: archive.Member) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompress(member.data)
    except zstandard.ZstdError as exc:
        raise BadInput(f"the backup is damaged: {member.name} can't be read ({exc})") from exc
