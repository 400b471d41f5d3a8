"""The ClickHouse server that tests run on: a real one where CLEW_TEST_CLICKHOUSE_URL names it, and
the front of `clickhouse_front.py` elsewhere.

On a real server every run makes databases of its own and drops them again.
CLEW_TEST_CLICKHOUSE_CLUSTER names the cluster that the server belongs to; without it what is said
about clusters is tested on the front.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

import anyio

import clickhouse_front
from clew.store.address import parse_address
from clew.store.clickhouse import ClickHouseEngine


class Server(NamedTuple):
    """A server to test on, and the cluster that it belongs to."""

    url: str
    cluster: str

    def at(self, database: str) -> str:
        """The URL of a database on it."""
        return urlunsplit(urlsplit(self.url)._replace(path=database))


@contextmanager
def find_server(folder: Path, *, clustered: bool = False) -> Generator[Server]:
    """The real server, or a front on `folder`."""
    url = os.environ.get("CLEW_TEST_CLICKHOUSE_URL", "")
    cluster = os.environ.get("CLEW_TEST_CLICKHOUSE_CLUSTER", "")
    if url and (cluster or not clustered):
        yield Server(url, cluster)
        return
    with front(folder) as server:
        yield server


@contextmanager
def front(folder: Path, port: int = 0, **environ: str) -> Generator[Server]:
    """A front on `folder`, stopped in the end."""
    command = [sys.executable, clickhouse_front.__file__, str(folder), str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environ}
    )
    assert process.stdout
    try:
        port = int(process.stdout.readline())
        user, password = clickhouse_front.USER, quote(clickhouse_front.PASSWORD, safe="")
        yield Server(f"http://{user}:{password}@127.0.0.1:{port}", clickhouse_front.CLUSTER)
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


@contextmanager
def open_engine(server: Server, *, clustered: bool = False) -> Generator[ClickHouseEngine]:
    """An engine on a new database, which is dropped in the end."""
    name = f"clew_test_{secrets.token_hex(4)}"
    cluster = server.cluster if clustered else ""
    engine = ClickHouseEngine(parse_address(server.at(name)), cluster)

    async def drop() -> None:
        await engine.query(f"DROP DATABASE {name} {engine.layout.on_cluster} SYNC", fmt="Null")
        await engine.close()

    try:
        yield engine
    finally:
        anyio.run(drop)
