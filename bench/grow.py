"""Make a data folder with millions of spans out of a few thousand that were really received.

    .venv/bin/python bench/grow.py FOLDER [--spans N] [--projects N] [--content-gb GB]

A server receives about 20,000 spans of a day: runs of 20 to 100 spans and two of 1,000 (see
`bodies`). They are then multiplied inside the store, by INSERT … SELECT, which merges and indexes
as any insert does: each copy has ids, response ids, sessions and hashes of its own, lies on another
day of the two months before, and says its texts turned around, with words that no other copy says.
A run of 100,000 spans is made of one of 1,000 in the same way. FOLDER/asked.json says what
`scale.py` asks for.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

import bodies as made
from bodies import Bodies, Place
from clew.store.embedded import EmbeddedEngine
from clew.store.spans import CONTENT_COLUMNS, SPAN_COLUMNS
from products import clew
from reads import Read, ask
from senders import send_all
from servers import Server, free_port, serving

SPANS = 1_000_000
CONTENT_GB_A_MILLION = 0.25
"""5 GB of texts in 20 million spans."""
SEED_RUNS = 330
SHORTEST_RUN, LONGEST_RUN = 20, 100
LONG_RUN_SPANS = 1_000
HUGE_RUN_SPANS = 100_000
SEED_COPIES = 25
"""Copies made by one statement: half a million spans, and as many contents in a few blocks."""
DAYS = 60
NO_LIMIT_S = 3600.0
SETTLE_S = 15
"""Sums of runs are settled this long after they came (see `clew.settle`)."""
MERGE_LIMIT_S = 900
_RARE_RUN = 7
_COPIED_LONG_RUN, _LONG_RUN, _HUGE_RUN_NUMBER = SEED_RUNS, SEED_RUNS + 1, -1

Tell = Callable[[str], None]


class Asked(msgspec.Struct, kw_only=True):
    """What the reads are about. `run_ids` are runs of 20 to 24 spans, `span_ids` a model call in
    each of them. Times are ISO 8601."""

    spans: int
    projects: int
    content_bytes: int
    run_ids: list[str]
    span_ids: list[str]
    long_run_id: str
    huge_run_id: str
    rare_word: str
    rare_run_id: str
    common_word: str
    month_from: str
    month_to: str


# The seed of each table, apart from it: what is copied must not grow by its copies.
_SEED = "CREATE TABLE seed_{table} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM {table}"
_COPIES = """
INSERT INTO {table} ({columns})
SELECT {values}
FROM {source} AS seed
CROSS JOIN (SELECT toUInt64(number) AS copy FROM numbers({first}, {count})) AS copies
WHERE trace_id != {{long_run:String}}
SETTINGS max_threads = 2, max_partitions_per_insert_block = 0
"""
_TRACE = "lower(hex(sipHash128(seed.trace_id, copy)))"
_SPAN = "leftPad(lower(hex(sipHash64(seed.span_id, copy))), 16, '0')"
_PARENT = (
    "if(seed.parent_id = '', '', leftPad(lower(hex(sipHash64(seed.parent_id, copy))), 16, '0'))"
)
# Whole days and, for all spans of a run alike, up to 86 s more: runs don't start at once.
_EARLIER_NS = (
    f"(toInt64(copy % {DAYS}) * {made.DAY_NS}"
    " + toInt64(sipHash64(seed.trace_id, copy, 'start') % 86) * 1000000000)"
)
_HASHES = "arrayMap(h -> sipHash128(h, copy), seed.{column})"
_PROJECT = "if(copy % {projects} = 0, 'default', concat('project-', toString(copy % {projects})))"
_RAW = (
    f"replaceOne(replaceOne(replaceOne(seed.raw, seed.trace_id, {_TRACE}), seed.span_id, {_SPAN}),"
    f" seed.parent_id, {_PARENT})"
)
# Turned around at a word, with two words that few copies say and one that none other does.
_TURN = "position(seed.text, ' ', 1 + sipHash64(seed.hash, copy) % greatest(length(seed.text), 1))"
_TURNED = (
    f"concat(substring(seed.text, {_TURN} + 1), ' w',"
    " toString(sipHash64(copy, seed.hash) % 100000), ' w',"
    " toString(sqrt(sipHash64(seed.hash, copy, 'b') % 1000000) :: UInt32), ' id',"
    f" hex(sipHash64(seed.hash, copy)), ' ', substring(seed.text, 1, {_TURN}))"
)
_TEXT = (
    f"replaceOne(if(length(seed.text) < 64, seed.text, {_TURNED}),"
    f" '{made.RARE_WORD}', 'woodcutter')"
)
_SPAN_VALUES = {
    "trace_id": _TRACE,
    "span_id": _SPAN,
    "parent_id": _PARENT,
    "start_ns": f"seed.start_ns - {_EARLIER_NS}",
    "end_ns": f"seed.end_ns - {_EARLIER_NS}",
    "session_id": "concat(seed.session_id, '-', toString(copy))",
    "response_id": "if(seed.response_id = '', '', concat(seed.response_id, '-', toString(copy)))",
    "input_hashes": _HASHES.format(column="input_hashes"),
    "output_hashes": _HASHES.format(column="output_hashes"),
    "other_hashes": _HASHES.format(column="other_hashes"),
    "raw": _RAW,
}
_CONTENT_VALUES = {
    "day": f"toUInt32(intDiv(seed.start_ns - {_EARLIER_NS}, {made.DAY_NS}))",
    "trace_id": _TRACE,
    "hash": "sipHash128(seed.hash, copy)",
    "span_id": _SPAN,
    "start_ns": f"seed.start_ns - {_EARLIER_NS}",
    "text": _TEXT,
}
_HUGE_RUN = """
INSERT INTO spans ({columns})
SELECT {values}
FROM seed_spans AS seed
CROSS JOIN (SELECT toUInt64(number) AS copy FROM numbers({count})) AS copies
WHERE trace_id = {{long_run:String}} AND (parent_id != '' OR copy = 0)
"""


def grow(folder: Path, *, spans: int, projects: int, content_bytes: int, tell: Tell) -> Asked:
    """Make the data folder FOLDER/data of about `spans` spans in `projects` and `content_bytes` of
    texts, merged. Raises ServerError where the seed can't be received."""
    folder.mkdir(parents=True)
    newest_ns = time.time_ns()
    seed = _write_seed(folder / "seed.bin", newest_ns)
    _receive(folder, seed, projects)
    seed.path.unlink()
    store = folder / "data" / "spans"
    asked = asyncio.run(_multiply_in(store, spans, projects, content_bytes, newest_ns, tell))
    (folder / "asked.json").write_bytes(msgspec.json.encode(asked))
    return asked


