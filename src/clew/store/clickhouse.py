"""A ClickHouse server, or a cluster behind it, over HTTP.

The client is the vendor's (`clickhouse-connect`), shared by the threads of two pools. It answers
with the bytes that the server wrote.
"""

from __future__ import annotations

import asyncio
import importlib
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar, cast

from clew.errors import StartupError, StoreError
from clew.store.address import Address
from clew.store.engine import NETWORK_ERROR, SESSION, Batch, Param, Settings, encode_param
from clew.store.layout import Layout

READERS = 16
WRITERS = 4

CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 60
"""The server tells of its progress more often than this while it works on a question…"""
REWRITE_TIMEOUT_S = 600
"""…but not while parts are rewritten."""
RETRY_AFTER_S = 0.1
"""Before the second try, and twice as long before each further one…"""
RETRY_FOR_S = 3.0
"""…unless the first began longer than this ago: who asked is better told than kept waiting."""

OLDEST: Final = (26, 2)
"""The first version that has text indexes without a setting for experiments."""

FIELD_CHARS = 32_000
"""The server takes fields of a form up to 128 KiB (`http_max_field_value_size`), and a character
has up to four bytes."""

_DURABLE: Final[Settings] = {
    # An insert that is only taken into a buffer of the server isn't durable.
    "async_insert": 0,
    # Only an insert with a token is compared with earlier ones: rows that were deleted may come
    # again.
    "insert_deduplicate": 0,
}
_ON_CLUSTER: Final[Settings] = {
    # A Distributed table answers when the shards have the rows, and they when most replicas do.
    "distributed_foreground_insert": 1,
    "insert_quorum": "auto",
    "insert_quorum_timeout": 30_000,
    # Written and read at the same replica of a shard while it is there, so that a question sees
    # every insert before it, whichever server was asked.
    "load_balancing": "in_order",
    "prefer_localhost_replica": 0,
    # What a question asks within another is asked of all shards, once.
    "distributed_product_mode": "global",
    "parallel_distributed_insert_select": 0,
    "distributed_ddl_task_timeout": REWRITE_TIMEOUT_S,
}
_UNKNOWN_USER: Final = {192, 193, 194, 516}
_NOT_ALLOWED: Final = 497
_PASSING: Final = {
    NETWORK_ERROR,
    209,  # socket timeout
    242,  # a table is read-only while its replica looks for its keeper
    279,  # no server of a shard can be reached
    285,  # too few replicas are there
    319,  # an insert was interrupted and may have been stored
    999,  # the keeper is electing
}
"""What a second try may find gone. A repeated insert has the same token, so it is stored once."""
_REWRITES: Final = re.compile(r"\s*(ALTER|CREATE)\b")

Answer = TypeVar("Answer")


