"""OTLP ⇄ spans, logs and metric points, as protobuf and as JSON.

    body ─► message (protobuf, or `otlp_json`) ─► Span, Log, Point

Both encodings become the same messages (`otlp_schema`), so every rule below holds for both.
Encoding exists for export, and so that decoding can be tested against it. The format:
https://opentelemetry.io/docs/specs/otlp/
"""

from __future__ import annotations

import hashlib
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from google.protobuf.message import DecodeError

from clew.errors import BadInput, TooLarge
from clew.span import Event, Link, Log, Point, Resource, Scope, Span
from clew.wire import otlp_json
from clew.wire import otlp_schema as schema
from clew.wire.anyvalue import AttributeReader, utf8, write_pair, write_value
from clew.wire.limits import Decoded, Findings, Limits, bounded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clew.span import Attributes, OtelKind, Status, Value

    Message = Any

Encoding = Literal["protobuf", "json"]
Signal = Literal["traces", "logs", "metrics"]

_MAX_NS = (1 << 63) - 2
"""In April 2262. One nanosecond more is the end of every range of time, which is outside it."""
_NO_TRACE = bytes(16)
_NO_SPAN = bytes(8)
_NO_RECORDED_VALUE = 1
"""DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK"""

_KINDS: tuple[OtelKind, ...] = (
    "unspecified",
    "internal",
    "server",
    "client",
    "producer",
    "consumer",
)
_STATUSES: tuple[Status, ...] = ("unset", "ok", "error")
_KIND_NAMES: dict[int, OtelKind] = dict(enumerate(_KINDS))
_KIND_NUMBERS: dict[OtelKind, int] = {name: number for number, name in enumerate(_KINDS)}
_STATUS_NAMES: dict[int, Status] = dict(enumerate(_STATUSES))
_STATUS_NUMBERS: dict[Status, int] = {name: number for number, name in enumerate(_STATUSES)}

_DEFAULT_LIMITS = Limits()


def decode_traces(body: bytes, encoding: Encoding, limits: Limits = _DEFAULT_LIMITS) -> Decoded:
    """The spans of an ExportTraceServiceRequest. BadInput if it can't be decoded at all.

    A span is rejected if its ids are missing, malformed or all zero, or its times are beyond
    signed 64-bit nanoseconds. Without an end time it is running.
    """
    reader = _Reader(limits, len(body))
    request = _parse(body, encoding, schema.TraceRequest, reader.findings, limits)
    spans: list[Span] = []
    for resource_spans in reader.counted(request.resource_spans):
        resource = reader.resource(resource_spans)
        for scope_spans in reader.counted(resource_spans.scope_spans):
            scope = reader.scope(scope_spans)
            for message in reader.counted(scope_spans.spans):
                span = reader.span(message, resource, scope)
                if span is not None:
                    spans.append(span)
    return reader.decoded(spans=spans)


def decode_logs(body: bytes, encoding: Encoding, limits: Limits = _DEFAULT_LIMITS) -> Decoded:
    """The log records of an ExportLogsServiceRequest. BadInput if it can't be decoded at all."""
    reader = _Reader(limits, len(body))
    request = _parse(body, encoding, schema.LogsRequest, reader.findings, limits)
    logs: list[Log] = []
    for resource_logs in reader.counted(request.resource_logs):
        resource = reader.resource(resource_logs)
        for scope_logs in reader.counted(resource_logs.scope_logs):
            scope = reader.scope(scope_logs)
            for message in reader.counted(scope_logs.log_records):
                log = reader.log(message, resource, scope)
                if log is not None:
                    logs.append(log)
    return reader.decoded(logs=logs)


def decode_metrics(body: bytes, encoding: Encoding, limits: Limits = _DEFAULT_LIMITS) -> Decoded:
    """The data points of an ExportMetricsServiceRequest. BadInput if it can't be decoded at all."""
    reader = _Reader(limits, len(body))
    request = _parse(body, encoding, schema.MetricsRequest, reader.findings, limits)
    points: list[Point] = []
    for resource_metrics in reader.counted(request.resource_metrics):
        resource = reader.resource(resource_metrics)
        for scope_metrics in reader.counted(resource_metrics.scope_metrics):
            scope = reader.scope(scope_metrics)
            for metric in reader.counted(scope_metrics.metrics):
                points.extend(reader.points(metric, resource, scope))
    return reader.decoded(points=points)


