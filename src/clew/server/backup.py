"""A backup of a running server, made while it goes on taking in spans.

For a moment, in which nothing is written, every table gets a copy that shares its files, and the
records are read. From these the backup is made, however long whoever asked takes to fetch it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from importlib.metadata import version
from typing import NamedTuple

import msgspec
import zstandard

from clew import archive
from clew.errors import ClewError, Conflict
from clew.ingest import Ingest
from clew.records import Records
from clew.records import copy as records_copy
from clew.records import database as records_database
from clew.store import copy as store_copy
from clew.store.engine import Engine

COMPRESSION_LEVEL = 3

log = logging.getLogger("clew")


class _Planned(NamedTuple):
    columns: list[str]
    pieces: list[store_copy.Piece]


class _Held(NamedTuple):
    """What was held on to."""

    manifest: archive.Manifest
    records: dict[str, list[bytes]]
    store: dict[str, _Planned]


class Backups:
    """Makes backups of these rooms, one at a time."""

    def __init__(self, engine: Engine, records: Records, ingest: Ingest) -> None:
        self._engine = engine.unhurried()
        self._records = records
        self._ingest = ingest
        self._running = False
        self._tidying: set[asyncio.Task[None]] = set()

    async def stream(self) -> AsyncGenerator[bytes]:
        """A backup of what is stored when its first piece is asked for.

        That piece raises Conflict while another backup is made, and what the rooms raise.
        """
        if self._running:
            raise Conflict("a backup is being made already: wait until it is done")
        self._running = True
        try:
            held = await self._hold()
        except Conflict:  # the copies that are there are somebody else's
            self._running = False
            raise
        except BaseException:
            self._tidy()
            raise
        try:
            async for piece in self._written(held):
                yield piece
        finally:
            self._tidy()

    async def close(self) -> None:
        """Wait until nothing is left of a backup that ended early."""
        if self._tidying:
            await asyncio.wait(self._tidying)

    async def _hold(self) -> _Held:
        async with self._ingest.held():
            await store_copy.freeze(self._engine)
            records = await self._records.read(records_copy.dump)
        store = {table: await self._plan(table) for table in store_copy.TABLES}
        return _Held(await self._manifest(records, store), records, store)

    async def _plan(self, table: str) -> _Planned:
        return _Planned(
            await store_copy.columns(self._engine, table),
            await store_copy.pieces(self._engine, store_copy.frozen(table), of=table),
        )

    async def _manifest(
        self, records: dict[str, list[bytes]], store: dict[str, _Planned]
    ) -> archive.Manifest:
        return archive.Manifest(
            clew=version("clew"),
            created_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            span_schema=await store_copy.schema_version(self._engine),
            records_version=await self._records.read(records_database.version),
            records=[archive.Table(name=name, rows=len(rows)) for name, rows in records.items()],
            store=[
                archive.Table(
                    name=name,
                    rows=sum(piece.rows for piece in planned.pieces),
                    columns=planned.columns,
                )
                for name, planned in store.items()
            ],
        )

    async def _written(self, kept: _Held) -> AsyncGenerator[bytes]:
        writer = archive.Writer(int(time.time()))
        yield writer.member(archive.MANIFEST, msgspec.json.encode(kept.manifest))
        for table, lines in kept.records.items():
            data = b"".join(line + b"\n" for line in lines)
            name = archive.records_name(table, len(lines))
            yield await asyncio.to_thread(_member, writer, name, data)
        for table, planned in kept.store.items():
            frozen = store_copy.frozen(table)
            for number, piece in enumerate(planned.pieces, 1):
                data = await store_copy.rows(self._engine, frozen, planned.columns, piece)
                held = await store_copy.measure(self._engine, frozen, planned.columns, piece)
                name = archive.store_name(table, number, held.rows, held.checksum)
                yield await asyncio.to_thread(_member, writer, name, data)
        yield writer.end()

    def _tidy(self) -> None:
        # In a task of its own: who asked may be gone, and their request cancelled with all in it.
        task = asyncio.get_running_loop().create_task(self._thaw())
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)

    async def _thaw(self) -> None:
        try:
            await store_copy.thaw(self._engine)
        except ClewError:
            log.exception("the copies of a backup are still there; the next start removes them")
        finally:
            self._running = False


def _member(writer: archive.Writer, name: str, data: bytes) -> bytes:
    compressed = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(data)
    return writer.member(name, compressed)
