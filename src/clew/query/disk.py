"""What the tables take on the disk, and whose it is."""

from __future__ import annotations

from typing import Final

import msgspec

from clew.query import ask
from clew.store.copy import TABLES, WEIGHTS
from clew.store.engine import Engine

_DAYS: Final = {
    "spans": "intDiv(start_ns, 86400000000000)",
    "scores": "intDiv(time_ns, 86400000000000)",
    "logs": "day",
    "metrics": "day",
    "contents": "day",
}
"""The day, since 1970, that a row of the table is deleted with."""


class TableUse(msgspec.Struct, kw_only=True, frozen=True):
    """A table: `text_bytes` of `size_bytes` are its text index; `replaced_bytes` come on top."""

    name: str
    rows: int
    size_bytes: int
    replaced_bytes: int
    text_bytes: int = 0


class Share(msgspec.Struct, kw_only=True, frozen=True):
    """What a project has of a day in a table. `day` counts from 1970, in UTC; `weight_bytes` is
    before compression."""

    project: str
    day: int
    rows: int
    weight_bytes: int


class _Index(msgspec.Struct):
    name: str
    size_bytes: int


async def tables(engine: Engine) -> list[TableUse]:
    """Every table, on all servers of a cluster with all replicas."""
    parts = ask.sql("disk_tables", parts=engine.layout.system("parts"))
    stored = [*TABLES, *(f"{table}_local" for table in TABLES)]
    found = await ask.rows(engine, parts, {"tables": stored}, TableUse)
    indexes = ask.sql("disk_indexes", indexes=engine.layout.system("data_skipping_indices"))
    text = {each.name: each.size_bytes for each in await ask.rows(engine, indexes, {}, _Index)}
    by_name = {table.name: table for table in found}
    nothing = TableUse(name="", rows=0, size_bytes=0, replaced_bytes=0)
    return [_with_text(by_name.get(name, nothing), name, text.get(name, 0)) for name in TABLES]


def _with_text(table: TableUse, name: str, text_bytes: int) -> TableUse:
    # Parts that are merged between the two questions count in only one of them.
    text_bytes = min(text_bytes, table.size_bytes)
    return msgspec.structs.replace(table, name=name, text_bytes=text_bytes)


async def shares(engine: Engine, table: str) -> list[Share]:
    """Whose the rows of a table are."""
    question = ask.sql("disk_shares", table=table, day=_DAYS[table], weight=WEIGHTS[table])
    return await ask.rows(engine, question, {}, Share)


async def free_bytes(engine: Engine) -> int:
    """What is free on the disks of the database."""
    question = f"SELECT toUInt64(sum(free_space)) AS n FROM {engine.layout.system('disks')}"  # noqa: S608 - ours
    return int(msgspec.json.decode(await engine.query(question))["n"])
