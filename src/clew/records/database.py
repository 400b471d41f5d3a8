"""Opening the records database, migrating it, and running questions on it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc as sa_exc

from clew.errors import BadInput, StartupError, Unavailable
from clew.records import postgres, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Protocol

    class _DbapiConnection(Protocol):
        isolation_level: str | None

        def execute(self, statement: str) -> object: ...


P = ParamSpec("P")
T = TypeVar("T")

VERSION = 2
"""The newest migration of this program; a test holds it equal to Alembic's head."""

BUSY_TIMEOUT_MS = 5_000
"""How long a writer waits for another process that writes to the same SQLite file."""

MIGRATION_LOCK = 0x636C6577
"""The advisory lock of PostgreSQL under which one server at a time migrates: "clew" as a number."""

_WRITES = "clew_writes"


class Records:
    """The records database. Questions are functions whose first argument is a connection.

    `read` and `write` run one in a transaction of its own, from a thread; the `_now` twins run it
    right here, for programs without an event loop. All raise `Unavailable` when the database is
    locked, full or gone, `BadInput` for a value that it can't hold, and whatever the question
    raises, rolled back.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @property
    def place(self) -> str:
        """Where the database is, without its password."""
        return _place(self.engine.url)

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


def open_records(where: Path | str, *, migrate: bool = True) -> Records:
    """Open the database at a path (SQLite) or URL, bring it to this program's version.

    Without `migrate` an older database stays as it is, for programs that only copy it. Raises
    StartupError where it can't be opened, isn't ours or was written by a newer program.
    """
    url = sa.URL.create("sqlite", database=str(where)) if isinstance(where, Path) else parse(where)
    records = Records(_make_engine(url))
    try:
        _bring_up(records, url, migrate=migrate)
    except (sa_exc.SQLAlchemyError, Unavailable) as exc:
        records.close()
        raise StartupError(_cant_open(records.engine.url, exc)) from exc
    except BaseException:
        records.close()
        raise
    return records


def parse(said: str) -> sa.URL:
    """The URL of a records database; StartupError, which doesn't repeat it, where it isn't one."""
    try:
        url = sa.make_url(said)
    except (sa_exc.ArgumentError, ValueError):
        url = None
    # The driver would look for the password's last part among the hosts, and name it in an error.
    if url is None or url.drivername not in (*postgres.SCHEMES, "sqlite") or said.count("@") > 1:
        message = (
            "the URL of the records database isn't understood: write "
            "postgresql://user:password@host/database, with %40 for @, %2F for / and %3A for : "
            "in the password"
        )
        raise StartupError(message)
    return url


def version(connection: sa.Connection) -> int:
    """The newest migration that ran here; 0 in an empty database. StartupError where another
    program's migrations ran."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return 0
    found = connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or "0"
    if not str(found).isdecimal():
        message = (
            f"the records database {_place(connection.engine.url)} belongs to another program: "
            "make an empty one for Clew"
        )
        raise StartupError(message)
    return int(found)


def note(connection: sa.Connection, name: str, value: str) -> None:
    """Keep a note about the database itself."""
    named = tables.meta.c.name == name
    if connection.execute(sa.update(tables.meta).where(named).values(value=value)).rowcount:
        return
    connection.execute(sa.insert(tables.meta).values(name=name, value=value))


def read_note(connection: sa.Connection, name: str) -> str | None:
    """The note of that name."""
    return connection.scalar(sa.select(tables.meta.c.value).where(tables.meta.c.name == name))


def _make_engine(url: sa.URL) -> sa.Engine:
    if url.drivername in postgres.SCHEMES:
        return postgres.make_engine(url)
    engine = sa.create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _bring_up(records: Records, url: sa.URL, *, migrate: bool) -> None:
    found = records.read_now(version)
    _refuse_newer(found, url.drivername)
    if found == VERSION or not migrate:
        return
    if records.engine.dialect.name == "sqlite":
        records.write_now(_upgrade)
        return
    # A migration, or waiting for another server that does it, may take longer than any question.
    patient = Records(postgres.make_engine(url, timeout_s=None))
    with contextlib.closing(patient):
        patient.write_now(_upgrade)


def _refuse_newer(found: int, driver: str) -> None:
    if found > VERSION:
        what, flag = ("database was", "--records-url")
        if driver == "sqlite":
            what, flag = ("data folder was", "--data-dir")
        message = (
            f"this {what} written by a newer Clew "
            f"(records version {found}, this program knows {VERSION}): "
            f"run the newer version, or pass another {flag}"
        )
        raise StartupError(message)


def _upgrade(connection: sa.Connection) -> None:
    # Imported here because a start without migrations, the usual one, is faster without Alembic.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    if connection.dialect.name == "postgresql":
        # Until the end of the transaction. SQLite's transaction is a lock already.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
    _refuse_newer(version(connection), connection.dialect.name)
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
    except (sa_exc.OperationalError, sa_exc.TimeoutError) as exc:
        message = f"the records database doesn't answer ({_reason(exc)}): try again"
        raise Unavailable(message) from exc
    except sa_exc.DataError as exc:
        raise BadInput(f"the records can't hold that ({_reason(exc)})") from exc


def _reason(exc: Exception) -> str:
    if isinstance(exc, sa_exc.TimeoutError):
        return "all its connections are in use"
    if isinstance(exc, sa_exc.DBAPIError) and exc.orig is not None:
        return postgres.sentence(exc.orig)
    return str(exc)


def _cant_open(url: sa.URL, exc: Exception) -> str:
    why = _reason(exc.__cause__) if isinstance(exc.__cause__, sa_exc.DBAPIError) else _reason(exc)
    what = f"the records database {_place(url)} can't be opened ({why})"
    if url.drivername == "sqlite":
        return (
            f"{what}: "
            "check the file and the disk, restore it from a backup, or pass another --data-dir"
        )
    return f"{what}: check that it runs, and user, password and database in --records-url"


def _place(url: sa.URL) -> str:
    return str(url.set(drivername=url.get_backend_name(), query={}))
