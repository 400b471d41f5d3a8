"""The ClickHouse engine in this process, on one data folder.

A connection runs one statement at a time, so there are a few for reading and a few for writing,
each used by one thread at a time. The engine allows one folder a process.

Rows go straight to their tables while somebody reads, and when little comes. Otherwise they go to
the journal first (see `backlog`), and a question waits until what is there is stored.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import importlib
import importlib.machinery
import logging
import math
import os
import queue
import re
import sys
import tempfile
import threading
import time
import types
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from clew.errors import StartupError, StoreError
from clew.store.backlog import Backlog
from clew.store.engine import DISK_FULL, NO_SPACE, SESSION, Batch, Param, Settings, encode_param
from clew.store.layout import Layout

READERS = 4
WRITERS = 3
READING_S = 3.0
"""Who asked so long ago will ask again, and shouldn't have to wait for the journal."""
IDLE_S = 1.0
"""Rows that come after a pause like this are stored at once."""

_STILL = Path(__file__).with_name("still.xml")
_REWRITES = re.compile(r"\s*(ALTER|CREATE)\b")

log = logging.getLogger("clew")


class EmbeddedEngine:
    """`Engine` on the folder `path`, which is created when it is missing. `still` keeps its parts
    as they are, for programs that copy them."""

    def __init__(self, path: Path, *, still: bool = False) -> None:
        _refuse_unlinked(path)
        self._path = path
        self._place = f"{path}?config-file={_STILL}" if still else str(path)
        self._still = still
        self._native = _load_native()
        self._readers: queue.LifoQueue[Any] = queue.LifoQueue()
        self._writers: queue.LifoQueue[Any] = queue.LifoQueue()
        self._opened: list[Any] = []
        self._opening = threading.Lock()
        first = self._connect()
        first.query("CREATE DATABASE IF NOT EXISTS clew", "Null")
        self._readers.put(self._prepare(first))
        for _ in range(READERS - 1):
            self._readers.put(None)
        for _ in range(WRITERS):
            self._writers.put(None)
        self._read_pool = ThreadPoolExecutor(READERS, thread_name_prefix="clew-read")
        self._write_pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="clew-write")
        self._closed = False
        self._asked = self._inserted = -math.inf
        self._backlog = Backlog(path / "journal", self._insert)
        try:
            self._backlog.recover()
        except StoreError as exc:
            self._shut()
            raise StartupError(
                f"rows that wait in {path / 'journal'} can't be stored: {exc.message}"
            ) from exc

    @property
    def layout(self) -> Layout:
        """See `Engine.layout`."""
        return Layout()

    async def query(
        self,
        sql: str,
        params: Mapping[str, Param] | None = None,
        *,
        fmt: str = "JSONEachRow",
        settings: Settings | None = None,
    ) -> bytes:
        """See `Engine.query`."""
        self._asked = time.monotonic()
        return await self.ask(sql, params, fmt=fmt, settings=settings)

    async def ask(
        self, sql: str, params: Mapping[str, Param] | None, *, fmt: str, settings: Settings | None
    ) -> bytes:
        """`query`, for somebody who doesn't wait for the answer."""
        text = sql if not settings else _with_settings(sql, settings)
        encoded = {name: encode_param(value) for name, value in (params or {}).items()}
        return await self._run(self._read_pool, self._query, text, encoded, fmt)

    async def insert(self, *batches: Batch) -> None:
        """See `Engine.insert`."""
        now = time.monotonic()
        at_once = now - self._asked < READING_S or now - self._inserted > IDLE_S
        self._inserted = now
        # Rows that replace each other would be joined in the journal, and fewer in the copy.
        if not at_once and not self._still:
            await self._run(self._write_pool, self._backlog.append, batches)
            return
        for batch in batches:
            await self._run(self._write_pool, self._insert, batch)

    def unhurried(self) -> _Unhurried:
        """See `Engine.unhurried`."""
        return _Unhurried(self)

    async def close(self) -> None:
        """See `Engine.close`."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._read_pool.shutdown(wait=True)
        self._write_pool.shutdown(wait=True)
        self._backlog.close()
        for connection in self._opened:
            connection.close()
        self._opened.clear()

    async def _run(self, pool: ThreadPoolExecutor, function: Any, *args: object) -> Any:
        if self._closed:
            raise StoreError("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(pool, function, *args)

    def _query(self, sql: str, params: dict[str, str], fmt: str) -> bytes:
        try:
            self._backlog.clear()
        except StoreError as exc:
            if _REWRITES.match(sql):
                # A copy would be without these rows, and what is deleted would come back in them.
                raise
            # What is stored can be read though the disk is full.
            log.warning("rows that wait in the journal can't be stored now: %s", exc)
        connection = self._readers.get()
        try:
            connection = connection or self._prepare(self._connect())
            return cast("bytes", connection.query(sql, fmt, params=params).bytes())
        except RuntimeError as exc:
            # What a statement wrote before it failed would stand in front of the connection's
            # next answer, which may be for somebody else.
            connection.query("SELECT 1", "Null")
            raise _store_error(exc) from exc
        finally:
            self._readers.put(connection)

    def _insert(self, batch: Batch) -> None:
        connection = self._writers.get()
        try:
            connection = connection or self._prepare(self._connect())
            # chdb's own `send_insert` keeps silent where the disk is full, and loses the rows.
            with _nameless_file(batch.rows) as file:
                connection.query(
                    f"INSERT INTO {batch.table} ({', '.join(batch.columns)})"  # noqa: S608
                    f" SELECT * FROM file('/dev/fd/{file.fileno()}', MsgPack)",
                    "Null",
                )
        except RuntimeError as exc:
            raise _store_error(exc) from exc
        finally:
            self._writers.put(connection)

    def _connect(self) -> Any:
        with self._opening:
            try:
                connection = self._native.connect(self._place)
            except RuntimeError as exc:
                raise StartupError(
                    f"the span store in {self._path} can't be opened ({_sentence(exc)}): restore"
                    " the folder from a backup, or pass another --data-dir"
                ) from exc
            self._opened.append(connection)
            return connection

    def _prepare(self, connection: Any) -> Any:
        for statement in (f"SET {_pairs({**SESSION, 'max_threads': 2})}", "USE clew"):
            connection.query(statement, "Null")
        return connection


class _Unhurried:
    """An engine whose questions don't make the next inserts hurry."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine

    @property
    def layout(self) -> Layout:
        """See `Engine.layout`."""
        return self._engine.layout

    async def query(
        self,
        sql: str,
        params: Mapping[str, Param] | None = None,
        *,
        fmt: str = "JSONEachRow",
        settings: Settings | None = None,
    ) -> bytes:
        """See `Engine.query`."""
        return await self._engine.ask(sql, params, fmt=fmt, settings=settings)

    async def insert(self, *batches: Batch) -> None:
        """See `Engine.insert`."""
        await self._engine.insert(*batches)

    def unhurried(self) -> _Unhurried:
        """See `Engine.unhurried`."""
        return self

    async def close(self) -> None:
        """See `Engine.close`."""
        await self._engine.close()