DECODERS = {"traces": decode_traces, "logs": decode_logs, "metrics": decode_metrics}


def _parse(
    body: bytes, encoding: Encoding, message: Message, findings: Findings, limits: Limits
) -> Message:
    if encoding == "json":
        # Each is an object in memory before anything is known about it. Telemetry has fewer than
        # ten of them an item; those in texts count too, which no honest body comes near with.
        if body.count(b"{") + body.count(b"[") > 10 * limits.items:
            raise _too_many(limits)
        return otlp_json.read(body, message, findings)
    try:
        return message.FromString(body)
    except DecodeError as exc:
        text = f"not a protobuf {message.DESCRIPTOR.name}: cut off, corrupt or another message"
        raise BadInput(text) from exc


def _too_many(limits: Limits) -> TooLarge:
    return TooLarge(
        f"more than {limits.items} spans, events, logs or points in one request: send smaller"
        " batches"
    )


class _Reader:
    """Messages → nouns, for one body."""

    def __init__(self, limits: Limits, body_bytes: int) -> None:
        self.findings = Findings()
        self._limits = limits
        self._reader = AttributeReader(limits, self.findings)
        self._text = self._reader.text
        # Only a body that is larger than a value may be can hold a value that is too large.
        self._may_exceed = body_bytes > limits.value_bytes
        self._items = 0

    def counted(self, messages: Message) -> Message:
        """The messages, which are items of the body. TooLarge if it has too many of them."""
        self._items += len(messages)
        if self._items > self._limits.items:
            raise _too_many(self._limits)
        return messages

    def decoded(
        self,
        *,
        spans: list[Span] | None = None,
        logs: list[Log] | None = None,
        points: list[Point] | None = None,
    ) -> Decoded:
        return Decoded(
            spans=spans or [],
            logs=logs or [],
            points=points or [],
            rejected=self.findings.rejected,
            messages=self.findings.messages(),
        )

    def resource(self, owner: Message) -> Resource:
        attributes, dropped, _ = self._bounded(owner.resource)
        return Resource(
            attributes=attributes,
            schema_url=self._text(owner.schema_url),
            dropped_attributes_count=dropped,
        )

    def scope(self, owner: Message) -> Scope:
        scope = owner.scope
        attributes, dropped, _ = self._bounded(scope)
        return Scope(
            name=self._text(scope.name),
            version=self._text(scope.version),
            attributes=attributes,
            schema_url=self._text(owner.schema_url),
            dropped_attributes_count=dropped,
        )

    def span(self, message: Message, resource: Resource, scope: Scope) -> Span | None:
        trace_id, span_id = message.trace_id, message.span_id
        start_ns, end_ns = message.start_time_unix_nano, message.end_time_unix_nano
        reason = _span_refusal(trace_id, span_id, start_ns, end_ns)
        if reason:
            self.findings.reject(reason)
            return None
        if not start_ns:
            self.findings.warn("a span has no start time and stands at 1970")
        attributes, dropped, truncated = self._bounded(message)
        status = message.status
        return Span(
            trace_id=trace_id.hex(),
            span_id=span_id.hex(),
            parent_id=self._parent_id(message.parent_span_id),
            name=self._text(message.name),
            otel_kind=_KIND_NAMES.get(message.kind, "unspecified"),
            start_ns=start_ns,
            end_ns=end_ns or None,
            status=_STATUS_NAMES.get(status.code, "unset"),
            status_message=self._text(status.message) if status.message else "",
            attributes=attributes,
            events=self._events(message.events, truncated) if message.events else (),
            links=tuple(map(self._link, self.counted(message.links))) if message.links else (),
            resource=resource,
            scope=scope,
            trace_state=self._text(message.trace_state) if message.trace_state else "",
            flags=message.flags,
            dropped_attributes_count=dropped,
            dropped_events_count=message.dropped_events_count,
            dropped_links_count=message.dropped_links_count,
            truncated=truncated,
        )

    def log(self, message: Message, resource: Resource, scope: Scope) -> Log | None:
        time_ns, observed_ns = message.time_unix_nano, message.observed_time_unix_nano
        if time_ns > _MAX_NS or observed_ns > _MAX_NS:
            self.findings.reject("the time of a log record is beyond signed 64-bit nanoseconds")
            return None
        attributes, dropped, _ = self._bounded(message)
        return Log(
            trace_id=self._context_id(message.trace_id, _NO_TRACE),
            span_id=self._context_id(message.span_id, _NO_SPAN),
            time_ns=time_ns,
            observed_ns=observed_ns,
            severity_number=message.severity_number,
            severity=self._text(message.severity_text),
            event_name=self._text(message.event_name),
            body=self._body(message.body),
            attributes=attributes,
            resource=resource,
            scope=scope,
            flags=message.flags,
            dropped_attributes_count=dropped,
        )

    def points(self, metric: Message, resource: Resource, scope: Scope) -> Iterable[Point]:
        kind = metric.WhichOneof("data")
        if kind is None:
            return
        data = getattr(metric, kind)
        of_all = _detail_of_metric(data)
        if metric.metadata:
            of_all["metadata"] = self._reader.attributes(metric.metadata)
        for message in self.counted(data.data_points):
            if message.time_unix_nano > _MAX_NS or message.start_time_unix_nano > _MAX_NS:
                self.findings.reject("the time of a point is beyond signed 64-bit nanoseconds")
                continue
            yield Point(
                name=self._text(metric.name),
                unit=self._text(metric.unit),
                description=self._text(metric.description),
                kind=kind,
                time_ns=message.time_unix_nano,
                start_ns=message.start_time_unix_nano,
                value=_point_value(message),
                count=getattr(message, "count", None),
                detail=of_all | self._detail_of_point(message),
                attributes=self._bounded(message)[0],
                resource=resource,
                scope=scope,
            )

    def _detail_of_point(self, message: Message) -> Attributes:
        detail = {
            name: _plain(value)
            for field, value in message.ListFields()
            if (name := field.name) in _POINT_DETAIL
        }
        if getattr(message, "exemplars", ()):
            detail["exemplars"] = [self._exemplar(exemplar) for exemplar in message.exemplars]
        return detail

    def _exemplar(self, message: Message) -> Attributes:
        which = message.WhichOneof("value")
        return {
            "time_ns": min(message.time_unix_nano, _MAX_NS),
            "value": getattr(message, which) if which else None,
            "trace_id": message.trace_id.hex(),
            "span_id": message.span_id.hex(),
            "attributes": self._reader.attributes(message.filtered_attributes),
        }

    def _events(self, messages: Message, truncated: dict[str, int]) -> tuple[Event, ...]:
        """Values of events that were cut are added to `truncated` as `events.<index>.<key>`."""
        events: list[Event] = []
        for index, message in enumerate(self.counted(messages)):
            attributes, dropped, cut = self._bounded(message)
            truncated.update({f"events.{index}.{key}": size for key, size in cut.items()})
            events.append(
                Event(
                    name=self._text(message.name),
                    time_ns=self._event_time(message.time_unix_nano),
                    attributes=attributes,
                    dropped_attributes_count=dropped,
                )
            )
        return tuple(events)

    def _event_time(self, time_ns: int) -> int:
        if time_ns <= _MAX_NS:
            return time_ns
        self.findings.warn("the time of an event is beyond signed 64-bit nanoseconds: left out")
        return 0

    def _link(self, message: Message) -> Link:
        attributes, dropped, _ = self._bounded(message)
        return Link(
            trace_id=message.trace_id.hex(),
            span_id=message.span_id.hex(),
            trace_state=self._text(message.trace_state),
            flags=message.flags,
            attributes=attributes,
            dropped_attributes_count=dropped,
        )

    def _parent_id(self, raw: bytes) -> str:
        if len(raw) == len(_NO_SPAN) and raw != _NO_SPAN:
            return raw.hex()
        return self._context_id(raw, _NO_SPAN) if raw else ""

    def _context_id(self, raw: bytes, zero: bytes) -> str:
        """An id that may be absent: of all zeroes it says so, of another length it is nothing."""
        if not raw or raw == zero:
            return ""
        if len(raw) != len(zero):
            self.findings.warn(f"an id of {len(raw)} bytes in place of {len(zero)} was left out")
            return ""
        return raw.hex()

    def _bounded(self, owner: Message) -> tuple[Attributes, int, dict[str, int]]:
        """The attributes of `owner` within the limits, how many its sender and we dropped, and
        what was cut."""
        attributes = self._reader.attributes(owner.attributes)
        # The generated metric points have no count of their own.
        dropped = getattr(owner, "dropped_attributes_count", 0)
        if len(attributes) > self._limits.attributes or (
            self._may_exceed and owner.ByteSize() > self._limits.value_bytes
        ):
            attributes, more, truncated = bounded(attributes, self._limits, self.findings)
            return attributes, dropped + more, truncated
        return attributes, dropped, {}

    def _body(self, raw: bytes) -> Value:
        body = self._reader.value(raw)
        if len(raw) > self._limits.value_bytes:
            body = bounded({"body": body}, self._limits, self.findings)[0]["body"]
        return body


