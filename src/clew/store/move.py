"""Moving everything in a store to an empty ClickHouse database, which may be broken off anywhere.

    plan ─► piece ─► insert with the piece's own token ─► note ─► … ─► verify ─► done

The notes are in the database that is filled. A piece that was inserted and not noted is noted when
the move goes on, or inserted again with the same token, and so is there once. Meanwhile nothing is
merged there: else rows that replace each other would be fewer before they could be counted.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from clew.errors import Conflict, StartupError, StoreError
from clew.store import copy
from clew.store.clickhouse import ClickHouseEngine
from clew.store.copy import NOTHING, TABLES, Measured, Piece
from clew.store.engine import Batch, Engine
from clew.store.migrate import migrate, migrations, script
from clew.store.spans import encode_row

NOTES: Final = "moved_pieces"
NOTE_COLUMNS: Final = ("move", "place", "piece", "rows", "checksum")
BEGUN, VERIFIED = "begun", "verified"
ENDING_S: Final = 0.1
"""Between two looks whether deletions of the source are finished."""

_KEPT: Final = {
    "max_bytes_to_merge_at_max_space_in_pool": 1,
    "max_bytes_to_merge_at_min_space_in_pool": 1,
    "parts_to_delay_insert": 1_000_000,
    "parts_to_throw_insert": 1_000_000,
}
"""Settings of a table that keep its parts as they are, however many, also after a restart."""

Progress = Callable[[int, int, str], None]


class Step(NamedTuple):
    """A piece of a table; `name` tells it from every other one of this move."""

    table: str
    piece: Piece

    @property
    def name(self) -> str:
        """Of the part's name too: parts that hold the same have the same hash."""
        return f"{self.piece.part}:{self.piece.part_hash}:{self.piece.first}-{self.piece.last}"


class Plan(NamedTuple):
    """What is to be moved, in its order; `name` is the same as long as the source is."""

    name: str
    columns: dict[str, list[str]]
    steps: list[Step]

    @property
    def rows(self) -> int:
        """How many in all."""
        return sum(step.piece.rows for step in self.steps)

    def token(self, step: Step) -> str:
        """What an insert of the step is known by."""
        return f"{self.name}/{step.table}/{step.name}"


class Note(msgspec.Struct, kw_only=True, frozen=True):
    """A row of `moved_pieces`: a piece of a table that is there. Without a table it says that the
    move began, or that all was verified."""

    move: str
    place: str = ""
    piece: str
    rows: int = 0
    checksum: int = 0


async def read_plan(source: Engine, *, piece_bytes: int = copy.PIECE_BYTES) -> Plan:
    """What is in a store in which nothing is written and nothing merged. Raises StartupError for
    one of another version of Clew."""
    found = await copy.schema_version(source)
    if found != max(migrations()):
        raise StartupError(
            "the spans are those of another version of Clew"
            f" (span schema {found}, this program's is {max(migrations())}):"
            " serve the folder once with this version, or use the newer one"
        )
    await _demand_no_deletions(source)
    columns = {table: await copy.columns(source, table) for table in TABLES}
    steps = [
        Step(table, piece)
        for table in TABLES
        for piece in await copy.pieces(source, table, of=table, piece_bytes=piece_bytes)
    ]
    said = msgspec.json.encode([columns, [(step.table, step.name) for step in steps]])
    return Plan(hashlib.sha256(said).hexdigest(), columns, steps)


async def begin(target: ClickHouseEngine, name: str) -> list[Note]:
    """Make the database ready for the move of that name; what was noted of it before.

    Raises Conflict, and changes nothing in it, where the database holds something else.
    """
    await migrate(target)
    notes = await _notes(target)
    if any(note.move != name for note in notes):
        raise Conflict(
            "a move of another folder, or of this one before something was added to it, was begun"
            " into this ClickHouse database: drop the database, or pass another one"
        )
    if not notes:
        await _demand_empty(target)
        for statement in script("moving", target.layout):
            await target.query(statement, fmt="Null")
        await _note(target, Note(move=name, piece=BEGUN))
    kept = ", ".join(f"{setting} = {value}" for setting, value in _KEPT.items())
    for table in TABLES:
        await _alter(target, table, f"MODIFY SETTING {kept}")
    return notes


