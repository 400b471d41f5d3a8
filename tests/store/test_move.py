"""Moving a store to a ClickHouse database: broken off anywhere, gone on with, verified."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import msgspec
import pytest

from clew.errors import Conflict, StartupError
from clew.ingest import Ingest
from clew.span import Span
from clew.store import copy
from clew.store.clickhouse import ClickHouseEngine
from clew.store.engine import Batch, Engine
from clew.store.migrate import migrate
from clew.store.move import Plan, begin, demand_finished, move, read_plan
from clickhouse_server import Server, find_server, open_engine
from make import agent, llm

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

PIECE_BYTES = 40_000


class Killed(BaseException):
    """What breaks a move off."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A ClickHouse server that belongs to a cluster."""
    with find_server(tmp_path_factory.mktemp("moved"), clustered=True) as server:
        yield server


@pytest.fixture(params=["one server", "cluster"])
def target(request: pytest.FixtureRequest, server: Server) -> Iterator[ClickHouseEngine]:
    """An empty database."""
    with open_engine(server, clustered=request.param == "cluster") as engine:
        yield engine


@pytest.fixture
def source(server: Server) -> Iterator[Engine]:
    """A store of three runs, in which nothing is merged."""
    with open_engine(server) as engine:
        anyio.run(migrate, engine)
        for table in copy.TABLES:
            anyio.run(partial(engine.query, f"SYSTEM STOP MERGES {table}", fmt="Null"))
        anyio.run(add_runs, engine, 3)
        yield engine


async def add_runs(engine: Engine, count: int) -> None:
    """Runs of twenty spans, each with a message of its own; the last one is sent twice, so that
    rows replace each other."""
    spans: list[Span] = []
    async with running(Ingest(engine, interval_s=0.01)) as ingest:
        for _ in range(count):
            root = agent()
            said = [
                llm(parent=root, gen_ai__input__messages=f'[{{"role":"user","content":"o{n}"}}]')
                for n in range(20)
            ]
            spans = [root, *said]
            await ingest.submit("opals", spans=spans)
    async with running(Ingest(engine, interval_s=0.01)) as forgetful:
        await forgetful.submit("opals", spans=spans)


@asynccontextmanager
async def running(ingest: Ingest) -> AsyncGenerator[Ingest]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ingest.run)
        yield ingest
        await ingest.drain()
        tasks.cancel_scope.cancel()


async def run(
    source: Engine, target: ClickHouseEngine, *, until_rows: int | None = None
) -> dict[str, copy.Measured]:
    """Move, as a new process does, until so many rows are there."""
    plan = await read_plan(source, piece_bytes=PIECE_BYTES)
    notes = await begin(target, plan.name)

    def watch(done: int, _total: int, _table: str) -> None:
        if until_rows is not None and done >= until_rows:
            raise Killed

    return await move(source, target, plan, notes, watch)


async def held(engine: Engine, plan: Plan) -> dict[str, copy.Measured]:
    """What is in every table."""
    return {
        table: await copy.measure(engine, table, columns) for table, columns in plan.columns.items()
    }


async def tables(engine: Engine) -> set[str]:
    """The tables of a database."""
    lines = await engine.query("SELECT name FROM system.tables WHERE database = currentDatabase()")
    return {msgspec.json.decode(line)["name"] for line in lines.splitlines()}


async def test_a_move_that_is_broken_off_goes_on(source: Engine, target: ClickHouseEngine) -> None:
    """Every row is there once in the end, those that are replaced included, the source is as it
    was, and the database as a server makes it."""
    plan = await read_plan(source, piece_bytes=PIECE_BYTES)
    before = await held(source, plan)
    assert len(plan.steps) > 4
    spans = sum(step.piece.rows for step in plan.steps if step.table == "spans")
    for rows in (1, spans):
        with pytest.raises(Killed):
            await run(source, target, until_rows=rows)
        with pytest.raises(StartupError, match="isn't finished: go on with `clew migrate`"):
            await demand_finished(target)
    # As where the process was killed between a piece and its note.
    step = next(step for step in plan.steps if step.table == "contents")
    data = await copy.rows(source, step.table, plan.columns[step.table], step.piece)
    await target.insert_once(Batch(step.table, plan.columns[step.table], data), plan.token(step))
    assert await run(source, target) == before
    assert before["spans"].rows == 84
    assert await held(source, plan) == before
    await demand_finished(target)
    assert not {name for name in await tables(target) if name.startswith("moved")}
    stored = "spans_local" if target.layout.cluster else "spans"
    made = await target.query(f"SHOW CREATE TABLE {stored}", fmt="TSVRaw")
    assert b"max_bytes_to_merge" not in made
    with pytest.raises(Conflict, match="holds spans already"):
        await run(source, target)


@pytest.mark.parametrize("target", ["one server"], indirect=True)
async def test_halves_of_two_stores_are_never_taken_for_one(
    source: Engine, target: ClickHouseEngine
) -> None:
    """Where something is added to the one or the other before all was moved, it is told, and the
    database isn't served."""
    with pytest.raises(Killed):
        await run(source, target, until_rows=1)
    await add_runs(target, 1)
    with pytest.raises(Conflict, match=r"of 84 rows of spans, 126 rows arrived"):
        await run(source, target)
    await add_runs(source, 1)
    with pytest.raises(Conflict, match="before something was added to it"):
        await run(source, target)
    with pytest.raises(StartupError, match="isn't finished"):
        await demand_finished(target)