def _write_seed(path: Path, newest_ns: int) -> Bodies:
    """The runs of the day before `newest_ns`, a body each."""
    places: list[Place] = []
    with path.open("wb") as file:
        for number in range(SEED_RUNS + 2):
            count = _span_count(number)
            start_ns = newest_ns - (SEED_RUNS + 2 - number) * (made.DAY_NS // (SEED_RUNS + 2))
            # A long run is over before the day is.
            start_ns -= made.DAY_NS // 2 if count == LONG_RUN_SPANS else 0
            body = made.encode_runs([(number, start_ns)], spans=count)
            places.append(Place(offset=file.tell(), size_bytes=len(body), spans=count))
            file.write(body)
    return Bodies(path=path, places=places, runs=len(places))


def _span_count(number: int) -> int:
    if number >= SEED_RUNS:
        return LONG_RUN_SPANS
    return SHORTEST_RUN + number * 37 % (LONGEST_RUN - SHORTEST_RUN + 1)


def _receive(folder: Path, seed: Bodies, projects: int) -> None:
    port = free_port()
    launch = clew.launch(Path(sys.executable), port, folder)
    with serving(
        launch.command, env=launch.env, folder=folder, port=port, health=clew.HEALTH
    ) as server:
        for number in range(1, projects):
            _create_project(server, f"project-{number}")
        sent = send_all(seed, server.port, clew.HEADERS, limit_s=NO_LIMIT_S)
        if sent.accepted_spans != seed.spans:
            raise SystemExit(f"of {seed.spans} spans {sent.accepted_spans} were accepted")
        time.sleep(SETTLE_S)


def _create_project(server: Server, name: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        body = json.dumps({"name": name}).encode()
        ask(connection, Read(path="/api/projects", body=body, holds=name))
    finally:
        connection.close()


async def _multiply_in(  # noqa: PLR0913, PLR0917 - as many as the command line names
    store: Path, spans: int, projects: int, content_bytes: int, newest_ns: int, tell: Tell
) -> Asked:
    engine = EmbeddedEngine(store)
    try:
        held_bytes = await _multiply(engine, spans, projects, content_bytes, tell)
        await _merged(engine, tell)
        held = int(await engine.query("SELECT count() FROM spans", fmt="TSV"))
    finally:
        await engine.close()
    short = [n for n in range(SEED_RUNS) if _span_count(n) < SHORTEST_RUN + 5]
    return Asked(
        spans=held,
        projects=projects,
        content_bytes=held_bytes,
        run_ids=[made.trace_id(number) for number in short],
        span_ids=[made.span_id(number, SHORTEST_RUN - 1) for number in short],
        long_run_id=made.trace_id(_LONG_RUN),
        huge_run_id=made.trace_id(_HUGE_RUN_NUMBER),
        rare_word=made.RARE_WORD,
        rare_run_id=made.trace_id(_RARE_RUN),
        common_word=made.common_word(),
        month_from=iso(newest_ns - 30 * made.DAY_NS),
        month_to=iso(newest_ns),
    )


async def _multiply(
    engine: EmbeddedEngine, spans: int, projects: int, content_bytes: int, tell: Tell
) -> int:
    """Fill the store that holds the seed. Returns how many bytes of texts it has then."""
    for table in ("spans", "contents"):
        await engine.query(_SEED.format(table=table), fmt="Null")
    seed = int(await engine.query("SELECT count() FROM spans", fmt="TSV"))
    held_bytes = int(await engine.query("SELECT sum(length(text)) FROM contents", fmt="TSV"))
    copies = max(spans - HUGE_RUN_SPANS - seed, 0) // (seed - LONG_RUN_SPANS)
    worded = min(copies, max(content_bytes // held_bytes - 1, 0))
    for first in range(1, copies + 1, SEED_COPIES):
        count = min(SEED_COPIES, copies + 1 - first)
        await _copy(engine, "spans", SPAN_COLUMNS, _SPAN_VALUES, first, count, projects)
        count = min(SEED_COPIES, worded + 1 - first)
        if count > 0:
            await _copy(
                engine, "contents", CONTENT_COLUMNS, _CONTENT_VALUES, first, count, projects
            )
        tell(f"{min(first + SEED_COPIES - 1, copies)} of {copies} copies")
    await _add_huge_run(engine)
    for table in ("spans", "contents"):
        await engine.query(f"DROP TABLE seed_{table}", fmt="Null")
    return held_bytes * (1 + worded)


async def _copy(  # noqa: PLR0913, PLR0917 - each says what is copied where
    engine: EmbeddedEngine,
    table: str,
    columns: Sequence[str],
    values: dict[str, str],
    first: int,
    count: int,
    projects: int,
) -> None:
    values = values | {"project": _PROJECT.format(projects=projects)}
    statement = _COPIES.format(
        table=table,
        columns=", ".join(columns),
        values=", ".join(values.get(column, f"seed.{column}") for column in columns),
        source=f"seed_{table}",
        first=first,
        count=count,
    )
    await engine.query(statement, {"long_run": made.trace_id(_LONG_RUN)}, fmt="Null")


async def _add_huge_run(engine: EmbeddedEngine) -> None:
    own = {
        "trace_id": "{huge_run:String}",
        "span_id": f"if(copy = 0, seed.span_id, {_SPAN})",
        "response_id": _SPAN_VALUES["response_id"],
        "start_ns": "seed.start_ns + toInt64(copy) * 1000000",
        "end_ns": "seed.end_ns + toInt64(copy) * 1000000",
    }
    statement = _HUGE_RUN.format(
        columns=", ".join(SPAN_COLUMNS),
        values=", ".join(own.get(column, f"seed.{column}") for column in SPAN_COLUMNS),
        count=HUGE_RUN_SPANS // LONG_RUN_SPANS,
    )
    ids = {"long_run": made.trace_id(_LONG_RUN), "huge_run": made.trace_id(_HUGE_RUN_NUMBER)}
    await engine.query(statement, ids, fmt="Null")


async def _merged(engine: EmbeddedEngine, tell: Tell) -> None:
    """Wait until the store merges no more: a server that is asked in peace has long been there."""
    began = time.monotonic()
    still = 0
    while still < 3 and time.monotonic() - began < MERGE_LIMIT_S:  # noqa: PLR2004
        merging = int(await engine.query("SELECT count() FROM system.merges", fmt="TSV"))
        still = 0 if merging else still + 1
        await asyncio.sleep(1)
    tell(f"merged for {time.monotonic() - began:.0f} s")


def iso(time_ns: int) -> str:
    """A time as the API is asked with it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_ns // 1_000_000_000))


def main() -> None:
    """Grow as the command line says."""
    parser = argparse.ArgumentParser(description="Make a data folder with millions of spans.")
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument("--spans", type=int, default=SPANS, metavar="N")
    parser.add_argument("--projects", type=int, default=1, metavar="N")
    parser.add_argument(
        "--content-gb", type=float, metavar="GB", help="of texts, by default 0.25 a million spans"
    )
    options = parser.parse_args()
    content_gb = options.content_gb or options.spans / 1e6 * CONTENT_GB_A_MILLION
    began = time.monotonic()
    asked = grow(
        options.folder,
        spans=options.spans,
        projects=options.projects,
        content_bytes=round(content_gb * 1e9),
        tell=_tell,
    )
    _tell(
        f"{asked.spans:,} spans and {asked.content_bytes / 1e9:.1f} GB of texts"
        f" after {time.monotonic() - began:.0f} s"
    )


def _tell(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
