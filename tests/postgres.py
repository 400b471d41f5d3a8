"""A PostgreSQL server for the tests: Debian's, in a folder of its own, or one that is there."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

URL = os.environ.get("CLEW_TEST_POSTGRES_URL", "")
"""A server to use instead, as a user that may make databases."""
USER = "clew"
PASSWORD = "s3cret:p@ss"
"""With characters that a URL has to escape."""

_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "50",
    "listen_addresses": "127.0.0.1",
    "timezone": "Asia/Tokyo",  # ours is UTC, whatever the server's is
}
_numbers = itertools.count(1)


class Postgres:
    """A running server; `url` is its database `postgres`."""

    def __init__(self, url: sa.URL) -> None:
        self.url = url

    def create(self) -> str:
        """A new database; the URL that a person would write."""
        name = f"clew_test_{os.getpid()}_{next(_numbers)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE template0 ENCODING UTF8')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        self._run(f'DROP DATABASE IF EXISTS "{sa.make_url(url).database}" WITH (FORCE)')

    def disconnect(self, url: str) -> None:
        """End every connection to a database, as a restart of the server does."""
        name = sa.make_url(url).database
        ours = f"pg_stat_activity WHERE datname = '{name}'"
        self._run(f"SELECT pg_terminate_backend(pid) FROM {ours}")  # noqa: S608

    def _run(self, statement: str) -> None:
        engine = sa.create_engine(
            self.url.set(drivername="postgresql+pg8000"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


class OwnPostgres(Postgres):
    """A server in a folder that is removed with it."""

    def __init__(self, binaries: Path, port: int) -> None:
        super().__init__(sa.URL.create("postgresql", USER, PASSWORD, "127.0.0.1", port, "postgres"))
        self._binaries = binaries
        self._port = port
        # Not below pytest's folders: these are closed to the user that the server runs as.
        self.folder = Path(tempfile.mkdtemp(prefix="clew-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._initialise()
        self.start()

    def start(self) -> None:
        """Run the server, and return once it answers."""
        flags = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        command = [self._binaries / "postgres", "-D", self.folder / "data", "-k", self.folder]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user(), *command, "-p", str(self._port), *flags], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self._run("SELECT 1")
            except DBAPIError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End the server, without waiting for those who are connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)
            self._process = None

    def close(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    def _initialise(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            for path in (self.folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
        command = [self._binaries / "initdb", "-D", self.folder / "data", "-U", USER]
        command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync", "--encoding=UTF8"]
        subprocess.run(
            [*self._as_user(), *command, "--locale=C"], check=True, capture_output=True, timeout=120
        )

    def _as_user(self) -> list[str]:
        # PostgreSQL doesn't run as root.
        if os.getuid() != 0:
            return []
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def find_binaries() -> Path | None:
    """Where Debian, or whoever, has PostgreSQL; None where it isn't installed."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "postgres").exists():
            return folder
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found else None


def why_not() -> str | None:
    """What stands in the way of a server here; None when nothing does."""
    if URL:
        return None
    if find_binaries() is None:
        return "PostgreSQL isn't installed: apt-get install postgresql"
    if os.getuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        return "PostgreSQL doesn't run as root, and there is no user postgres"
    return None
