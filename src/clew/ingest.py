"""Group commit: concurrent exports share one insert, and each is answered when it is durable.

    take ─► open, prepare (in a thread, or a process of the pool) ─► pending ─► one write ─► answer

A commit starts at once when the server is idle, and then at most every `COMMIT_INTERVAL_S` or
every `COMMIT_ROWS` rows; sooner where commits are quick, because the store has only to note them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import reduce
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec

from clew.bodies import Body, Opened, Summary, decompressed, open_body
from clew.errors import ProcessEnded, StoreError, Unavailable
from clew.health import Health
from clew.pool import Pool
from clew.prepare import Content, Export, Prepared, Preparer, PriceSpan, Recent, span_key
from clew.query.whole import stored_spans
from clew.score import Score
from clew.span import Cost, Facts, Log, Point, Span
from clew.store import spans as store
from clew.store.engine import NETWORK_ERROR, Engine
from clew.store.spans import FINISHED, Rows
from clew.wire.attribute_rules import AttributeRules
from clew.wire.merge import merge

COMMIT_INTERVAL_S = 0.1
QUICK_INTERVAL_S = 0.02
PAUSE = 2
"""A commit starts so many times as long after the one before as that took, if that is sooner."""
COMMIT_ROWS = 10_000
PENDING_ROWS = 60_000
"""More rows than this waiting for the disk, and further exports are told to come back."""
PENDING_BYTES = 512 << 20
HELD_BYTES = 256 << 20
"""What exports may hold from their first byte to their answer, all together: two hundred senders
of the largest body would else need 13 GB."""
REMEMBERED_SPANS = 200_000
"""Spans whose earlier version is looked up when they come again, twice this at most. An older one
is replaced by what comes, as a whole."""
INLINE_SPANS = 16
"""A smaller export is prepared on the event loop: a thread costs more than it."""
INLINE_BYTES = 64 << 10
"""A larger body is opened in a thread: it takes about as long as starting one, 1 ms or more."""
ITEM_BYTES = 2 << 10
"""What a span, log or point takes in memory, however little it says."""
_RATIO = 8
"""What telemetry usually shrinks to when it is compressed: one part in so many."""

_RUNNING = """
SELECT project, trace_id, span_id FROM spans WHERE end_ns IS NULL LIMIT 100000
"""
_NEWEST = """
SELECT greatest(
    (SELECT max(version % {finished:UInt64}) FROM spans),
    (SELECT max(version) FROM scores)
)
"""

log = logging.getLogger("clew")

OnCommit = Callable[[str, set[str]], None]
Hold: TypeAlias = "Callable[[int], None]"
Route: TypeAlias = "Callable[[Summary], Awaitable[Sequence[str | None]]]"
Result = TypeVar("Result")


class _Source(Protocol):
    """Where what was prepared came from."""

    async def export(self, project: str) -> Export:
        """What it tells to a project."""
        ...


class _Job(_Source, Protocol):
    """An opened body, wherever it is open. `stored` is told to it in the end: whether its rows are
    durable as they were prepared."""

    stored: bool

    async def prepare(
        self, projects: Sequence[str | None], received_ns: int, epoch: int
    ) -> list[Prepared]:
        """Its rows for each project, given the project of each resource."""
        ...


class _Submitted:
    """A job of this process that needn't be opened."""

    def __init__(self, export: Export) -> None:
        self._export = export

    async def export(self, project: str) -> Export:  # noqa: ARG002 - there is only one
        """See `_Source.export`."""
        return self._export


class _Opened:
    """A body that is open in this process."""

    def __init__(self, opened: Opened, ingest: Ingest) -> None:
        self.stored = False
        self._opened = opened
        self._ingest = ingest
        self._exports: list[Export] = []

    async def prepare(
        self,
        projects: Sequence[str | None],
        received_ns: int,
        epoch: int,  # noqa: ARG002 - the preparer of this process knows
    ) -> list[Prepared]:
        """See `_Job.prepare`."""
        self._exports = self._opened.exports(projects)
        prepared: list[Prepared] = []
        for export in self._exports:
            prepared.append(await self._ingest.prepare(export, received_ns))
            received_ns += export.size
        return prepared

    async def export(self, project: str) -> Export:
        """See `_Source.export`."""
        return next(export for export in self._exports if export.project == project)