class ClickHouseEngine:
    """`Engine` on the database at `address`, which is created when it is missing.

    Raises StartupError where the server can't be reached or lets nobody in.
    """

    def __init__(self, address: Address, cluster: str = "") -> None:
        self._address = address
        self._layout = Layout(cluster, repeatable=True)
        self._library = _load_library()
        try:
            self._client, self._patient = self._connect()
        except StoreError as exc:
            raise StartupError(self._advice(exc)) from exc
        self._read_pool = ThreadPoolExecutor(READERS, thread_name_prefix="clew-read")
        self._write_pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="clew-write")
        self._closed = False

    @property
    def layout(self) -> Layout:
        """See `Engine.layout`."""
        return self._layout

    async def query(
        self,
        sql: str,
        params: Mapping[str, Param] | None = None,
        *,
        fmt: str = "JSONEachRow",
        settings: Settings | None = None,
    ) -> bytes:
        """See `Engine.query`."""
        return await self._run(
            self._read_pool, lambda: self._query(sql, params or {}, fmt, settings or {})
        )

    async def insert(self, *batches: Batch) -> None:
        """See `Engine.insert`."""
        for batch in batches:
            # Of this call, not of its rows: what was deleted may be sent again, the same rows.
            await self.insert_once(batch, uuid.uuid4().hex)

    async def insert_once(self, batch: Batch, token: str) -> None:
        """Append a batch; one that comes again with the same token, also from another process, is
        stored once."""
        await self._run(self._write_pool, partial(self._insert, batch, token))

    def unhurried(self) -> ClickHouseEngine:
        """See `Engine.unhurried`: the server's inserts don't wait for anything."""
        return self

    async def close(self) -> None:
        """See `Engine.close`."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._read_pool.shutdown(wait=True)
        self._write_pool.shutdown(wait=True)
        self._client.close()
        self._patient.close()

    async def _run(self, pool: ThreadPoolExecutor, call: Callable[[], Answer]) -> Answer:
        if self._closed:
            raise StoreError("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(pool, self._persist, call)

    def _persist(self, call: Callable[[], Answer]) -> Answer:
        """Call, and again if what hinders may pass: everything Clew asks may be asked twice."""
        started, pause_s = time.monotonic(), RETRY_AFTER_S
        while True:
            try:
                return self._told(call)
            except StoreError as exc:
                if exc.code not in _PASSING or time.monotonic() - started + pause_s > RETRY_FOR_S:
                    raise
            time.sleep(pause_s)
            pause_s *= 2

    def _told(self, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except self._library.Error as exc:
            if exc.code is None:
                raise StoreError(
                    f"the ClickHouse server at {self._address} can't be reached ({_why(exc)})",
                    NETWORK_ERROR,
                ) from exc
            raise StoreError(_sentence(str(exc)), exc.code) from exc

    def _query(self, sql: str, params: Mapping[str, Param], fmt: str, settings: Settings) -> bytes:
        client = self._patient if _REWRITES.match(sql) else self._client
        text, values = spread(sql, params)
        wanted = None if fmt == "Null" else fmt
        body = client.raw_query(text, values or None, dict(settings), wanted)
        return b"" if wanted is None else cast("bytes", body)

    def _insert(self, batch: Batch, token: str) -> None:
        settings = {"insert_deduplicate": 1, "insert_deduplication_token": token}
        self._client.raw_insert(batch.table, batch.columns, batch.rows, settings, "MsgPack")

    def _connect(self) -> tuple[Any, Any]:
        """The client, and one that waits longer, both in the database."""
        pool = self._library.pool(self._address)
        client = self._told(lambda: self._open(pool, ANSWER_TIMEOUT_S))
        self._check_version(client.server_version)
        if self._layout.cluster and not self._knows(client, "clusters", self._layout.cluster):
            raise StartupError(
                f"the ClickHouse server at {self._address} knows no cluster"
                f" {self._layout.cluster!r}: correct --clickhouse-cluster"
            )
        name = self._address.database
        if not self._knows(client, "databases", name):
            made = f"CREATE DATABASE IF NOT EXISTS {name} {self._layout.on_cluster}"
            self._told(lambda: client.raw_query(made))
        patient = self._told(lambda: self._open(pool, REWRITE_TIMEOUT_S))
        client.database = patient.database = name
        return client, patient

    def _knows(self, client: Any, table: str, name: str) -> bool:
        column = "cluster" if table == "clusters" else "name"
        asked = f"SELECT count() > 0 FROM system.{table} WHERE {column} = {{name:String}}"  # noqa: S608 - names of ours
        return self._told(lambda: client.raw_query(asked, {"name": name}, fmt="TSV")) == b"1\n"

    def _open(self, pool: object, timeout_s: int) -> Any:
        address = self._address
        return self._library.client(
            interface="https" if address.secure else "http",
            host=address.host,
            port=address.port,
            username=address.user,
            password=address.password,
            pool_mgr=pool,
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=timeout_s,
            autogenerate_session_id=False,
            show_clickhouse_errors="scrub",
            client_name="clew",
            settings={
                **SESSION,
                **_DURABLE,
                **(_ON_CLUSTER if self._layout.cluster else {}),
                **dict(address.settings),
            },
        )

    def _check_version(self, version: str) -> None:
        if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST:
            raise StartupError(
                f"the ClickHouse server at {self._address} is version {version}: Clew needs"
                f" {'.'.join(map(str, OLDEST))} or newer"
            )

    def _advice(self, exc: StoreError) -> str:
        place, user = f"the ClickHouse server at {self._address}", self._address.user
        if exc.code == NETWORK_ERROR:
            return f"{exc.message}: start it, or correct --clickhouse-url"
        if exc.code in _UNKNOWN_USER:
            return (
                f"{place} doesn't let in the user {user!r}: correct user and password in"
                " --clickhouse-url"
            )
        if exc.code == _NOT_ALLOWED:
            return (
                f"{place} doesn't allow the user {user!r} what Clew needs: {exc.message};"
                " grant it, or create the database and grant all on it"
            )
        return f"{place} can't be used: {exc.message}"


def spread(sql: str, params: Mapping[str, Param]) -> tuple[str, dict[str, object]]:
    """The statement and its values, a list that is too long for a field as several that are joined
    by the server."""
    values: dict[str, object] = {}
    for name, value in params.items():
        if value is None or isinstance(value, str | bool | int | float):
            values[name] = value
            continue
        pieces = _pieces(value)
        names = [name, *(f"{name}_{number}" for number in range(1, len(pieces)))]
        values |= dict(zip(names, pieces, strict=True))
        if len(pieces) > 1:
            sql = _joined(sql, name, names)
    return sql, values


def _pieces(elements: Sequence[str] | Sequence[int]) -> list[list[str | int]]:
    pieces: list[list[str | int]] = [[]]
    room = FIELD_CHARS
    for element in elements:
        size = len(encode_param([element])) if isinstance(element, str) else len(repr(element)) + 2
        if size > room and pieces[-1]:
            pieces.append([])
            room = FIELD_CHARS
        pieces[-1].append(element)
        room -= size
    return pieces


def _joined(sql: str, name: str, names: Sequence[str]) -> str:
    def join(found: re.Match[str]) -> str:
        return f"arrayConcat({', '.join(f'{{{each}:{found[1]}}}' for each in names)})"

    return re.sub(rf"\{{{name}:([^{{}}]+)\}}", join, sql)


class _Library:
    """What is used of clickhouse-connect, which is untyped where it matters."""

    def __init__(self) -> None:
        common = importlib.import_module("clickhouse_connect.common")
        # Else what the server says is cut after 240 characters.
        common.set_setting("max_error_size", 0)
        self.client: Any = importlib.import_module("clickhouse_connect").get_client
        self.Error: Any = importlib.import_module("clickhouse_connect.driver.exceptions").Error
        self._httputil: Any = importlib.import_module("clickhouse_connect.driver.httputil")

    def pool(self, address: Address) -> Any:
        """Connections enough for all threads, told by keepalive when the server is gone."""
        return self._httputil.get_pool_manager(
            verify=address.verify, ca_cert=address.ca_cert or None, maxsize=READERS + WRITERS
        )


def _load_library() -> _Library:
    try:
        return _Library()
    except ModuleNotFoundError as exc:
        raise StartupError(
            'a ClickHouse server needs clickhouse-connect: pip install "clew[server]"'
        ) from exc


def _sentence(text: str) -> str:
    """What the server said, without the client's words in front and the server's name behind."""
    text = text.split("Stack trace:", maxsplit=1)[0]
    text = re.sub(r"^.*?DB::Exception: ", "", text, count=1, flags=re.DOTALL)
    return text.strip()


def _why(exc: BaseException) -> str:
    """The system's word for what went wrong with a connection. The client's own holds the URL of
    the request, and with it the parameters."""
    seen: set[int] = set()
    waiting: list[object] = [exc]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, TimeoutError) or type(current).__name__.endswith("TimeoutError"):
            return "no answer in time"
        if isinstance(current, OSError) and current.strerror:
            return current.strerror.lower()
        waiting += [getattr(current, "reason", None), current.__context__, current.__cause__]
    return "no answer"