_POINT_DETAIL = {
    "flags",
    "min",
    "max",
    "bucket_counts",
    "explicit_bounds",
    "scale",
    "zero_count",
    "zero_threshold",
    "positive",
    "negative",
    "quantile_values",
}


def _span_refusal(trace_id: bytes, span_id: bytes, start_ns: int, end_ns: int) -> str:
    """Why a span can't be kept, or nothing."""
    if len(trace_id) != len(_NO_TRACE) or trace_id == _NO_TRACE:
        return f"trace_id must be 16 bytes and not all zero, got {trace_id[:20].hex() or 'none'}"
    if len(span_id) != len(_NO_SPAN) or span_id == _NO_SPAN:
        return f"span_id must be 8 bytes and not all zero, got {span_id[:20].hex() or 'none'}"
    if start_ns > _MAX_NS or end_ns > _MAX_NS:
        return "the time of a span is beyond signed 64-bit nanoseconds since 1970"
    return ""


def _detail_of_metric(data: Message) -> Attributes:
    return {
        field.name: value
        for field, value in data.ListFields()
        if field.name in ("aggregation_temporality", "is_monotonic")
    }


def _point_value(message: Message) -> float | None:
    if message.flags & _NO_RECORDED_VALUE:
        return None
    if message.DESCRIPTOR.name == "NumberDataPoint":
        which = message.WhichOneof("value")
        return float(getattr(message, which)) if which else None
    # A summary always has a sum, a histogram only where its values can't be negative.
    summed = message.DESCRIPTOR.name == "SummaryDataPoint" or message.HasField("sum")
    return message.sum if summed else None


