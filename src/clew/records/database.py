"""Opening the records database, migrating it, and running questions on it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc as sa_exc

from clew.errors import StartupError, Unavailable
from clew.records import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Protocol

    class _DbapiConnection(Protocol):
        isolation_level: str | None

        def execute(self, statement: str) -> object: ...


P = ParamSpec("P")
T = TypeVar("T")

VERSION = 1
"""The newest migration of this program; a test holds it equal to Alembic's head."""

BUSY_TIMEOUT_MS = 5_000
"""How long a writer waits for another process that writes to the same SQLite file."""

_WRITES = "clew_writes"


class Records:
    """The records database. Questions are functions whose first argument is a connection.

    `read` and `write` run one in a transaction of its own, from a thread; the `_now` twins run it
    right here, for programs without an event loop. All raise `Unavailable` when the database is
    locked, full or gone, and whatever the question raises, rolled back.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    async def read(
        self,
        question: Callable[Concatenate[sa.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Ask without writing."""
        return await asyncio.to_thread(self.read_now, question, *args, **kwargs)

    async def write(
        self,
        question: Callable[Concatenate[sa.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Ask and commit; the answer comes after the commit is durable."""
        return await asyncio.to_thread(self.write_now, question, *args, **kwargs)

    def read_now(
        self,
        question: Callable[Concatenate[sa.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """`read` on the calling thread."""
        with _unavailable_when_broken(), self.engine.connect() as connection:
            return question(connection, *args, **kwargs)

    def write_now(
        self,
        question: Callable[Concatenate[sa.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """`write` on the calling thread."""
        writer = self.engine.execution_options(**{_WRITES: True})
        with _unavailable_when_broken(), writer.begin() as connection:
            return question(connection, *args, **kwargs)

    def close(self) -> None:
        """Give back every connection; SQLite then folds its log into the file."""
        self.engine.dispose()


def open_records(where: Path | str) -> Records:
    """Open the database at a path (SQLite) or URL, bring it to this program's version.

    Raises StartupError where it can't be opened, isn't ours or was written by a newer program.
    """
    url = f"sqlite:///{where}" if isinstance(where, Path) else where
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    records = Records(engine)
    try:
        _migrate(records)
    except (sa_exc.SQLAlchemyError, Unavailable) as exc:
        records.close()
        message = (
            f"the records database {engine.url!r} can't be opened ({_reason(exc)}): "
            "check the file and the disk, restore it from a backup, or pass another --data-dir"
        )
        raise StartupError(message) from exc
    except StartupError:
        records.close()
        raise
    return records


def version(connection: sa.Connection) -> int:
    """The newest migration that ran here; 0 in an empty database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return 0
    return int(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or 0)


def note(connection: sa.Connection, name: str, value: str) -> None:
    """Keep a note about the database itself."""
    connection.execute(sa.delete(tables.meta).where(tables.meta.c.name == name))
    connection.execute(sa.insert(tables.meta).values(name=name, value=value))


def read_note(connection: sa.Connection, name: str) -> str | None:
    """The note of that name."""
    return connection.scalar(sa.select(tables.meta.c.value).where(tables.meta.c.name == name))


def _migrate(records: Records) -> None:
    found = records.read_now(version)
    if found > VERSION:
        message = (
            "this data folder was written by a newer Clew "
            f"(records version {found}, this program knows {VERSION}): "
            "run the newer version, or pass another --data-dir"
        )
        raise StartupError(message)
    if found < VERSION:
        records.write_now(_upgrade)


def _upgrade(connection: sa.Connection) -> None:
    # Imported here because a start without migrations, the usual one, is faster without Alembic.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _prepare_sqlite(dbapi_connection: _DbapiConnection, record: object) -> None:
    del record
    # Python's driver would begin transactions by itself, and not before reading; `_begin_sqlite`
    # does instead.
    dbapi_connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        dbapi_connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes the lock before it reads: two that read first and write later would deadlock,
    # and SQLite refuses one of them at once, without waiting for the busy timeout.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextlib.contextmanager
def _unavailable_when_broken() -> Generator[None]:
    try:
        yield
    except sa_exc.OperationalError as exc:
        message = f"the records database doesn't answer ({_reason(exc)}): try again"
        raise Unavailable(message) from exc


def _reason(exc: Exception) -> str:
    return str(exc.orig) if isinstance(exc, sa_exc.DBAPIError) else str(exc)
