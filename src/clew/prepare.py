"""What one sender sent at once → rows, ready to be written.

    Span ─► normalise, price ─► pack ─► contents that aren't stored yet ─► rows

Nothing here waits or writes, so that it can be done in a thread beside the event loop.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import xxhash

from clew.health import Seen, Watch
from clew.score import Score
from clew.span import Cost, Facts, Log, Point, Resource, Span
from clew.store import spans as store
from clew.store.spans import Refs, Row, Rows
from clew.wire.agent_logs import placed
from clew.wire.attribute_rules import AttributeRules
from clew.wire.contents import content_hash, fold
from clew.wire.normalize import normalize_with_logs, scores, speech_of, understand
from clew.wire.packing import Packer, Parts, pack_log, small_values

REMEMBERED_CONTENTS = 200_000
"""Contents known to be stored already, twice this at most; about 130 bytes each."""

PriceSpan = Callable[[Facts, int], Cost | None]

log = logging.getLogger("clew")


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


class Content(NamedTuple):
    """A content to be written: the start of its first span, its row, and the hashes of the base64
    parts in it, which are contents of their own."""

    start_ns: int
    row: Row
    blobs: tuple[bytes, ...] = ()


class Prepared(msgspec.Struct):
    """One export, ready to be written. `keys` name its spans, in order, and `marks` are digests of
    all that they say; `contents` are by what they are stored under: a digest of (project, day,
    trace id), then their own hash."""

    project: str
    epoch: int
    keys: list[bytes]
    marks: list[int]
    rows: Rows
    contents: dict[bytes, Content]
    trace_ids: set[str]
    size_bytes: int = 0
    seen: Seen = msgspec.field(default_factory=Seen)

    @property
    def row_count(self) -> int:
        """How many rows it adds, contents apart."""
        rows = self.rows
        return len(rows.spans) + len(rows.logs) + len(rows.metrics) + len(rows.scores)


class Recent:
    """Keys and numbers that were added lately.

    Two generations, the older one dropped when the newer is full: recently used ones stay. Bytes
    and numbers, because a million tuples here would make every garbage collection slow.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._new: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}

    def get(self, key: bytes) -> int | None:
        """The number that was added with `key`, None if it wasn't lately."""
        known = self._new.get(key)
        if known is None and (known := self._old.get(key)) is not None:
            self._new[key] = known
        return known

    def add(self, more: Mapping[bytes, int]) -> None:
        """Remember these."""
        if len(self._new) >= self._size:
            self._old, self._new = self._new, {}
        self._new.update(more)

    def forget(self) -> None:
        """Know nothing."""
        self._new.clear()
        self._old.clear()


class StoredContents:
    """Contents that are known to be stored, so that a growing conversation isn't written again and
    again."""

    def __init__(self) -> None:
        self.epoch = 0
        self._starts = Recent(REMEMBERED_CONTENTS)
        self._blobs: dict[bytes, tuple[bytes, ...]] = {}

    def start_ns(self, key: bytes) -> int | None:
        """When the first span that holds the content began, None if it isn't known to be stored."""
        return self._starts.get(key)

    def blobs(self, key: bytes) -> tuple[bytes, ...]:
        """The hashes of the base64 parts of a stored content."""
        return self._blobs.get(key, ()) if self._blobs else ()

    def add(self, contents: Mapping[bytes, Content]) -> None:
        """Remember that these are durable."""
        if len(self._blobs) >= REMEMBERED_CONTENTS:
            # A content whose parts aren't known must not be known itself.
            self._starts.forget()
            self._blobs.clear()
        self._starts.add({key: content.start_ns for key, content in contents.items()})
        self._blobs.update({key: it.blobs for key, it in contents.items() if it.blobs})

    def forget(self, epoch: int | None = None) -> None:
        """Take nothing for stored, from now on in `epoch`, or the next."""
        self.epoch = self.epoch + 1 if epoch is None else epoch
        self._starts.forget()
        self._blobs.clear()


class Arrivals:
    """When exports came in. Of two versions of a row the later one stays, so that no time is given
    twice, and none before another where the clock is set back."""

    def __init__(self) -> None:
        self._last_ns = 0
        self._lock = threading.Lock()

    def next_ns(self, count: int) -> int:
        """The first of `count` nanoseconds: about now, and later than all that were given."""
        with self._lock:
            first_ns = max(time.time_ns(), self._last_ns + 1)
            self._last_ns = first_ns + count
            return first_ns

    def start_after(self, last_ns: int) -> None:
        """Give none up to `last_ns`, which an earlier process may have given."""
        with self._lock:
            self._last_ns = max(self._last_ns, last_ns)