def _plain(value: Message) -> Value:
    """The numbers of a point: a number, a list of them, or a message made of them."""
    if isinstance(value, (int, float)):
        return value
    if hasattr(value, "ListFields"):
        return {field.name: _plain(inner) for field, inner in value.ListFields()}
    return [_plain(item) for item in value]


def encode_traces(spans: Iterable[Span], encoding: Encoding = "protobuf") -> bytes:
    """An ExportTraceServiceRequest (its bytes are also those of a TracesData) in the order given.

    Ids that are not OTLP's become a digest of theirs. What `Span.truncated` says is not part of
    the format.
    """
    request = schema.TraceRequest()
    for resource, of_resource in groupby(spans, key=lambda span: span.resource):
        resource_spans = request.resource_spans.add()
        _put_resource(resource_spans, resource)
        for scope, of_scope in groupby(of_resource, key=lambda span: span.scope):
            scope_spans = resource_spans.scope_spans.add()
            _put_scope(scope_spans, scope)
            for span in of_scope:
                _put_span(scope_spans.spans.add(), span)
    return _serialized(request, encoding)


def encode_logs(logs: Iterable[Log], encoding: Encoding = "protobuf") -> bytes:
    """An ExportLogsServiceRequest, in the order given."""
    request = schema.LogsRequest()
    for resource, of_resource in groupby(logs, key=lambda log: log.resource):
        resource_logs = request.resource_logs.add()
        _put_resource(resource_logs, resource)
        for scope, of_scope in groupby(of_resource, key=lambda log: log.scope):
            scope_logs = resource_logs.scope_logs.add()
            _put_scope(scope_logs, scope)
            for log in of_scope:
                _put_log(scope_logs.log_records.add(), log)
    return _serialized(request, encoding)