class _Waiting(NamedTuple):
    """`as_prepared` is told to who waits, once it is durable; one that is `anew` is written though
    it was told of."""

    prepared: Prepared
    source: _Source
    done: asyncio.Future[bool]
    as_prepared: bool = True
    anew: bool = False


_Told: TypeAlias = "dict[bytes, Span | _Waiting]"
"""Spans of a commit, by key, or what of the commit has them."""


class Ingest:
    """The one way into the store. `run` must be running for `take` and `submit` to return."""

    def __init__(
        self,
        engine: Engine,
        *,
        price: PriceSpan | None = None,
        rules: AttributeRules | None = None,
        pool: Pool | None = None,
        interval_s: float = COMMIT_INTERVAL_S,
    ) -> None:
        self._engine = engine.unhurried()
        self._interval_s = interval_s
        self._preparer = Preparer(price, rules)
        self._pool = pool
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clew-ingest")
        self._told = Recent(REMEMBERED_SPANS)
        self._pending: list[_Waiting] = []
        self._pending_rows = 0
        self._pending_bytes = 0
        self._held_bytes = 0
        self._submitting: set[asyncio.Future[None]] = set()
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._draining = False
        self._on_commit: list[OnCommit] = []
        self.health = Health()
        self.committed_spans = 0
        self.commits = 0
        self.refused = 0
        self.commit_seconds = 0.0

    @property
    def draining(self) -> bool:
        """Whether new exports are refused because the server is stopping."""
        return self._draining

    @property
    def pending_rows(self) -> int:
        """Rows that were submitted and aren't durable yet."""
        return self._pending_rows

    @property
    def pending_bytes(self) -> int:
        """The size of the rows that were prepared and aren't durable yet."""
        return self._pending_bytes

    def on_commit(self, listener: OnCommit) -> None:
        """Call `listener(project, trace_ids)` after each commit."""
        self._on_commit.append(listener)

    def understand(self, span: Span, logs: Sequence[Log] = ()) -> Facts:
        """The facts of a span with its log records, priced."""
        return self._preparer.understand(span, logs)

    def reject(self, project: str, count: int, reasons: Sequence[str]) -> None:
        """Note items of an export to `project` that can't be kept, and what is to be said of it."""
        self.health.reject(project, count, reasons)

    def price(self, facts: Facts, at_ns: int) -> Cost | None:
        """What a span of these facts that began at `at_ns` costs by the prices of now."""
        return self._preparer.price(facts, at_ns)

    async def rewrite(
        self, project: str, spans: Sequence[Span], facts: Mapping[str, Facts]
    ) -> None:
        """Write spans that are stored once more, with other facts. Returns when it is durable."""
        export = Export(project, spans, facts=facts)
        with self._taking(export.size):
            await self._write_soon(_Submitted(export), [await self.prepare(export)], anew=True)

    async def take(self, body: Body, hold: Hold, route: Route) -> Summary:
        """Store what `body` holds, each resource in the project that `route` gives for it (None is
        left out), and return what it held when everything is durable. `hold` is told of the memory
        that it takes, the body itself apart.

        Raises BadInput, UnsupportedMedia or TooLarge for a body that can't be opened, what `route`
        raises, and Unavailable where it may be sent again.
        """
        async with self._open(body, hold) as (job, summary):
            projects = await route(summary)
            if summary.rejected or summary.messages:
                for project in {project for project in projects if project is not None}:
                    self.health.reject(project, summary.rejected, summary.messages)
            counts = zip(summary.counts, projects, strict=True)
            size = sum(count for count, project in counts if project is not None)
            if size:
                self._admit(size)
                with self._taking(size):
                    received_ns = self._preparer.arrivals.next_ns(size)
                    epoch = self._preparer.stored.epoch
                    prepared = await job.prepare(projects, received_ns, epoch)
                    job.stored = await self._write_soon(job, prepared)
            return summary

    @asynccontextmanager
    async def _open(self, body: Body, hold: Hold) -> AsyncGenerator[tuple[_Job, Summary]]:
        if _is_large(body) and self._pool is not None and await self._pool.takes():
            async with self._pool.open(body) as (job, summary):
                more_bytes = summary.size_bytes if body.is_compressed else 0
                hold(more_bytes + ITEM_BYTES * summary.items)
                yield job, summary
            return
        if body.is_compressed:
            body = await self._read(decompressed, body)
            hold(len(body.content))
        opened = await self._read(open_body, body)
        hold(ITEM_BYTES * opened.summary.items)
        yield _Opened(opened, self), opened.summary

    async def _read(self, function: Callable[[Body], Result], body: Body) -> Result:
        return await self.aside(function, body) if _is_large(body) else function(body)

    async def submit(
        self,
        project: str,
        *,
        spans: Sequence[Span] = (),
        logs: Sequence[Log] = (),
        points: Sequence[Point] = (),
        scores: Sequence[Score] = (),
    ) -> None:
        """Return when everything is durable. Raises Unavailable if the server is full, stopping or
        can't write; then nothing was acknowledged and the same export may be sent again."""
        export = Export(project, spans, logs, points, scores)
        if export.size:
            self._admit(export.size)
            with self._taking(export.size):
                await self._write_soon(_Submitted(export), [await self.prepare(export)])

    async def prepare(self, export: Export, received_ns: int | None = None) -> Prepared:
        """The rows of `export`, which are yet to be written."""
        if export.size <= INLINE_SPANS:
            return self._preparer.prepare(export, received_ns)
        return await self.aside(self._preparer.prepare, export, received_ns)

    async def _write_soon(
        self, source: _Source, some: Sequence[Prepared], *, anew: bool = False
    ) -> bool:
        """Return when all of it is durable: whether as it was prepared."""
        for prepared in some:
            self.health.add(prepared.project, prepared.seen)
        size_bytes = sum(prepared.size_bytes for prepared in some)
        self._pending_bytes += size_bytes
        try:
            loop = asyncio.get_running_loop()
            waiting = [
                _Waiting(prepared, source, loop.create_future(), anew=anew) for prepared in some
            ]
            # Together, so that they share a commit.
            self._pending += waiting
            self._wake.set()
            results = await asyncio.gather(*(one.done for one in waiting), return_exceptions=True)
        finally:
            self._pending_bytes -= size_bytes
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return all(results)

    @contextmanager
    def _taking(self, count: int) -> Generator[None]:
        """The time from an export's arrival to its answer, which a stopping server waits for."""
        left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._submitting.add(left)
        self._pending_rows += count
        try:
            yield
        finally:
            self._pending_rows -= count
            self._submitting.discard(left)
            left.set_result(None)

    @contextmanager
    def holding(self) -> Generator[Callable[[int], None]]:
        """Gives a function that is told of so many more bytes that an export holds in memory. It
        raises Unavailable where too many are held already; an export that is alone may go on."""
        own = 0

        def hold(size_bytes: int) -> None:
            nonlocal own
            if self._held_bytes > own and self._held_bytes + size_bytes > HELD_BYTES:
                raise Unavailable("the server is taking in all it can: send this again", 1)
            own += size_bytes
            self._held_bytes += size_bytes

        try:
            yield hold
        finally:
            self._held_bytes -= own

    def _admit(self, count: int) -> None:
        if self._draining:
            self.refused += count
            raise Unavailable("the server is stopping: send this again to the next one", 1)
        full = self._pending_rows and self._pending_rows + count > PENDING_ROWS
        if full or self._pending_bytes > PENDING_BYTES:
            self.refused += count
            raise Unavailable("the server is taking in all it can: send this again", 1)

    async def run(self) -> None:
        """Commit what is submitted until cancelled."""
        await self._recall()
        last = took_s = 0.0
        while True:
            await self._wake.wait()
            if self._rows_waiting() < COMMIT_ROWS and not self._draining:
                interval_s = min(self._interval_s, max(QUICK_INTERVAL_S, took_s * PAUSE))
                await asyncio.sleep(max(0.0, last + interval_s - time.monotonic()))
            self._wake.clear()
            waiting, self._pending = self._pending, []
            async with self._writing:
                last = time.monotonic()
                await self._commit(waiting)
                took_s = time.monotonic() - last

    async def drain(self) -> None:
        """Refuse what is new and wait for what was submitted."""
        self._draining = True
        self._wake.set()
        while self._submitting:
            await asyncio.wait(self._submitting)

    @asynccontextmanager
    async def paused(
        self, project: str, trace_ids: AbstractSet[str] = frozenset()
    ) -> AsyncGenerator[None]:
        """Hold back commits, for deletions from a project: of these traces, or of some that aren't
        known. Afterwards nothing is taken for stored, and listeners are told."""
        async with self._writing:
            try:
                yield
            finally:
                self._preparer.stored.forget()
                self.announce(project, set(trace_ids))

    @asynccontextmanager
    async def held(self) -> AsyncGenerator[None]:
        """Hold back commits and deletions for a moment, for those who look at all that is stored
        at once."""
        async with self._writing:
            yield

    def _rows_waiting(self) -> int:
        return sum(waiting.prepared.row_count for waiting in self._pending)

    async def _commit(self, waiting: list[_Waiting]) -> None:
        if not waiting:
            return
        started = time.monotonic()
        current = waiting
        try:
            current = await self._all_renewed(waiting)
            await self._write([one.prepared for one in current])
        except StoreError as exc:
            # Some of it may have been stored.
            self._announce([one.prepared for one in current])
            if len(waiting) == 1 or exc.code == NETWORK_ERROR:
                _fail(waiting, exc)
                return
            # One export that the store refuses must not take the others with it.
            for one in waiting:
                await self._commit([one])
            return
        except Exception as exc:  # the top of a loop that must go on
            log.exception("a commit failed")
            _fail(waiting, exc)
            return
        self.commits += 1
        self.commit_seconds += time.monotonic() - started
        for one in current:
            if not one.done.done():
                one.done.set_result(one.as_prepared)
        self._announce([one.prepared for one in current])

    async def _all_renewed(self, waiting: Iterable[_Waiting]) -> list[_Waiting]:
        """What is to be written, without what is needed from a process that ended."""
        told: _Told = {}
        current: list[_Waiting] = []
        for one in waiting:
            try:
                current.append(await self._renewed(one, told))
            except ProcessEnded as exc:
                _fail([one], exc)
        return current

    async def _renewed(self, one: _Waiting, told: _Told) -> _Waiting:
        """`one`, prepared again where a span of it was told of before, in the store or in this
        commit (`told`), or where contents it relied on may have been deleted since."""
        spans = None if one.anew else await self._joined(one, told)
        if spans is None and one.prepared.epoch == self._preparer.stored.epoch:
            return one
        export = await one.source.export(one.prepared.project)
        if spans is not None:
            export = export._replace(spans=spans)
        prepared = await self.aside(self._preparer.prepare, export)
        return one._replace(prepared=prepared, as_prepared=False)

    async def _joined(self, one: _Waiting, told: _Told) -> Sequence[Span] | None:
        """The export's spans, merged with what was told of them before; without those that add
        nothing to it. None if they are to be written as they are."""
        prepared = one.prepared
        new: dict[bytes, list[int]] = {}
        for index, (key, mark) in enumerate(zip(prepared.keys, prepared.marks, strict=True)):
            # Sent again, word for word, as after an answer that was lost: nothing to look up.
            if key in new or key in told or self._told.get(key) != mark:
                new.setdefault(key, []).append(index)
        repeated = [key for key in new if key in told or self._told.get(key) is not None]
        if not repeated and len(new) == len(prepared.keys):
            told.update(dict.fromkeys(new, one))
            return None
        if not new:
            return []
        spans = (await one.source.export(prepared.project)).spans
        before = await self._told_before(prepared.project, repeated, told)
        unread = {key: spans[new[key][0]] for key in repeated if key not in before}
        stored = await self._stored(prepared.project, unread)
        joined: dict[bytes, Span] = {}
        for key, indexes in new.items():
            versions = [spans[index] for index in indexes]
            first = before.get(key) or stored.get(key)
            joined[key] = reduce(merge, versions if first is None else (first, *versions))
        told.update(joined)
        return [span for key, span in joined.items() if stored.get(key) != span]

    async def _told_before(
        self, project: str, keys: Sequence[bytes], told: _Told
    ) -> dict[bytes, Span]:
        """Spans of this commit, by key."""
        for key in keys:
            one = told.get(key)
            if isinstance(one, _Waiting):
                spans = (await one.source.export(project)).spans
                whole = dict(zip(one.prepared.keys, spans, strict=True))
                told.update({key: span for key, span in whole.items() if told.get(key) is one})
        return {key: span for key in keys if isinstance(span := told.get(key), Span)}

    async def _stored(self, project: str, spans: Mapping[bytes, Span]) -> dict[bytes, Span]:
        """These spans as they are stored, by key."""
        if not spans:
            return {}
        whole = await stored_spans(
            self._engine,
            project,
            {span.trace_id for span in spans.values()},
            {span.span_id for span in spans.values()},
        )
        found = {span_key(project, span.trace_id, span.span_id): span for span in whole}
        return {key: span for key, span in found.items() if key in spans}

    async def _recall(self) -> None:
        """Remember the spans that were running when the server stopped: their end is still to
        come. And the time of the newest row, which the clock may be behind now."""
        try:
            lines = await self._engine.query(_RUNNING, fmt="JSONCompactEachRow")
            newest = await self._engine.query(_NEWEST, {"finished": FINISHED}, fmt="TSV")
        except StoreError:
            log.exception("running spans couldn't be recalled; their ends will replace them")
            return
        self._preparer.arrivals.start_after(int(newest))
        # What came in before this is prepared again, with a later time.
        self._preparer.stored.forget()
        for line in lines.splitlines():
            project, trace_id, span_id = msgspec.json.decode(line)
            self._told.add({span_key(project, trace_id, span_id): 0})

    async def _write(self, exports: list[Prepared]) -> None:
        rows = Rows()
        contents: dict[bytes, Content] = {}
        for export in exports:
            rows.add(export.rows)
            for key, content in export.contents.items():
                if (there := contents.get(key)) is not None:
                    known_ns = there.start_ns
                else:
                    # A process knows what itself had stored, not what others had.
                    known_ns = self._preparer.stored.start_ns(key)
                if known_ns is None or content.start_ns < known_ns:
                    contents[key] = content
        rows.contents = [content.row for content in contents.values()]
        await store.write(self._engine, rows)
        self.committed_spans += len(rows.spans)
        self._preparer.stored.add(contents)
        for export in exports:
            self._told.add(dict(zip(export.keys, export.marks, strict=True)))

    def _announce(self, exports: list[Prepared]) -> None:
        touched: dict[str, set[str]] = {}
        for export in exports:
            touched.setdefault(export.project, set()).update(export.trace_ids)
        for project, trace_ids in touched.items():
            self.announce(project, trace_ids)

    def announce(self, project: str, trace_ids: set[str]) -> None:
        """Tell the listeners that these traces changed; empty for "some did"."""
        for listener in self._on_commit:
            listener(project, trace_ids)

    async def aside(self, function: Callable[..., Result], *args: object) -> Result:
        """`function(*args)` in the thread beside the event loop. There is one: more of them would
        only wait for each other's turn to run Python, and the event loop behind all of them."""
        loop = asyncio.get_running_loop()
        result, took_s = await loop.run_in_executor(self._thread, _timed, function, *args)
        if self._pool is not None:
            self._pool.load.add(took_s)
        return result


def _timed(function: Callable[..., Result], *args: object) -> tuple[Result, float]:
    """What it returns, and how much of the processor's time it took."""
    began = time.thread_time()
    result = function(*args)
    return result, time.thread_time() - began


def _is_large(body: Body) -> bool:
    return len(body.content) * (_RATIO if body.is_compressed else 1) > INLINE_BYTES


def _fail(waiting: Iterable[_Waiting], exc: Exception) -> None:
    for one in waiting:
        if not one.done.done():
            one.done.set_exception(exc)