class Preparer:
    """Makes rows of exports. `stored` is told what became durable, `arrivals` what was given."""

    def __init__(self, price: PriceSpan | None = None, rules: AttributeRules | None = None) -> None:
        self._rules = rules or AttributeRules()
        self.stored = StoredContents()
        self.arrivals = Arrivals()
        self.price = price or _unpriced

    def understand(
        self, span: Span, logs: Sequence[Log] = (), *, watch: Watch | None = None
    ) -> Facts:
        """The facts of a span with its log records, priced. `watch` is shown the span."""
        facts = _understood(self._rules.apply(span) if self._rules else span, logs, watch)
        if facts.cost is None and facts.usage is not None:
            facts.cost = self.price(facts, span.start_ns)
        return facts

    def prepare(self, export: Export, received_ns: int | None = None) -> Prepared:
        """The rows of `export`, whose spans came in at `received_ns` and the nanoseconds after, or
        else now."""
        project = export.project
        keys = [span_key(project, span.trace_id, span.span_id) for span in export.spans]
        prepared = Prepared(project, self.stored.epoch, keys, [], Rows(), {}, set())
        packer = Packer()
        resources: dict[int, dict[str, str]] = {}
        if received_ns is None:
            received_ns = self.arrivals.next_ns(len(export.spans))
        watch = Watch(received_ns)
        for offset, span in enumerate(export.spans):
            resource = _resource_values(span.resource, resources)
            facts = export.facts.get(span.span_id) or self.understand(span, watch=watch)
            self._add_span(prepared, packer, span, facts, received_ns + offset, resource)
        if not export.facts:
            prepared.seen = watch.seen(logs=len(export.logs), points=len(export.points))
        for record in export.logs:
            self._add_log(prepared, placed(record), received_ns)
        for point in export.points:
            prepared.rows.metrics.append(_metric_row(project, point))
        _add_scores(prepared, export.scores, received_ns)
        return prepared

    def _add_span(  # noqa: PLR0913, PLR0917 - the inside of a loop, split out to be read
        self,
        prepared: Prepared,
        packer: Packer,
        span: Span,
        facts: Facts,
        received_ns: int,
        resource: dict[str, str],
    ) -> None:
        raw, parts, small = packer.span(span)
        refs = self._references(prepared, span, span.start_ns, parts)
        said = b"".join((raw, *refs.input, *refs.output, *refs.other))
        # By epoch, because what was deleted since is new when it comes again.
        prepared.marks.append(xxhash.xxh3_64_intdigest(said, prepared.epoch))
        row = store.span_row(
            prepared.project,
            span,
            facts,
            received_ns=received_ns,
            refs=refs,
            attributes=small,
            resource=resource,
            raw=raw,
        )
        prepared.rows.spans.append(row)
        prepared.trace_ids.add(span.trace_id)
        prepared.size_bytes += len(row)
        _add_scores(prepared, _scores(span), received_ns)

    def _add_log(self, prepared: Prepared, log: Log, received_ns: int) -> None:
        raw, parts, small = pack_log(log)
        refs = self._references(prepared, log, store.log_time_ns(log), parts)
        row = store.log_row(
            prepared.project,
            log,
            digest=xxhash.xxh3_128_digest(raw + b"".join(refs.other)),
            hashes=refs.other,
            attributes=small,
            raw=raw,
        )
        prepared.rows.logs.append(row)
        if log.trace_id:
            prepared.trace_ids.add(log.trace_id)
        prepared.size_bytes += len(row)
        _add_scores(prepared, _scores(log), received_ns)

    def _references(
        self, prepared: Prepared, span: Span | Log, start_ns: int, parts: Parts
    ) -> Refs:
        """The references of `span`; contents that the store doesn't know become rows."""
        place = xxhash.xxh3_64_digest(
            f"{prepared.project}\0{start_ns // store.DAY_NS}\0{span.trace_id}".encode(
                errors="surrogatepass"
            )
        )
        blobs: list[bytes] = []
        contents, stored = prepared.contents, self.stored

        def refer(raws: list[bytes]) -> list[bytes]:
            digests = list(map(content_hash, raws))
            for digest, raw in zip(digests, raws, strict=True):
                key = place + digest
                there = contents.get(key)
                known_ns = stored.start_ns(key) if there is None else there.start_ns
                if known_ns is None or known_ns > start_ns:
                    there = _add_content(prepared, place, span, start_ns, digest, raw)
                if there is None:
                    blobs.extend(stored.blobs(key))
                elif there.blobs:
                    blobs.extend(there.blobs)
            return digests

        refs = Refs(refer(parts.input), refer(parts.output), refer(parts.other))
        refs.other.extend(blobs)
        return refs


def span_key(project: str, trace_id: str, span_id: str) -> bytes:
    """The 16 bytes that a span is remembered by."""
    return xxhash.xxh3_128_digest(
        f"{project}\0{trace_id}\0{span_id}".encode(errors="surrogatepass")
    )


def _add_content(  # noqa: PLR0913, PLR0917 - the inside of a loop, split out to be read
    prepared: Prepared,
    place: bytes,
    span: Span | Log,
    start_ns: int,
    digest: bytes,
    raw: bytes,
) -> Content:
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
        prepared.contents[place + blob.hash] = Content(start_ns, row)
        prepared.size_bytes += len(row)
    row = store.content_row(
        prepared.project,
        span,
        start_ns=start_ns,
        digest=digest,
        size_bytes=len(raw),
        skeleton=folded.skeleton,
        text=folded.text,
    )
    content = Content(start_ns, row, tuple([blob.hash for blob in folded.blobs]))
    prepared.contents[place + digest] = content
    prepared.size_bytes += len(row)
    return content


def _unpriced(_facts: Facts, _at_ns: int) -> Cost | None:
    return None


def _understood(span: Span, logs: Sequence[Log], watch: Watch | None) -> Facts:
    """The span's facts. A dialect with a bug must not cost a span: it is kept as it came, and
    understood when the bug is gone."""
    try:
        if logs:
            return normalize_with_logs(span, logs)
        told = speech_of(span)
        if watch is not None:
            watch.look(span, told)
        return understand(span, told)
    except Exception:
        log.exception("span %s of trace %s wasn't understood", span.span_id, span.trace_id)
        return Facts()


def _scores(source: Span | Log) -> list[Score]:
    try:
        return scores(source)
    except Exception:
        log.exception("scores in span %s of trace %s", source.span_id, source.trace_id)
        return []


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
