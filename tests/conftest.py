"""What tests share: one engine and one served Clew a worker, and projects of their own.

The embedded engine allows one folder a process, so the tests of a worker share a store and each
uses projects that no other test uses. CLEW_TEST_ENGINE=clickhouse or =cluster runs the tests of
ingest and of the questions on a ClickHouse server too, as those in tests/store always are.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import anyio
import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from clew.ingest import Ingest
from clew.store.embedded import EmbeddedEngine
from clew.store.engine import Engine
from clew.store.migrate import migrate
from clickhouse_server import find_server, open_engine
from postgres import URL, OwnPostgres, Postgres, find_binaries, why_not

settings.register_profile(
    "clew", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("clew")

# Where it is set, as in many images, each server and command of the tests would compile Clew and
# its libraries again: 1.7 s of processor time a start, more than the start itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

SHARED = Path(__file__).parents[2] / "shared"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real runs of real agents, where they lie beside the checkout."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("no folder of real runs beside the checkout")
    return folder


@pytest.fixture
def project() -> str:
    """A project that no other test uses."""
    return f"p{os.getpid()}-{next(_numbers)}"


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Engine]]:
    """The worker's engines by name, each opened and migrated when it is first asked for."""
    with ExitStack() as stack:

        @cache
        def engine(name: str) -> Engine:
            folder = tmp_path_factory.mktemp(name)
            opened: Engine
            if name == "embedded":
                opened = EmbeddedEngine(folder / "spans")
                stack.callback(anyio.run, opened.close)
            else:
                clustered = name == "cluster"
                server = find_server(folder, clustered=clustered)
                opened = stack.enter_context(
                    open_engine(stack.enter_context(server), clustered=clustered)
                )
            anyio.run(migrate, opened)
            return opened

        yield engine


@pytest.fixture(scope="session")
def engine(engines: Callable[[str], Engine]) -> Engine:
    """The worker's store, migrated."""
    return engines(os.environ.get("CLEW_TEST_ENGINE", "embedded"))


@pytest.fixture
async def ingest(engine: Engine) -> AsyncIterator[Ingest]:
    """A running ingest on the worker's store."""
    ingest = Ingest(engine, interval_s=0.01)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ingest.run)
        yield ingest
        await ingest.drain()
        tasks.cancel_scope.cancel()


CLEW = (sys.executable, "-m", "clew.cli")


class Served:
    """A Clew server in a process of its own."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        environ: dict[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.port, self.grpc_port = free_port(), free_port()
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.parent / f"{folder.name}.log"
        command = [*prefix, *CLEW, "serve", "--port", str(self.port)]
        command += ["--grpc-port", str(self.grpc_port), "--data-dir", str(folder), *flags]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **(environ or {})}
            )
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def wait(self, seconds: float = 60) -> Served:
        """Return once the server answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if self.http.get("/health").status_code == 200:
                    return self
            except httpx.TransportError:
                time.sleep(0.02)
        message = f"the server didn't start: {self.log.read_text()[-2000:]}"
        raise RuntimeError(message)

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit code."""
        self.http.close()
        self.process.send_signal(sig)
        return self.process.wait(timeout=30)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The worker's served Clew, in local mode."""
    server = Served(tmp_path_factory.mktemp("served") / "data").wait()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The worker's PostgreSQL server."""
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    if URL:
        yield Postgres(sa.make_url(URL))
        return
    binaries = find_binaries()
    assert binaries is not None
    server = OwnPostgres(binaries, free_port())
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty database of the test's own."""
    url = postgres.create()
    yield url
    postgres.drop(url)
