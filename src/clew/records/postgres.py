"""PostgreSQL behind the records room: the URL people write, the driver, what its errors mean."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc as sa_exc

from clew.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMES = ("postgresql", "postgres")
ANSWER_TIMEOUT_S = 10
"""How long a connection waits for the server, when it is made and at every question."""
POOL_TIMEOUT_S = 5
"""How long a question waits for a connection while all are in use."""
POOL_SIZE = 5
MOST_CONNECTIONS = 10

_LOST = ("08", "57P")
_BUSY = ("53", "40", "55P03", "57014")
_SSL_MODES: dict[str, bool | None] = {
    "disable": False,
    "prefer": None,
    "require": True,
}


def make_engine(url: sa.URL, *, timeout_s: int | None = ANSWER_TIMEOUT_S) -> sa.Engine:
    """An engine on that database; nothing is connected yet. StartupError where the driver is
    missing, or the URL says what isn't understood."""
    where = url.set(drivername="postgresql+pg8000", query={})
    try:
        engine = sa.create_engine(
            where,
            connect_args={**_arguments(url), "timeout": timeout_s},
            pool_pre_ping=True,
            pool_size=POOL_SIZE,
            max_overflow=MOST_CONNECTIONS - POOL_SIZE,
            pool_timeout=POOL_TIMEOUT_S,
        )
    except ModuleNotFoundError as exc:
        message = 'records in PostgreSQL need its driver: pip install "clew[server,postgres]"'
        raise StartupError(message) from exc
    event.listen(engine, "handle_error", _translate)
    event.listen(engine, "do_connect", _connect)
    return engine


def _connect(dialect: object, record: object, given: object, arguments: dict[str, Any]) -> object:
    # Here, because only `make_engine` says what is missing where the driver is.
    from clew.records.pg_driver import Connection  # noqa: PLC0415

    del dialect, record, given
    return Connection(**arguments)


def _arguments(url: sa.URL) -> dict[str, Any]:
    """What the driver is told beside host, user and password: how to encrypt, which socket."""
    said = {name: value for name, value in url.query.items() if isinstance(value, str)}
    mode, root = said.pop("sslmode", "prefer"), said.pop("sslrootcert", None)
    arguments: dict[str, Any] = {"ssl_context": _encryption(mode, root)}
    socket_folder = said.pop("host", None)
    if socket_folder is not None:
        arguments["unix_sock"] = f"{socket_folder}/.s.PGSQL.{url.port or 5432}"
        arguments["ssl_context"] = False
    arguments["application_name"] = said.pop("application_name", "clew")
    if said:
        message = (
            f"the URL of the records database has {', '.join(sorted(said))}: what is understood "
            "behind the question mark are sslmode, sslrootcert, host and application_name"
        )
        raise StartupError(message)
    return arguments


def _encryption(mode: str, root: str | None) -> ssl.SSLContext | bool | None:
    if mode in _SSL_MODES:
        return _SSL_MODES[mode]
    if mode not in ("verify-ca", "verify-full"):
        message = (
            f"sslmode is {mode!r} in the URL of the records database: give one of disable, "
            "prefer, require, verify-ca, verify-full"
        )
        raise StartupError(message)
    try:
        context = ssl.create_default_context(cafile=root)
    except OSError as exc:
        message = f"the sslrootcert {root} of the records database can't be read: {exc}"
        raise StartupError(message) from exc
    context.check_hostname = mode == "verify-full"
    return context


def sqlstate(exc: BaseException | None) -> str:
    """The five characters by which PostgreSQL names an error; empty where there are none."""
    said = exc.args[0] if exc is not None and exc.args else None
    return str(said.get("C", "")) if isinstance(said, dict) else ""


def sentence(exc: BaseException) -> str:
    """What PostgreSQL, or the driver, says of it."""
    said = exc.args[0] if exc.args else None
    if isinstance(said, dict):
        return str(said.get("M", ""))
    if isinstance(exc.__cause__, OSError):
        return (exc.__cause__.strerror or str(exc.__cause__)).lower()
    return str(exc).rstrip(".")


def _translate(context: sa.engine.ExceptionContext) -> sa_exc.DBAPIError | None:
    """The error as SQLAlchemy names it for every other database.

    The driver calls all that the server refuses a programming error, but for a key that is there
    twice, and all that goes wrong on the way an interface error.
    """
    state = sqlstate(context.original_exception)
    if state.startswith(_LOST):
        context.is_disconnect = True
    kind = _kind(state, context.original_exception)
    if kind is None:
        return None
    return kind(
        context.statement,
        None,  # what was asked with may be a secret
        context.original_exception,
        connection_invalidated=context.is_disconnect,
    )


def _kind(state: str, exc: BaseException) -> Callable[..., sa_exc.DBAPIError] | None:
    if state.startswith((*_LOST, *_BUSY)):
        return sa_exc.OperationalError
    if state.startswith("23"):
        return sa_exc.IntegrityError
    if state.startswith("22"):
        return sa_exc.DataError
    # A refused password has a state, a network that failed has none.
    return None if state else _without_state(exc)


def _without_state(exc: BaseException) -> Callable[..., sa_exc.DBAPIError] | None:
    is_interface_error = type(exc).__name__ == "InterfaceError"
    return sa_exc.OperationalError if is_interface_error else None
