"""Requests of one span, and arbitrary spans and logs for properties of OTLP."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from clew.span import Event, Link, Log, Resource, Scope, Span, Value
from clew.wire.anyvalue import write_pair

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
T0 = 1_795_442_531_000_000_000

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["\0", "é" * 70, "x" * 127, "x" * 128, "日本語", "🎉" * 40, "x" * 20_000]
)
int64s = st.integers(-(1 << 63), (1 << 63) - 1)
uint32s = st.integers(0, (1 << 32) - 1)
times = st.integers(0, (1 << 63) - 2)
scalars: st.SearchStrategy[Value] = (
    st.none() | st.booleans() | int64s | st.floats() | texts | st.binary(max_size=12)
)
values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=5,
)
attributes = st.dictionaries(texts, values, max_size=4)
few = st.dictionaries(texts, scalars, max_size=2)


def ids(size: int) -> st.SearchStrategy[str]:
    """Ids of `size` bytes that aren't all zero."""
    return st.binary(min_size=size, max_size=size).filter(any).map(bytes.hex)


events = st.builds(
    Event,
    name=texts,
    time_ns=times,
    attributes=few,
    dropped_attributes_count=uint32s,
)
links = st.builds(
    Link,
    trace_id=ids(16),
    span_id=ids(8),
    trace_state=texts,
    flags=uint32s,
    attributes=few,
    dropped_attributes_count=uint32s,
)
resources = st.builds(Resource, attributes=few, schema_url=texts, dropped_attributes_count=uint32s)
scopes = st.builds(
    Scope,
    name=texts,
    version=texts,
    attributes=few,
    schema_url=texts,
    dropped_attributes_count=uint32s,
)
spans = st.builds(
    Span,
    trace_id=ids(16),
    span_id=ids(8),
    parent_id=st.just("") | ids(8),
    name=texts,
    otel_kind=st.sampled_from(
        ["unspecified", "internal", "server", "client", "producer", "consumer"]
    ),
    start_ns=times,
    end_ns=st.none() | st.integers(1, (1 << 63) - 2),
    status=st.sampled_from(["unset", "ok", "error"]),
    status_message=texts,
    attributes=attributes,
    events=st.lists(events, max_size=2).map(tuple),
    links=st.lists(links, max_size=2).map(tuple),
    resource=resources,
    scope=scopes,
    trace_state=texts,
    flags=uint32s,
    dropped_attributes_count=uint32s,
    dropped_events_count=uint32s,
    dropped_links_count=uint32s,
    truncated=st.just({}),
)
logs = st.builds(
    Log,
    trace_id=st.just("") | ids(16),
    span_id=st.just("") | ids(8),
    time_ns=times,
    observed_ns=times,
    severity_number=st.integers(0, 24),
    severity=texts,
    event_name=texts,
    body=values,
    attributes=attributes,
    resource=resources,
    scope=scopes,
    flags=uint32s,
    dropped_attributes_count=uint32s,
)


@st.composite
def damaged_pairs(draw: st.DrawFn) -> bytes:
    """An encoded attribute with a byte of it changed."""
    pair = bytearray(write_pair(draw(st.text(max_size=2)), draw(values)))
    pair[draw(st.integers(0, min(len(pair), 20) - 1))] = draw(st.integers(0, 255))
    return bytes(pair)


def make_span(**fields: object) -> Span:
    """A span that is complete."""
    given_fields: dict[str, object] = {
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "start_ns": T0,
        "end_ns": T0 + 1,
        **fields,
    }
    return Span(**given_fields)  # type: ignore[arg-type]


def sent(*spans: ProtoSpan) -> bytes:
    """A request with the spans, by generated classes."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    return request.SerializeToString()


def proto_span(**fields: Any) -> ProtoSpan:
    """A span that is complete, as generated classes have it."""
    given_fields: dict[str, Any] = {
        "trace_id": bytes.fromhex(TRACE_ID),
        "span_id": bytes.fromhex(SPAN_ID),
        "start_time_unix_nano": T0,
        "end_time_unix_nano": T0 + 1,
        **fields,
    }
    return ProtoSpan(**given_fields)


def sent_json(*spans: object) -> bytes:
    """A request with the spans, as JSON."""
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def json_span(**fields: object) -> dict[str, object]:
    """A span that is complete, as JSON."""
    return {
        "traceId": TRACE_ID,
        "spanId": SPAN_ID,
        "startTimeUnixNano": str(T0),
        "endTimeUnixNano": str(T0 + 1),
        **fields,
    }
