"""Group commit: concurrent exports share one insert, and each is answered when it is durable.

    submit ─► prepare (in a thread) ─► pending ─► one write ─► answer

A commit starts at once when the server is idle, and then at most every `COMMIT_INTERVAL_S` or
every `COMMIT_ROWS` rows; sooner where commits are quick, because the store has only to note them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import reduce
from typing import NamedTuple, TypeVar

import msgspec

from clew.errors import StoreError, Unavailable
from clew.health import Health
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
Result = TypeVar("Result")


class _Waiting(NamedTuple):
    export: Export
    prepared: Prepared
    done: asyncio.Future[None]


class Ingest:
    """The one way into the store. `run` must be running for `submit` to return."""

    def __init__(
        self,
        engine: Engine,
        *,
        price: PriceSpan | None = None,
        rules: AttributeRules | None = None,
        interval_s: float = COMMIT_INTERVAL_S,
    ) -> None:
        self._engine = engine.unhurried()
        self._interval_s = interval_s
        self._preparer = Preparer(price, rules)
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
        await self._take(Export(project, spans, facts=facts))

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
            await self._take(export)

    async def _take(self, export: Export) -> None:
        with self._taking(export.size):
            if export.size <= INLINE_SPANS:
                prepared = self._preparer.prepare(export)
            else:
                prepared = await self.aside(self._preparer.prepare, export)
            self.health.add(export.project, prepared.seen)
            self._pending_bytes += prepared.size_bytes
            try:
                done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._pending.append(_Waiting(export, prepared, done))
                self._wake.set()
                await done
            finally:
                self._pending_bytes -= prepared.size_bytes

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
            told: dict[bytes, Span] = {}
            current = [await self._renewed(one, told) for one in waiting]
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
                one.done.set_result(None)
        self._announce([one.prepared for one in current])

    async def _renewed(self, one: _Waiting, told: dict[bytes, Span]) -> _Waiting:
        """`one`, prepared again where a span of it was told of before, in the store or in this
        commit (`told`), or where contents it relied on may have been deleted since."""
        spans = await self._joined(one, told)
        if spans is one.export.spans and one.prepared.epoch == self._preparer.stored.epoch:
            return one
        export = one.export._replace(spans=spans)
        return one._replace(prepared=await self.aside(self._preparer.prepare, export))

    async def _joined(self, one: _Waiting, told: dict[bytes, Span]) -> Sequence[Span]:
        """The export's spans, merged with what was told of them before; without those that add
        nothing to it."""
        spans, prepared = one.export.spans, one.prepared
        if one.export.facts:
            return spans
        new: dict[bytes, list[Span]] = {}
        for key, mark, span in zip(prepared.keys, prepared.marks, spans, strict=True):
            # Sent again, word for word, as after an answer that was lost: nothing to look up.
            if key in new or key in told or self._told.get(key) != mark:
                new.setdefault(key, []).append(span)
        repeated = [key for key in new if key in told or self._told.get(key) is not None]
        if not repeated and len(new) == len(spans):
            told.update(zip(new, spans, strict=True))
            return spans
        stored = await self._stored(
            one.export.project, {key: new[key][0] for key in repeated if key not in told}
        )
        joined: dict[bytes, Span] = {}
        for key, versions in new.items():
            before = told.get(key) or stored.get(key)
            joined[key] = reduce(merge, versions if before is None else (before, *versions))
        told.update(joined)
        return [span for key, span in joined.items() if stored.get(key) != span]

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
                if (there := contents.get(key)) is None or content.start_ns < there.start_ns:
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
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)


def _fail(waiting: Iterable[_Waiting], exc: Exception) -> None:
    for one in waiting:
        if not one.done.done():
            one.done.set_exception(exc)
