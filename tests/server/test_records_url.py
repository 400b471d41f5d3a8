"""`clew serve --records-url`: projects, keys and prices in PostgreSQL, also of two servers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from clew.wire.otlp import encode_traces
from conftest import Served, free_port
from make import llm
from postgres import PASSWORD

PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture
def two_served(tmp_path: Path, postgres_url: str) -> Iterator[tuple[Served, Served]]:
    """Two servers that start at once on the same empty database."""
    environ = {"CLEW_RECORDS_URL": postgres_url, "CLEW_LOG_LEVEL": "debug"}
    servers = [Served(tmp_path / name, environ=environ) for name in ("one", "other")]
    yield servers[0].wait(), servers[1].wait()
    for server in servers:
        server.stop()


def eventually(question: Callable[[], bool]) -> bool:
    """Does it become true, within what a server takes to hear of it?"""
    deadline = time.monotonic() + 30
    while not question() and time.monotonic() < deadline:
        time.sleep(0.1)
    return question()


def test_two_servers_share_what_they_are_told(two_served: tuple[Served, Served]) -> None:
    """Projects at once, prices within seconds; neither knows what the other stored."""
    one, other = two_served
    one.http.post("/api/projects", json={"name": "travel"}).raise_for_status()
    names = [each["name"] for each in other.http.get("/api/projects").json()["projects"]]
    assert names == ["default", "travel"]
    price = {
        "model": "house-model",
        "valid_from": "2020-01-01T00:00:00Z",
        "usd_per_million": {"input": 1e6, "output": 0.0},
    }
    one.http.put("/api/prices", json=price).raise_for_status()

    def priced() -> bool:
        body = encode_traces([llm(gen_ai__request__model="house-model")])
        other.http.post("/v1/traces", content=body, headers=PROTOBUF).raise_for_status()
        traces = other.http.get("/api/projects/default/traces").json()["traces"]
        return traces[0]["cost_usd"] == 100.0

    assert eventually(priced)


def test_the_place_is_said_and_the_password_never(two_served: tuple[Served, Served]) -> None:
    """Neither in the greeting nor in the log, nor by the API."""
    one, other = two_served
    assert "records in postgresql://clew:***@127.0.0.1:" in one.log.read_text()
    for server in (one, other):
        said = server.log.read_text() + server.http.get("/api/info").text
        for secret in (PASSWORD, "s3cret"):
            assert secret not in said


def test_a_server_without_its_records_says_so(tmp_path: Path, postgres_url: str) -> None:
    """One sentence, without the password, and nothing is left in the way of the next start."""
    wrong = sa.make_url(postgres_url).set(password="letmein").render_as_string(hide_password=False)
    command = [sys.executable, "-m", "clew.cli", "serve", "--port", str(free_port())]
    command += ["--grpc-port", str(free_port()), "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "CLEW_RECORDS_URL": wrong},
    )
    assert done.returncode == 1
    assert re.fullmatch(
        r"clew: the records database postgresql://clew:\*\*\*@\S+ can't be opened "
        r"\(password authentication failed for user \"clew\"\): check that it runs, and user, "
        r"password and database in --records-url\n",
        done.stderr,
    )
