"""A data folder moves to a ClickHouse server, its records to PostgreSQL, and stays as it is."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from clew.errors import Conflict, StartupError, Unavailable
from clew.records import Records, open_records, postgres
from clew.records import copy as records_copy
from clew.records import database as records_database
from clew.server.data_dir import DataDir, is_data_dir, open_data_dir
from clew.store import move as spans
from clew.store.address import Address, parse_address
from clew.store.clickhouse import ClickHouseEngine
from clew.store.embedded import EmbeddedEngine

Progress = Callable[[int, int, str], None]


class Destination(NamedTuple):
    """Where spans and records go; what has none stays where it is."""

    clickhouse: Address | None = None
    cluster: str = ""
    records_url: str = ""


class _Prepared(NamedTuple):
    source: EmbeddedEngine
    target: ClickHouseEngine
    plan: spans.Plan
    notes: list[spans.Note]


def parse_destination(urls: Sequence[str], cluster: str) -> Destination:
    """The places in URLs, one of a ClickHouse server, one of PostgreSQL, or both.

    Raises StartupError, which doesn't repeat them, for anything else.
    """
    records = [url for url in urls if url.partition(":")[0] in postgres.SCHEMES]
    others = [url for url in urls if url not in records]
    if not urls or len(records) > 1 or len(others) > 1:
        message = (
            "pass --to once with the URL of a ClickHouse server, once with that of a PostgreSQL"
            " database, or only one of them"
        )
        raise StartupError(message)
    if cluster and not others:
        raise StartupError("--clickhouse-cluster needs --to with the URL of one of its servers")
    for url in records:
        records_database.parse(url)
    try:
        clickhouse = parse_address(others[0]) if others else None
    except ValueError as exc:
        message = f"--to is neither of a ClickHouse server nor of PostgreSQL: {exc}"
        raise StartupError(message) from exc
    return Destination(clickhouse, cluster, records[0] if records else "")


async def move(folder: Path, to: Destination, progress: Progress) -> dict[str, int]:
    """Move what isn't there yet, and verify all of it; returns the rows by table.

    Nothing is moved before every place was found to be there, and empty or begun by this same
    move. Raises StartupError, Conflict and Unavailable; called again it goes on.
    """
    if not is_data_dir(folder):
        message = f"{folder} isn't a data folder: pass the one to move with --data-dir"
        raise StartupError(message)
    with open_data_dir(folder, version=version("clew")) as opened:
        try:
            return await _move(opened, to, progress)
        except Unavailable as exc:
            message = f"{exc.message}; the same command goes on where this one stopped"
            raise Unavailable(message) from exc


async def _move(opened: DataDir, to: Destination, progress: Progress) -> dict[str, int]:
    rows: dict[str, int] = {}
    async with contextlib.AsyncExitStack() as stack:
        records = prepared = None
        if to.records_url:
            records = stack.enter_context(_open_records(opened, to.records_url))
        if to.clickhouse is not None:
            prepared = await stack.enter_async_context(_prepare(opened, to.clickhouse, to.cluster))
        if records is not None:
            lines = _move_records(*records)
            rows |= {name: len(held) for name, held in lines.items()}
        if prepared is not None:
            source, target, plan, notes = prepared
            moved = await spans.move(source, target, plan, notes, progress)
            rows |= {name: held.rows for name, held in moved.items()}
    return rows


@contextlib.asynccontextmanager
async def _prepare(opened: DataDir, address: Address, cluster: str) -> AsyncGenerator[_Prepared]:
    folder = opened.path / "spans"
    if not folder.is_dir():
        message = f"there are no spans in {opened.path}: pass --to for the records only"
        raise StartupError(message)
    target = ClickHouseEngine(address, cluster)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(target.close)
        source = EmbeddedEngine(folder, still=True)
        stack.push_async_callback(source.close)
        plan = await spans.read_plan(source)
        yield _Prepared(source, target, plan, await spans.begin(target, plan.name))


@contextlib.contextmanager
def _open_records(opened: DataDir, url: str) -> Generator[tuple[Records, Records]]:
    with (
        contextlib.closing(open_records(opened.records_path, migrate=False)) as ours,
        contextlib.closing(open_records(url)) as theirs,
    ):
        if ours.read_now(records_database.version) != records_database.VERSION:
            message = (
                f"the records in {opened.path} are those of an older Clew:"
                " serve the folder once with this version"
            )
            raise StartupError(message)
        _demand_room(ours, theirs)
        yield ours, theirs


def _demand_room(ours: Records, theirs: Records) -> None:
    if theirs.read_now(records_copy.is_new):
        return
    if theirs.read_now(records_copy.dump) != ours.read_now(records_copy.dump):
        message = (
            f"the database {theirs.place} holds other records already: pass an empty one, or drop"
            " it"
        )
        raise Conflict(message)


def _move_records(ours: Records, theirs: Records) -> dict[str, list[bytes]]:
    """In one transaction, so that they are there as a whole or not at all."""
    lines = ours.read_now(records_copy.dump)
    theirs.write_now(records_copy.load, lines)
    if theirs.read_now(records_copy.dump) != lines:
        message = (
            f"the records in {theirs.place} aren't those that were moved:"
            " did something else write to it? Drop the database and begin again"
        )
        raise Conflict(message)
    return lines
