"""`clew serve` with its spans in a ClickHouse server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import clickhouse_front
import make
from clew.span import Span
from clew.wire.otlp import encode_traces
from clickhouse_server import Server, front
from conftest import Served, free_port

PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture(scope="module")
def front_port() -> int:
    """Where the front listens."""
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, front_port: int) -> Iterator[Server]:
    """A ClickHouse server."""
    with front(tmp_path_factory.mktemp("front"), front_port) as server:
        yield server


@pytest.fixture(scope="module", params=["one server", "cluster"])
def clew(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A served Clew, which takes the address from its environment."""
    clustered = request.param == "cluster"
    url = server.at("clew_many" if clustered else "clew_one")
    flags = ["--clickhouse-cluster", server.cluster] if clustered else []
    folder = tmp_path_factory.mktemp("served") / "data"
    served = Served(folder, *flags, environ={"CLEW_CLICKHOUSE_URL": url})
    yield served.wait()
    assert served.stop() == 0
    assert clickhouse_front.PASSWORD not in served.log.read_text()
    assert not (folder / "spans").exists()


def send(served: Served, project: str, *spans: Span) -> None:
    """Export spans to a project."""
    headers = {**PROTOBUF, "x-clew-project": project}
    answer = served.http.post("/v1/traces", content=encode_traces(spans), headers=headers)
    assert answer.status_code == 200, answer.text


def run(word: str) -> list[Span]:
    """A run of two spans that says a word."""
    root = make.agent()
    message = f'[{{"role":"user","content":"tell me about {word}"}}]'
    return [root, make.llm(parent=root, gen_ai__input__messages=message)]


def failing_health(served: Served) -> httpx.Response:
    """What health says once it has noticed that something is wrong."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        answer = served.http.get("/health")
        if answer.status_code == 503:
            return answer
        time.sleep(0.1)
    raise AssertionError("the server takes itself for healthy")


def sql(served: Served, project: str, query: str) -> Any:
    """The answer to a user's query."""
    return served.http.post(f"/api/projects/{project}/sql", json={"query": query})


def test_a_run_is_stored_listed_opened_found_and_deleted(clew: Served) -> None:
    """All that a folder of spans does, a server does."""
    spans = run("heliotropes")
    trace_id = spans[0].trace_id
    send(clew, "garden", *spans)
    at = "/api/projects/garden"
    listed = clew.http.get(f"{at}/traces").json()["traces"]
    assert [(each["trace_id"], each["span_count"]) for each in listed] == [(trace_id, 2)]
    opened = clew.http.get(f"{at}/traces/{trace_id}").json()
    assert sorted(opened["spans"]["span_id"]) == sorted(span.span_id for span in spans)
    [hit] = clew.http.get(f"{at}/search", params={"q": "heliotropes"}).json()["hits"]
    assert hit["trace_id"] == trace_id
    found = clew.http.get(f"{at}/traces", params={"filter": "heliotropes kind:llm"}).json()[
        "traces"
    ]
    assert [each["trace_id"] for each in found] == [trace_id]
    assert clew.http.delete(f"{at}/traces/{trace_id}").is_success
    assert clew.http.get(f"{at}/traces/{trace_id}").status_code == 404
    assert clew.http.get(f"{at}/search", params={"q": "heliotropes"}).json()["hits"] == []
    # Sent again after that, it is there again, with what it says.
    send(clew, "garden", *spans)
    assert clew.http.get(f"{at}/traces/{trace_id}").status_code == 200
    assert len(clew.http.get(f"{at}/search", params={"q": "heliotropes"}).json()["hits"]) == 1


def test_sql_reads_one_project_and_nothing_else(clew: Served) -> None:
    """Its limits are those of a folder of spans."""
    send(clew, "mine", *run("pearls"))
    send(clew, "theirs", *run("onyx"))
    answer = sql(clew, "mine", "SELECT count() AS n, uniq(trace_id) AS runs FROM spans")
    assert answer.json()["rows"] == [[2, 1]]
    nested = "SELECT text FROM contents WHERE trace_id IN (SELECT trace_id FROM spans)"
    assert "pearls" in sql(clew, "mine", nested).text
    for query in ("SELECT * FROM spans", "SELECT text FROM contents", "SELECT * FROM traces"):
        assert "onyx" not in sql(clew, "mine", query).text
    for query in (
        "INSERT INTO spans (project) VALUES ('mine')",
        "DROP TABLE spans",
        "SELECT * FROM spans_local",
        "SELECT * FROM system.tables",
        "SELECT * FROM remote('127.0.0.1', system.one)",
        "SELECT * FROM spans SETTINGS readonly = 0",
    ):
        assert sql(clew, "mine", query).status_code == 422, query
    slow = sql(clew, "mine", "SELECT throwIf(number = 5) FROM numbers(10)")
    assert slow.status_code == 422
    assert sql(clew, "mine", "SELECT 1").json()["rows"] == [[1]]


def test_disk_use_is_that_of_the_server(clew: Served) -> None:
    """Of all its replicas in a cluster, beside the little that the data folder holds."""
    send(clew, "cellar", *run("agate"))
    disk = clew.http.get("/api/disk").json()
    kinds = {kind["kind"]: kind for kind in disk["kinds"]}
    assert kinds["spans"]["rows"] >= 2
    assert kinds["contents"]["size_bytes"] > 0
    assert kinds["text index"]["size_bytes"] > 0
    assert "cellar" in {each["project"] for each in disk["projects"]}
    assert disk["free_bytes"] > 0
    assert clickhouse_front.PASSWORD not in str(disk)


def test_health_tells_of_the_store_without_its_password(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """While the server is away nothing is acknowledged, and afterwards all goes on."""
    port = free_port()
    with front(tmp_path / "front", port) as server:
        served = Served(tmp_path / "data", "--clickhouse-url", server.at("clew")).wait()
        request.addfinalizer(served.process.kill)  # does nothing once it has stopped
    body = encode_traces(run("amber"))
    refused = served.http.post("/v1/traces", content=body, headers=PROTOBUF)
    assert refused.status_code == 503
    assert "retry-after" in refused.headers
    health = failing_health(served)
    assert f"127.0.0.1:{port}/clew can't be reached" in health.json()["problem"]
    assert server.url.rpartition("@")[0].rpartition(":")[2] not in health.text
    with front(tmp_path / "front", port):
        assert served.http.post("/v1/traces", content=body, headers=PROTOBUF).status_code == 200
        found = served.http.get("/api/projects/default/search", params={"q": "amber"}).json()
        assert served.stop() == 0
    assert len(found["hits"]) == 1
    log = served.log.read_text()
    assert clickhouse_front.PASSWORD not in log
    assert server.url.rpartition("@")[0].rpartition(":")[2] not in log


def test_a_server_that_is_not_there_ends_the_start(tmp_path: Path) -> None:
    """With a sentence, not a trace of calls."""
    url = f"http://me:hush@127.0.0.1:{free_port()}/clew"
    served = Served(tmp_path / "data", "--clickhouse-url", url)
    assert served.process.wait(timeout=60) == 1
    served.http.close()
    log = served.log.read_text()
    assert "can't be reached (connection refused): start it, or correct --clickhouse-url" in log
    assert "hush" not in log
    assert "Traceback" not in log
