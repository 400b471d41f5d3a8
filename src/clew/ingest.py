"""Group commit: concurrent exports share one insert, and each is answered when it is durable.

    submit ─► prepare (normalise, price, split; in a thread) ─► pending ─► one write ─► answer

A commit starts at once when the server is idle, and then at most every `COMMIT_INTERVAL_S` or
every `COMMIT_ROWS` rows: each commit is a part on disk, and parts must be merged.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

import msgspec
import xxhash

from clew.errors import StoreError, Unavailable
from clew.query.whole import whole_spans
from clew.score import Score
from clew.span import Cost, Facts, Log, Point, Resource, Span
from clew.store import spans as store
from clew.store.engine import Engine
from clew.store.spans import Refs, Row, Rows
from clew.wire.contents import content_hash, fold
from clew.wire.merge import merge
from clew.wire.normalize import normalize, normalize_with_logs, scores
from clew.wire.packing import Parts, pack_log, pack_span, small_values

COMMIT_INTERVAL_S = 0.1
COMMIT_ROWS = 10_000
PENDING_ROWS = 60_000
"""More rows than this waiting for the disk, and further exports are told to come back."""
PENDING_BYTES = 512 << 20
REMEMBERED_CONTENTS = 200_000
"""Contents known to be stored already, twice this at most; about 150 bytes each."""
REMEMBERED_SPANS = 200_000
"""Spans whose earlier version is looked up when they come again, twice this at most. An older one
is replaced by what comes, as a whole."""
INLINE_SPANS = 16
"""A smaller export is prepared on the event loop: a thread costs more than it."""

_RUNNING = """
SELECT project, trace_id, span_id FROM spans WHERE end_ns IS NULL LIMIT 100000
"""

log = logging.getLogger("clew")

PriceSpan = Callable[[Facts, int], Cost | None]
OnCommit = Callable[[str, set[str]], None]


class ContentKey(NamedTuple):
    """What a content is stored under: a digest of (project, day, trace id), and its own hash."""

    place: bytes
    digest: bytes


class _Content(NamedTuple):
    """A content to be written, and the base64 parts in it, which are contents of their own."""

    start_ns: int
    row: Row
    blobs: tuple[bytes, ...] = ()


class _Known(NamedTuple):
    """A content that is stored: the start of its first span, and its base64 parts."""

    start_ns: int
    blobs: tuple[bytes, ...]


class Export(NamedTuple):
    """What one sender sent at once to one project."""

    project: str
    spans: Sequence[Span] = ()
    logs: Sequence[Log] = ()
    points: Sequence[Point] = ()
    scores: Sequence[Score] = ()
    facts: Mapping[str, Facts] = {}
    """Of spans that are understood anew, by span id: they are written though they were told of."""

    @property
    def size(self) -> int:
        """How many things it tells."""
        return len(self.spans) + len(self.logs) + len(self.points) + len(self.scores)


class Prepared(msgspec.Struct):
    """One export, ready to be written. `keys` name its spans, in order."""

    project: str
    epoch: int
    keys: list[bytes]
    rows: Rows
    contents: dict[ContentKey, _Content]
    trace_ids: set[str]
    size_bytes: int = 0

    @property
    def row_count(self) -> int:
        """How many rows it adds, contents apart."""
        rows = self.rows
        return len(rows.spans) + len(rows.logs) + len(rows.metrics) + len(rows.scores)


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
        interval_s: float = COMMIT_INTERVAL_S,
    ) -> None:
        self._engine = engine
        self._interval_s = interval_s
        self._price = price or _unpriced
        self._known = _KnownContents()
        self._told = _RecentKeys()
        self._pending: list[_Waiting] = []
        self._pending_rows = 0
        self._pending_bytes = 0
        self._submitting: set[asyncio.Future[None]] = set()
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._draining = False
        self._on_commit: list[OnCommit] = []
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
        return self._priced(span, _understood(span, logs))

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
                prepared = self._prepare(export)
            else:
                prepared = await asyncio.to_thread(self._prepare, export)
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
        last = 0.0
        while True:
            await self._wake.wait()
            if self._rows_waiting() < COMMIT_ROWS and not self._draining:
                await asyncio.sleep(max(0.0, last + self._interval_s - time.monotonic()))
            last = time.monotonic()
            self._wake.clear()
            waiting, self._pending = self._pending, []
            async with self._writing:
                await self._commit(waiting)

    async def drain(self) -> None:
        """Refuse what is new and wait for what was submitted."""
        self._draining = True
        self._wake.set()
        while self._submitting:
            await asyncio.wait(self._submitting)

    @asynccontextmanager
    async def paused(self) -> AsyncGenerator[None]:
        """Hold back commits, for deletions: afterwards nothing is taken for stored."""
        async with self._writing:
            try:
                yield
            finally:
                self._known.forget()

    def _rows_waiting(self) -> int:
        return sum(waiting.prepared.row_count for waiting in self._pending)

    async def _commit(self, waiting: list[_Waiting]) -> None:
        if not waiting:
            return
        started = time.monotonic()
        try:
            told: dict[bytes, Span] = {}
            current = [await self._renewed(one, told) for one in waiting]
            await self._write([one.prepared for one in current])
        except StoreError as exc:
            if len(waiting) == 1:
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
        if spans is one.export.spans and one.prepared.epoch == self._known.epoch:
            return one
        export = one.export._replace(spans=spans)
        return one._replace(prepared=await asyncio.to_thread(self._prepare, export))

    async def _joined(self, one: _Waiting, told: dict[bytes, Span]) -> Sequence[Span]:
        """The export's spans, merged with what was told of them before; without those that add
        nothing to it."""
        spans = one.export.spans
        if one.export.facts:
            return spans
        by_key = dict(zip(one.prepared.keys, spans, strict=True))
        repeated = [key for key in by_key if key in self._told or key in told]
        if not repeated and len(by_key) == len(spans):
            told.update(by_key)
            return spans
        stored = await self._stored(one, {key for key in repeated if key not in told})
        joined: dict[bytes, Span] = {}
        for key, span in zip(one.prepared.keys, spans, strict=True):
            before = joined.get(key) or told.get(key) or stored.get(key)
            joined[key] = span if before is None else merge(before, span)
        told.update(joined)
        return [span for key, span in joined.items() if stored.get(key) != span]

    async def _stored(self, one: _Waiting, keys: set[bytes]) -> dict[bytes, Span]:
        """The spans of `keys` as they are stored."""
        project = one.export.project
        pairs = zip(one.prepared.keys, one.export.spans, strict=True)
        trace_ids = {span.trace_id for key, span in pairs if key in keys}
        found: dict[bytes, Span] = {}
        for trace_id in trace_ids:
            for whole in await whole_spans(self._engine, project, trace_id, blobs=True):
                found[_span_key(project, whole.span)] = whole.span
        return {key: span for key, span in found.items() if key in keys}

    async def _recall(self) -> None:
        """Remember the spans that were running when the server stopped: their end is still to
        come."""
        try:
            lines = await self._engine.query(_RUNNING, fmt="JSONCompactEachRow")
        except StoreError:
            log.exception("running spans couldn't be recalled; their ends will replace them")
            return
        for line in lines.splitlines():
            project, trace_id, span_id = msgspec.json.decode(line)
            self._told.add(_key(project, trace_id, span_id))

    async def _write(self, exports: list[Prepared]) -> None:
        rows = Rows()
        contents: dict[ContentKey, _Content] = {}
        for export in exports:
            rows.spans += export.rows.spans
            rows.logs += export.rows.logs
            rows.metrics += export.rows.metrics
            rows.scores += export.rows.scores
            for key, content in export.contents.items():
                if (there := contents.get(key)) is None or content.start_ns < there.start_ns:
                    contents[key] = content
        rows.contents = [content.row for content in contents.values()]
        await store.write(self._engine, rows)
        self.committed_spans += len(rows.spans)
        for key, content in contents.items():
            self._known.add(key, content)
        for export in exports:
            for span_key in export.keys:
                self._told.add(span_key)

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

    def _prepare(self, export: Export) -> Prepared:
        keys = [_span_key(export.project, span) for span in export.spans]
        prepared = Prepared(export.project, self._known.epoch, keys, Rows(), {}, set())
        resources: dict[int, dict[str, str]] = {}
        received_ns = time.time_ns()
        for offset, span in enumerate(export.spans):
            resource = _resource_values(span.resource, resources)
            facts = export.facts.get(span.span_id) or self.understand(span)
            self._prepare_span(prepared, span, facts, received_ns + offset, resource)
        for record in export.logs:
            self._prepare_log(prepared, record, received_ns)
        for point in export.points:
            prepared.rows.metrics.append(_metric_row(export.project, point))
        for score in export.scores:
            _add_scores(prepared, [score], received_ns)
        return prepared

    def _priced(self, span: Span, facts: Facts) -> Facts:
        if facts.cost is None and facts.usage is not None:
            facts.cost = self._price(facts, span.start_ns)
        return facts

    def _prepare_span(
        self,
        prepared: Prepared,
        span: Span,
        facts: Facts,
        received_ns: int,
        resource: dict[str, str],
    ) -> None:
        raw, parts = pack_span(span)
        refs = self._prepare_contents(prepared, span, span.start_ns, parts)
        row = store.span_row(
            prepared.project,
            span,
            facts,
            received_ns=received_ns,
            refs=refs,
            attributes=small_values(span.attributes),
            resource=resource,
            raw=raw,
        )
        prepared.rows.spans.append(row)
        prepared.trace_ids.add(span.trace_id)
        prepared.size_bytes += len(raw)
        _add_scores(prepared, _scores(span), received_ns)

    def _prepare_log(self, prepared: Prepared, log: Log, received_ns: int) -> None:
        raw, parts = pack_log(log)
        refs = self._prepare_contents(prepared, log, store.log_time_ns(log), parts)
        prepared.rows.logs.append(
            store.log_row(
                prepared.project,
                log,
                digest=xxhash.xxh3_128_digest(raw + b"".join(refs.other)),
                hashes=refs.other,
                attributes=small_values(log.attributes),
                raw=raw,
            )
        )
        if log.trace_id:
            prepared.trace_ids.add(log.trace_id)
        prepared.size_bytes += len(raw)
        _add_scores(prepared, _scores(log), received_ns)

    def _prepare_contents(
        self, prepared: Prepared, span: Span | Log, start_ns: int, parts: Parts
    ) -> Refs:
        """The references of `span`; contents that the store doesn't know become rows."""
        place = xxhash.xxh3_64_digest(
            f"{prepared.project}\0{start_ns // store.DAY_NS}\0{span.trace_id}".encode(
                errors="surrogatepass"
            )
        )
        blobs: list[bytes] = []

        def refer(raws: list[bytes]) -> list[bytes]:
            return [self._refer(prepared, place, span, start_ns, raw, blobs) for raw in raws]

        refs = Refs(refer(parts.input), refer(parts.output), refer(parts.other))
        refs.other.extend(blobs)
        return refs

    def _refer(  # noqa: PLR0913, PLR0917 - the inner step of a loop, split out to be read
        self,
        prepared: Prepared,
        place: bytes,
        span: Span | Log,
        start_ns: int,
        raw: bytes,
        blobs: list[bytes],
    ) -> bytes:
        digest = content_hash(raw)
        key = ContentKey(place, digest)
        there = prepared.contents.get(key) or self._known.get(key)
        if there is not None and there.start_ns <= start_ns:
            blobs.extend(there.blobs)
            return digest
        folded = fold(raw.decode())
        for blob in folded.blobs:
            row = store.content_row(
                prepared.project,
                span,
                start_ns=start_ns,
                digest=blob.hash,
                size_bytes=len(blob.data),
                mime=blob.mime,
                blob=blob.data,
            )
            prepared.contents[ContentKey(place, blob.hash)] = _Content(start_ns, row)
            prepared.size_bytes += len(blob.data)
        row = store.content_row(
            prepared.project,
            span,
            start_ns=start_ns,
            digest=digest,
            size_bytes=len(raw),
            skeleton=folded.skeleton,
            text=folded.text,
        )
        inner = tuple(blob.hash for blob in folded.blobs)
        prepared.contents[key] = _Content(start_ns, row, inner)
        prepared.size_bytes += len(raw)
        blobs.extend(inner)
        return digest