async def move(
    source: Engine,
    target: ClickHouseEngine,
    plan: Plan,
    notes: Sequence[Note],
    progress: Progress,
) -> dict[str, Measured]:
    """Insert what isn't there yet, verify all of it and finish; how much it is, by table.

    `progress` is told how many rows of how many are there, and of which table the last ones are.
    Raises Conflict where what is there in the end isn't what was read.
    """
    moved: dict[str, Measured] = dict.fromkeys(TABLES, NOTHING)
    done = {(note.place, note.piece): note for note in notes}
    rows, doubtful = 0, True
    for step in plan.steps:
        if note := done.get((step.table, step.name)):
            held = Measured(rows=note.rows, checksum=note.checksum)
        else:
            there = doubtful and await _is_there(target, step, notes)
            held = await _send(source, target, plan, step, there=there)
            doubtful = False
        moved[step.table] += held
        rows += held.rows
        progress(rows, plan.rows, step.table)
    if ("", VERIFIED) not in done:
        await _verify(target, plan, moved)
        await _note(target, Note(move=plan.name, piece=VERIFIED))
    await _finish(target)
    return moved


async def demand_finished(engine: Engine) -> None:
    """StartupError where a move into this database was begun and not finished."""
    if await _exists(engine, NOTES):
        raise StartupError(
            "a move into this ClickHouse database isn't finished: go on with `clew migrate`, or"
            " drop the database"
        )


async def _is_there(target: Engine, step: Step, notes: Sequence[Note]) -> bool:
    """Was the first piece without a note inserted, as the last thing before a kill? Its token is
    remembered for an hour only where tables are replicated."""
    noted = sum(note.rows for note in notes if note.place == step.table)
    answer = await target.query(f"SELECT count() AS n FROM {step.table}")  # noqa: S608 - ours
    return int(msgspec.json.decode(answer)["n"]) == noted + step.piece.rows


async def _send(
    source: Engine, target: ClickHouseEngine, plan: Plan, step: Step, *, there: bool
) -> Measured:
    columns = plan.columns[step.table]
    held = await copy.measure(source, step.table, columns, step.piece)
    if not there:
        data = await copy.rows(source, step.table, columns, step.piece)
        await target.insert_once(Batch(step.table, columns, data), plan.token(step))
    note = Note(
        move=plan.name,
        place=step.table,
        piece=step.name,
        rows=held.rows,
        checksum=held.checksum,
    )
    await _note(target, note)
    return held


async def _verify(target: Engine, plan: Plan, moved: dict[str, Measured]) -> None:
    for table, expected in moved.items():
        planned = sum(step.piece.rows for step in plan.steps if step.table == table)
        found = await copy.measure(target, table, plan.columns[table])
        if expected.rows != planned or found != expected:
            what = f"{found.rows} rows" if found.rows != planned else "other rows"
            raise Conflict(
                f"of {planned} rows of {table}, {what} arrived in the ClickHouse database:"
                " did something else write to it? Drop the database and begin again"
            )


async def _finish(target: ClickHouseEngine) -> None:
    for table in TABLES:
        await _alter(target, table, f"RESET SETTING {', '.join(_KEPT)}")
    if target.layout.cluster:
        await _drop(target, NOTES)
    await _drop(target, target.layout.stored(NOTES).split()[0])


async def _drop(target: Engine, table: str) -> None:
    await target.query(f"DROP TABLE {table} {target.layout.on_cluster} SYNC", fmt="Null")


async def _alter(target: Engine, table: str, change: str) -> None:
    await target.query(f"ALTER TABLE {target.layout.stored(table)} {change}", fmt="Null")


async def _notes(target: Engine) -> list[Note]:
    if not await _exists(target, NOTES):
        return []
    lines = await target.query(f"SELECT {', '.join(NOTE_COLUMNS)} FROM {NOTES}")  # noqa: S608
    return msgspec.json.Decoder(Note).decode_lines(lines)


async def _note(target: Engine, note: Note) -> None:
    await target.insert(Batch(NOTES, NOTE_COLUMNS, encode_row(msgspec.structs.astuple(note))))


async def _exists(engine: Engine, table: str) -> bool:
    answer = await engine.query(
        "SELECT count() AS n FROM system.tables"
        " WHERE database = currentDatabase() AND name = {table:String}",
        {"table": table},
    )
    return bool(msgspec.json.decode(answer)["n"])


async def _demand_empty(target: Engine) -> None:
    for table in TABLES:
        answer = await target.query(f"SELECT count() AS n FROM {table}")  # noqa: S608 - ours
        if msgspec.json.decode(answer)["n"]:
            raise Conflict(
                f"the ClickHouse database holds {table} already: pass an empty one, or drop it"
            )


async def _demand_no_deletions(source: Engine) -> None:
    """Wait for what a process that was killed began to delete, which rewrites parts."""
    while True:
        answer = await source.query(
            "SELECT count() AS n, any(latest_fail_reason) AS problem FROM system.mutations"
            " WHERE database = currentDatabase() AND NOT is_done"
        )
        found = msgspec.json.decode(answer)
        if not found["n"]:
            return
        if found["problem"]:
            raise StoreError(f"a deletion in the folder can't be finished: {found['problem']}")
        await asyncio.sleep(ENDING_S)