def _serialized(message: Message, encoding: Encoding) -> bytes:
    return otlp_json.write(message) if encoding == "json" else message.SerializeToString()


def _put_resource(target: Message, resource: Resource) -> None:
    _put_attributes(target.resource.attributes, resource.attributes)
    target.resource.dropped_attributes_count = resource.dropped_attributes_count
    target.schema_url = utf8(resource.schema_url)


def _put_scope(target: Message, scope: Scope) -> None:
    target.scope.name = utf8(scope.name)
    target.scope.version = utf8(scope.version)
    _put_attributes(target.scope.attributes, scope.attributes)
    target.scope.dropped_attributes_count = scope.dropped_attributes_count
    target.schema_url = utf8(scope.schema_url)


def _put_span(target: Message, span: Span) -> None:
    target.trace_id = _id_bytes(span.trace_id, 16)
    target.span_id = _id_bytes(span.span_id, 8)
    target.parent_span_id = _id_bytes(span.parent_id, 8)
    target.name = utf8(span.name)
    target.kind = _KIND_NUMBERS[span.otel_kind]
    target.start_time_unix_nano = span.start_ns
    target.end_time_unix_nano = span.end_ns or 0
    target.status.code = _STATUS_NUMBERS[span.status]
    target.status.message = utf8(span.status_message)
    target.trace_state = utf8(span.trace_state)
    target.flags = span.flags
    target.dropped_attributes_count = span.dropped_attributes_count
    target.dropped_events_count = span.dropped_events_count
    target.dropped_links_count = span.dropped_links_count
    _put_attributes(target.attributes, span.attributes)
    for event in span.events:
        _put_event(target.events.add(), event)
    for link in span.links:
        _put_link(target.links.add(), link)


def _put_event(target: Message, event: Event) -> None:
    target.name = utf8(event.name)
    target.time_unix_nano = event.time_ns
    _put_attributes(target.attributes, event.attributes)
    target.dropped_attributes_count = event.dropped_attributes_count


def _put_link(target: Message, link: Link) -> None:
    target.trace_id = _id_bytes(link.trace_id, 16)
    target.span_id = _id_bytes(link.span_id, 8)
    target.trace_state = utf8(link.trace_state)
    target.flags = link.flags
    _put_attributes(target.attributes, link.attributes)
    target.dropped_attributes_count = link.dropped_attributes_count


def _put_log(target: Message, log: Log) -> None:
    target.trace_id = _id_bytes(log.trace_id, 16)
    target.span_id = _id_bytes(log.span_id, 8)
    target.time_unix_nano = log.time_ns
    target.observed_time_unix_nano = log.observed_ns
    target.severity_number = log.severity_number
    target.severity_text = utf8(log.severity)
    target.event_name = utf8(log.event_name)
    target.body = write_value(log.body)
    _put_attributes(target.attributes, log.attributes)
    target.flags = log.flags
    target.dropped_attributes_count = log.dropped_attributes_count


def _put_attributes(target: Message, attributes: Attributes) -> None:
    target.extend([write_pair(key, value) for key, value in attributes.items()])


def _id_bytes(text: str, size: int) -> bytes:
    """The bytes of an id in hex (a UUID too); of another kind of id, a digest, always the same."""
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        raw = b""
    if not text or len(raw) == size:
        return raw
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=size).digest()
