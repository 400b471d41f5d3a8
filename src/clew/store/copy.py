"""Reading everything that a store holds, piece by piece, and how to know it is all there.

A table is read in pieces of its parts: what a part holds never changes, so a piece that is read
again holds the same rows. Nothing may be merged meanwhile, because that makes new parts of old
ones, and fewer rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from clew.errors import Conflict, StoreError
from clew.store.engine import Engine, Param

TABLES = ("spans", "scores", "logs", "metrics", "contents")
"""All of them, contents last: where something is added meanwhile, no span is without its
contents."""

PIECE_BYTES = 32 << 20
"""Of values, before compression; with the last rows a piece may be more."""

_TABLE_EXISTS = 57
_ROWS_AT_ONCE = 16
"""How many rows are weighed together: the fewer, the finer are the pieces, and the more there is to
keep in mind while they are made."""

WEIGHTS = {
    "spans": "length(raw) + length(facts) + length(input_preview) + length(output_preview) + 1000",
    "contents": "size_bytes + 200",
    "logs": "length(raw) + 500",
    "metrics": "length(raw) + 300",
    "scores": "length(comment) + byteSize(metadata) + 500",
}
"""About how many bytes a row has before compression. Weighing every column would read them all."""


class Piece(msgspec.Struct, kw_only=True, frozen=True):
    """Rows `first` to `last` of a part; `part_hash` is of all that is in the part."""

    part: str
    part_hash: str
    first: int
    last: int
    rows: int

    @property
    def name(self) -> str:
        """What tells it from all other pieces of its table."""
        return f"{self.part_hash}:{self.first}-{self.last}"


class Measured(msgspec.Struct, kw_only=True, frozen=True):
    """How many rows, and the sum of their hashes modulo 2^64, which is the same in every order."""

    rows: int
    checksum: int

    def __add__(self, more: Measured) -> Measured:
        """Both together."""
        return Measured(
            rows=self.rows + more.rows, checksum=(self.checksum + more.checksum) % (1 << 64)
        )


NOTHING = Measured(rows=0, checksum=0)


async def columns(engine: Engine, table: str) -> list[str]:
    """The columns that rows are written with: what is computed from them isn't among them."""
    lines = await engine.query(
        "SELECT name FROM system.columns WHERE database = currentDatabase()"
        " AND table = {table:String} AND default_kind IN ('', 'DEFAULT') ORDER BY position",
        {"table": table},
    )
    return [msgspec.json.decode(line)["name"] for line in lines.splitlines()]


async def schema_version(engine: Engine) -> int:
    """The newest migration of the store; 0 where none ran."""
    answer = await engine.query(
        "SELECT count() AS n FROM system.tables"
        " WHERE database = currentDatabase() AND name = 'schema_migrations'"
    )
    if not msgspec.json.decode(answer)["n"]:
        return 0
    answer = await engine.query("SELECT max(version) AS n FROM schema_migrations")
    return int(msgspec.json.decode(answer)["n"])


async def pieces(
    engine: Engine, table: str, *, of: str, piece_bytes: int = PIECE_BYTES
) -> list[Piece]:
    """What `table` holds, in the order of its parts. `of` is the table whose shape it has."""
    lines = await engine.query(
        f"""
        SELECT part, hash AS part_hash, toUInt64(min(low)) AS first, toUInt64(max(high)) AS last,
               toUInt64(sum(count)) AS rows
        FROM
        (
            SELECT part, low, high, count,
                intDiv(sum(size) OVER (PARTITION BY part ORDER BY low
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), {piece_bytes}) AS number
            FROM
            (
                SELECT _part AS part, min(_part_offset) AS low, max(_part_offset) AS high,
                       count() AS count, sum({WEIGHTS[of]}) AS size
                FROM {table} GROUP BY part, intDiv(_part_offset, {_ROWS_AT_ONCE})
            )
        ) AS weighed
        INNER JOIN
        (
            SELECT name AS part, hash_of_all_files AS hash FROM system.parts
            WHERE database = currentDatabase() AND table = {{table:String}} AND active
        ) AS parts USING part
        GROUP BY part, part_hash, number
        ORDER BY part, first
        """,  # noqa: S608 - names and numbers of ours
        {"table": table},
    )
    return [msgspec.json.decode(line, type=Piece) for line in lines.splitlines()]


async def rows(engine: Engine, table: str, names: Sequence[str], piece: Piece) -> bytes:
    """The rows of a piece as `Engine.insert` takes them, in the order of the columns `names`."""
    where, params = _where(piece)
    return await engine.query(
        f"SELECT {', '.join(names)} FROM {table} {where}",  # noqa: S608 - names of ours
        params,
        fmt="MsgPack",
        settings={"max_threads": 1},
    )


async def measure(
    engine: Engine, table: str, names: Sequence[str], piece: Piece | None = None
) -> Measured:
    """How many rows there are in a table or a piece of it, those that are replaced included, and
    their checksum over the columns `names`."""
    where, params = _where(piece)
    answer = await engine.query(
        f"SELECT count() AS rows, sum(sipHash64(formatRow('RowBinary', {', '.join(names)})))"  # noqa: S608 - names of ours
        f" AS checksum FROM {table} {where}",
        params,
    )
    return msgspec.json.decode(answer, type=Measured)


def frozen(table: str) -> str:
    """The name of the table's copy in a snapshot."""
    return f"backup_{table}"


async def freeze(engine: Engine) -> None:
    """Make a copy of every table as it is now, which shares the files of its parts.

    To be called while nobody writes; `thaw` removes it, also where this fails half way. Raises
    Conflict where there is one already, and on a cluster, where no two tables can share a part.
    """
    if engine.layout.cluster:
        message = (
            "the spans are in a cluster, which makes backups by itself:"
            " BACKUP DATABASE … ON CLUSTER … TO …"
        )
        raise Conflict(message)
    try:
        for table in TABLES:
            await engine.query(f"CREATE TABLE {frozen(table)} CLONE AS {table}", fmt="Null")
            await engine.query(f"SYSTEM STOP MERGES {frozen(table)}", fmt="Null")
    except StoreError as exc:
        if exc.code != _TABLE_EXISTS:
            raise
        message = (
            "another backup of this store is being made, or was broken off:"
            f" wait for it, or drop the tables {frozen('spans')}, …"
        )
        raise Conflict(message) from exc


async def thaw(engine: Engine) -> None:
    """Remove the copies that `freeze` made, if there are any."""
    for table in TABLES:
        await engine.query(f"DROP TABLE IF EXISTS {frozen(table)} SYNC", fmt="Null")


def _where(piece: Piece | None) -> tuple[str, dict[str, Param]]:
    if piece is None:
        return "", {}
    return (
        "WHERE _part = {part:String} AND _part_offset BETWEEN {first:UInt64} AND {last:UInt64}",
        {"part": piece.part, "first": piece.first, "last": piece.last},
    )
