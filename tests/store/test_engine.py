"""The promises of `Engine`, held by every engine there is."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.errors import StoreError
from clew.store.engine import Batch, Engine
from clew.store.spans import encode_row

pytestmark = pytest.mark.anyio

COLUMNS = ("project", "trace_id", "session_id", "score_id", "version", "value", "metadata")


async def ask(engine: Engine, sql: str, **params: object) -> list[dict[str, object]]:
    """The rows of an answer."""
    body = await engine.query(sql, params)  # type: ignore[arg-type]
    return [msgspec.json.decode(line) for line in body.splitlines()]


async def test_an_insert_is_seen_by_the_next_query(engine: Engine, project: str) -> None:
    """What was written is read, with every type the tables use."""
    rows = [[project, "t", "", "s1", 1, 0.5, {"k": "v"}], [project, "t", "", "s2", 1, None, {}]]
    await engine.insert(Batch("scores", COLUMNS, b"".join(map(encode_row, rows))))
    found = await ask(
        engine,
        "SELECT score_id, value, metadata FROM scores WHERE project = {p:String} ORDER BY score_id",
        p=project,
    )
    assert found == [
        {"score_id": "s1", "value": 0.5, "metadata": {"k": "v"}},
        {"score_id": "s2", "value": None, "metadata": {}},
    ]


@given(text=st.text())
def test_parameters_are_values(engine: Engine, text: str) -> None:
    """Any text comes back from a parameter as it was, alone and in a list."""
    text = text.encode("utf-8", "replace").decode()

    async def check() -> None:
        [row] = await ask(
            engine, "SELECT {a:String} AS a, {b:Array(String)} AS b", a=text, b=[text, "x"]
        )
        assert row == {"a": text, "b": [text, "x"]}

    asyncio.run(check())


async def test_parameters_of_every_type(engine: Engine) -> None:
    """Numbers, truth and nothing are parameters too."""
    [row] = await ask(
        engine,
        "SELECT {i:Int64} AS i, {f:Float64} AS f, {b:Bool} AS b, {n:Nullable(String)} AS n,"
        " {l:Array(UInt32)} AS l",
        i=-5,
        f=1.5,
        b=True,
        n=None,
        l=[1, 2],
    )
    assert row == {"i": -5, "f": 1.5, "b": True, "n": None, "l": [1, 2]}


async def test_times_are_iso_and_integers_plain(engine: Engine) -> None:
    """Bytes go to the browser as they are, so they have the API's forms already."""
    body = await engine.query(
        "SELECT fromUnixTimestamp64Nano(1795442531123456789, 'UTC') AS t, toUInt64(1) AS n"
    )
    assert body == b'{"t":"2026-11-23T14:02:11.123456789Z","n":1}\n'


async def test_a_refusal_carries_its_code(engine: Engine) -> None:
    """The caller can tell a missing table from a full disk."""
    with pytest.raises(StoreError) as refusal:
        await engine.query("SELECT * FROM no_such_table")
    assert refusal.value.code == 60
    assert "no_such_table" in refusal.value.message


async def test_a_broken_insert_leaves_the_engine_usable(engine: Engine, project: str) -> None:
    """Rows that can't be read are refused, and the next ones are taken."""
    with pytest.raises(StoreError):
        await engine.insert(Batch("scores", COLUMNS, b"\xc1broken"))
    await engine.insert(Batch("scores", COLUMNS, encode_row([project, "t", "", "s", 1, 1.0, {}])))
    assert await ask(
        engine, "SELECT count() AS n FROM scores WHERE project = {p:String}", p=project
    ) == [{"n": 1}]


async def test_many_ask_and_write_at_once(engine: Engine, project: str) -> None:
    """Concurrent statements don't disturb each other."""

    async def write(number: int) -> None:
        row = [project, f"t{number}", "", "s", 1, float(number), {}]
        await engine.insert(Batch("scores", COLUMNS, encode_row(row)))

    async def read(number: int) -> None:
        assert await ask(engine, "SELECT {n:Int64} AS n", n=number) == [{"n": number}]

    await asyncio.gather(*(write(n) for n in range(10)), *(read(n) for n in range(30)))
    [found] = await ask(
        engine, "SELECT sum(value) AS s FROM scores WHERE project = {p:String}", p=project
    )
    assert found == {"s": 45.0}


async def test_settings_apply_to_one_query(engine: Engine) -> None:
    """A limit on one question holds for it alone."""
    with pytest.raises(StoreError) as refusal:
        await engine.query(
            "SELECT sum(sipHash64(number)) FROM numbers(100000000000)",
            settings={"max_execution_time": 0.2},
        )
    assert refusal.value.code == 159
    assert await ask(engine, "SELECT 1 AS one") == [{"one": 1}]


async def test_a_failed_query_leaves_nothing_for_the_next(engine: Engine) -> None:
    """Rows that were written before a query failed never stand in front of another's answer."""
    with pytest.raises(StoreError):
        await engine.query(
            "SELECT number, throwIf(number = 70000) FROM numbers(100000)",
            settings={"max_block_size": 1000},
        )
    assert await ask(engine, "SELECT 2 AS two") == [{"two": 2}]


async def test_rows_in_a_row_are_all_seen(engine: Engine, project: str) -> None:
    """However quickly they come, and whether or not somebody reads in between."""
    patient = engine.unhurried()
    for number in range(20):
        row = [project, "t", "", f"s{number}", 1, 1.0, {}]
        await engine.insert(Batch("scores", COLUMNS, encode_row(row)))
        if number % 5 == 0:
            [found] = await ask(
                patient, "SELECT count() AS n FROM scores WHERE project = {p:String}", p=project
            )
            assert found == {"n": number + 1}
    assert await ask(
        engine, "SELECT count() AS n FROM scores WHERE project = {p:String}", p=project
    ) == [{"n": 20}]