class _KnownContents:
    """Contents that are stored, so that a growing conversation isn't written again and again.

    Two generations, the older one dropped when the newer is full: recently used ones stay.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self._new: dict[ContentKey, _Known] = {}
        self._old: dict[ContentKey, _Known] = {}

    def get(self, key: ContentKey) -> _Known | None:
        """The content, if it is known to be stored."""
        known = self._new.get(key)
        if known is None and (known := self._old.get(key)) is not None:
            self._new[key] = known
        return known

    def add(self, key: ContentKey, content: _Content) -> None:
        """Remember that `content` is durable."""
        if len(self._new) >= REMEMBERED_CONTENTS:
            self._old, self._new = self._new, {}
        self._new[key] = _Known(content.start_ns, content.blobs)

    def forget(self) -> None:
        """Take nothing for stored."""
        self.epoch += 1
        self._new.clear()
        self._old.clear()


class _RecentKeys:
    """Spans that were told of lately, in two generations as above; about 80 bytes each."""

    def __init__(self) -> None:
        self._new: set[bytes] = set()
        self._old: set[bytes] = set()

    def __contains__(self, key: bytes) -> bool:
        return key in self._new or key in self._old

    def add(self, key: bytes) -> None:
        """Remember the span."""
        if len(self._new) >= REMEMBERED_SPANS:
            self._old, self._new = self._new, set()
        self._new.add(key)


def _span_key(project: str, span: Span) -> bytes:
    return _key(project, span.trace_id, span.span_id)


def _key(project: str, trace_id: str, span_id: str) -> bytes:
    return xxhash.xxh3_128_digest(
        f"{project}\0{trace_id}\0{span_id}".encode(errors="surrogatepass")
    )


def _unpriced(_facts: Facts, _at_ns: int) -> Cost | None:
    return None


def _understood(span: Span, logs: Sequence[Log] = ()) -> Facts:
    """The span's facts. A dialect with a bug must not cost a span: it is kept as it came, and
    understood when the bug is gone."""
    try:
        return normalize_with_logs(span, logs) if logs else normalize(span)
    except Exception:
        log.exception("span %s of trace %s wasn't understood", span.span_id, span.trace_id)
        return Facts()


def _scores(source: Span | Log) -> list[Score]:
    try:
        return scores(source)
    except Exception:
        log.exception("scores in span %s of trace %s", source.span_id, source.trace_id)
        return []


def _fail(waiting: Iterable[_Waiting], exc: Exception) -> None:
    for one in waiting:
        if not one.done.done():
            one.done.set_exception(exc)


def _add_scores(prepared: Prepared, found: Iterable[Score], received_ns: int) -> None:
    for score in found:
        prepared.rows.scores.append(
            store.score_row(prepared.project, score, received_ns=received_ns)
        )
        if score.trace_id:
            prepared.trace_ids.add(score.trace_id)


def _resource_values(resource: Resource, seen: dict[int, dict[str, str]]) -> dict[str, str]:
    """The resource's small values; one resource is shared by the spans of an export."""
    values = seen.get(id(resource))
    if values is None:
        values = seen[id(resource)] = small_values(resource.attributes)
    return values


def _metric_row(project: str, point: Point) -> Row:
    raw = msgspec.msgpack.encode(point)
    return store.metric_row(
        project,
        point,
        digest=xxhash.xxh3_128_digest(raw),
        attributes=small_values(point.attributes),
        raw=raw,
    )