def _refuse_unlinked(path: Path) -> None:
    """Raise StartupError where a copy of the folder has other folders in place of its links: the
    engine would take the tables in them for others with the same names."""
    database = path / "metadata" / "clew"
    if database.is_dir() and not database.is_symlink():
        raise StartupError(
            f"the span store in {path} was copied without its symbolic links: copy the folder again"
            " with something that keeps them, such as cp -a, rsync -a or tar"
        )


def _load_native() -> Any:
    """Chdb's native module without the package around it.

    `import chdb` imports pyarrow and numpy for data frames that Clew never makes: 360 MB resident
    instead of 215 MB, and half a second. The package's own `__init__` does the same two steps as
    this: load the library with its symbols bound to itself, then import the module beside it.
    """
    if "chdb" not in sys.modules:
        found = importlib.machinery.PathFinder.find_spec("chdb")
        if found is None or not found.submodule_search_locations:
            raise StartupError('the span store needs chdb-core: pip install "clew[server]"')
        package = types.ModuleType("chdb")
        package.__path__ = list(found.submodule_search_locations)
        sys.modules["chdb"] = package
    folder = sys.modules["chdb"].__path__[0]
    if sys.platform == "linux":
        deepbind = 0x8
        ctypes.CDLL(f"{folder}/_chdb.abi3.so", mode=sys.getdlopenflags() | deepbind)
    here = Path.cwd()
    os.chdir(folder)
    try:
        return importlib.import_module("chdb._chdb")
    finally:
        os.chdir(here)


@contextmanager
def _nameless_file(content: bytes) -> Generator[BinaryIO]:
    """A file with this content, in memory where the system has such files."""
    with _new_file() as file:
        try:
            file.write(content)
            file.flush()
        except OSError as exc:
            raise StoreError(f"rows can't be handed to the store: {exc.strerror}") from exc
        yield file


def _new_file() -> BinaryIO:
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("clew-rows"), "wb")
    return cast("BinaryIO", tempfile.TemporaryFile())


def _with_settings(sql: str, settings: Settings) -> str:
    return f"{sql}\nSETTINGS {_pairs(settings)}"


def _pairs(settings: Settings) -> str:
    return ", ".join(f"{name} = {_setting(value)}" for name, value in settings.items())


def _setting(value: str | float) -> str:
    return repr(value) if isinstance(value, int | float) else "'" + value.replace("'", "''") + "'"


def _store_error(exc: RuntimeError) -> StoreError:
    found = re.search(r"Code: (\d+)\.", str(exc))
    code = int(found[1]) if found else 0
    if code == NO_SPACE or os.strerror(errno.ENOSPC) in str(exc):
        return StoreError(DISK_FULL, NO_SPACE)
    return StoreError(_sentence(exc), code)


def _sentence(exc: RuntimeError) -> str:
    """The exception's text without the engine's prefix and stack."""
    text = str(exc).split("Stack trace:")[0]
    return re.sub(r"^.*?DB::Exception: ", "", text, count=1, flags=re.DOTALL).strip()
