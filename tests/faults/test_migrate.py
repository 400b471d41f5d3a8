"""`clew migrate`, killed in the middle."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import msgspec
import pytest

from clew.records import copy as records_copy
from clew.records import open_records
from clew.store.address import parse_address
from clew.store.clickhouse import ClickHouseEngine
from clew.wire.otlp import encode_traces
from clickhouse_server import Server, front
from conftest import CLEW, Served
from make import agent, llm

pytestmark = pytest.mark.faults

RUNS = 6
ANSWERED = 5
"""Inserts before the one at which the move is killed: two pieces with their notes, and the first
note, which says that it begins."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with runs, scores, a project, a key and a price, of a server that stopped."""
    path = tmp_path / "data"
    server = Served(path).wait()
    http = server.http
    http.post("/api/projects", json={"name": "travel"}).raise_for_status()
    key = {"name": "agent", "scopes": ["ingest"]}
    http.post("/api/projects/travel/keys", json=key).raise_for_status()
    price = {"model": "house-model", "usd_per_million": {"input": 1.0, "output": 2.0}}
    http.put("/api/prices", json=price).raise_for_status()
    for number in range(RUNS):
        _send_run(http, number)
    assert server.stop() == 0
    return path


def _send_run(http: httpx.Client, number: int) -> None:
    root = agent()
    said = f'[{{"role":"user","content":"a room for {number}"}}]'
    http.post(
        "/v1/traces",
        content=encode_traces([root, llm(parent=root, gen_ai__input__messages=said)]),
        headers={"content-type": "application/x-protobuf", "x-clew-project": "travel"},
    ).raise_for_status()
    score = {"trace_id": root.trace_id, "name": "helpful", "value": 0.5}
    scores = {"scores": [score]}
    http.post("/api/projects/travel/scores", json=scores).raise_for_status()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A ClickHouse server, in the folder `front`."""
    with front(tmp_path / "front") as server:
        yield server


def stored(folder: Path) -> dict[str, str]:
    """The files with what was stored, and their digests."""
    files = [*folder.glob("spans/store/**/*"), folder / "records.db"]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


def count(engine: ClickHouseEngine, table: str, where: str = "1") -> int:
    """How many rows there are."""
    asked = f"SELECT count() AS n FROM {table} WHERE {where}"  # noqa: S608 - of this test
    answer: bytes = anyio.run(engine.query, asked)
    return int(msgspec.json.decode(answer)["n"])


def test_a_move_that_was_killed_is_finished_by_the_same_command(
    folder: Path, server: Server, postgres_url: str, tmp_path: Path
) -> None:
    """Each row is there once, the folder as it was, and a server goes on where it was moved to;
    before that none starts on half of it."""
    before = stored(folder)
    url = server.at("moved")
    environ = {**os.environ, "CLEW_MIGRATE_TO": f"{url} {postgres_url}"}
    command = [*CLEW, "migrate", "--data-dir", str(folder)]
    losing = tmp_path / "front" / "lose"
    losing.write_text(f"1000 {ANSWERED}")
    killed = subprocess.Popen(command, env=environ)
    while not losing.read_text().isdecimal():
        assert killed.poll() is None
        time.sleep(0.005)
    killed.kill()
    assert killed.wait() < 0
    losing.write_text("0")
    engine = ClickHouseEngine(parse_address(url))
    try:
        assert count(engine, "moved_pieces", "place != ''") == ANSWERED // 2
        moved_to = {"CLEW_CLICKHOUSE_URL": url, "CLEW_RECORDS_URL": postgres_url}
        early = Served(tmp_path / "early", environ=moved_to)
        assert early.process.wait(timeout=60) == 1
        early.http.close()
        assert "isn't finished: go on with `clew migrate`" in early.log.read_text()
        done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "12 spans, " in done.stdout
        assert "6 scores, 2 projects, 1 key, 1 price: all there" in done.stdout
        for secret in (url, postgres_url):
            assert secret not in done.stdout + done.stderr
        assert count(engine, "spans") == 2 * RUNS
        assert count(engine, "scores") == RUNS
    finally:
        anyio.run(engine.close)
    assert stored(folder) == before
    records, old = open_records(postgres_url), open_records(folder / "records.db")
    assert records.read_now(records_copy.dump) == old.read_now(records_copy.dump)
    records.close()
    old.close()
    served = Served(tmp_path / "new", environ=moved_to).wait()
    found = served.http.get("/api/projects/travel/search", params={"q": "room"}).json()
    assert len(found["hits"]) == RUNS
    _send_run(served.http, 7)
    assert served.stop() == 0
