"""Copying a store piece by piece, on every engine there is."""

from __future__ import annotations

import msgspec
import pytest

from clew.errors import Conflict
from clew.ingest import Ingest
from clew.store import copy
from clew.store.engine import Batch, Engine
from make import agent, llm

pytestmark = pytest.mark.anyio


async def fill(ingest: Ingest, project: str) -> None:
    """A few parts of a few rows."""
    for word in ("amber", "opal"):
        root = agent()
        said = [
            llm(parent=root, gen_ai__input__messages=f'[{{"role":"user","content":"{word}{n}"}}]')
            for n in range(24)
        ]
        await ingest.submit(project, spans=[root, *said])


@pytest.mark.parametrize("table", ["spans", "contents"])
async def test_the_pieces_of_a_table_are_the_table(
    engine: Engine, ingest: Ingest, project: str, table: str
) -> None:
    """No row twice and none left out, whatever the size of a piece; written again somewhere else
    they are the same rows."""
    await fill(ingest, project)
    if engine.layout.cluster:
        with pytest.raises(Conflict, match="the spans are in a cluster"):
            await copy.freeze(engine)
        return
    await copy.freeze(engine)
    try:
        frozen, names = copy.frozen(table), await copy.columns(engine, table)
        whole = await copy.measure(engine, frozen, names)
        pieces = await copy.pieces(engine, frozen, of=table, piece_bytes=2_000)
        assert len({piece.name for piece in pieces}) == len(pieces) > 2
        await engine.query(f"CREATE TABLE again EMPTY AS {table} ENGINE = Memory", fmt="Null")
        total = copy.NOTHING
        for piece in pieces:
            part = await copy.measure(engine, frozen, names, piece)
            assert part.rows == piece.rows
            total += part
            await engine.insert(
                Batch("again", names, await copy.rows(engine, frozen, names, piece))
            )
        assert total == whole
        assert await copy.measure(engine, "again", names) == whole
    finally:
        await engine.query("DROP TABLE IF EXISTS again", fmt="Null")
        await copy.thaw(engine)


async def test_a_checksum_tells_rows_that_differ_in_one_value(
    engine: Engine, ingest: Ingest, project: str
) -> None:
    """Also where nothing stands in the place of a number."""
    await ingest.submit(project, spans=[agent()])
    names = await copy.columns(engine, "spans")
    changed = [
        name if name != "input_tokens" else "toNullable(toUInt64(0)) AS input_tokens"
        for name in names
    ]
    before = await copy.measure(engine, "spans", names)
    altered = f"(SELECT {', '.join(changed)} FROM spans)"  # noqa: S608 - columns of ours
    after = await copy.measure(engine, altered, names)
    assert before.rows == after.rows > 0
    assert before.checksum != after.checksum


async def test_a_store_knows_its_schema(engine: Engine) -> None:
    """It is in the manifest of a backup."""
    found = await copy.schema_version(engine)
    answer = await engine.query("SELECT max(version) AS n FROM schema_migrations")
    assert found == msgspec.json.decode(answer)["n"]
