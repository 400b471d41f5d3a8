"""OTLP: what is encoded comes back, bad parts reject themselves, and nothing raises."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    SummaryDataPoint,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from clew.errors import BadInput, TooLarge
from clew.span import Event, Log, Resource, Span
from clew.wire.limits import Limits
from clew.wire.otlp import (
    DECODERS,
    Encoding,
    Signal,
    decode_logs,
    decode_metrics,
    decode_traces,
    encode_logs,
    encode_traces,
)
from wire import otlp_bodies as some
from wire.otlp_bodies import (
    T0,
    TRACE_ID,
    json_span,
    make_span,
    proto_span,
    sent,
    sent_json,
)

ENCODINGS: list[Encoding] = ["protobuf", "json"]
SIGNALS: list[Signal] = ["traces", "logs", "metrics"]

encodings = pytest.mark.parametrize("encoding", ENCODINGS)


class TestRoundTrip:
    """decode ∘ encode is nothing."""

    @encodings
    @settings(max_examples=25)
    @given(spans=st.lists(some.spans, max_size=2))
    def test_spans(self, encoding: Encoding, spans: list[Span]) -> None:
        """Every field of every span, in order. `repr` makes NaN equal to itself."""
        decoded = decode_traces(encode_traces(spans, encoding), encoding)
        assert repr(decoded.spans) == repr(spans)
        assert decoded.rejected == 0

    @encodings
    @settings(max_examples=25)
    @given(logs=st.lists(some.logs, max_size=2))
    def test_logs(self, encoding: Encoding, logs: list[Log]) -> None:
        """Every field of every log record, in order."""
        decoded = decode_logs(encode_logs(logs, encoding), encoding)
        assert repr(decoded.logs) == repr(logs)

    def test_resources_and_scopes_are_shared(self) -> None:
        """One object for all the spans of one sender."""
        spans = [make_span(resource=Resource(attributes={"a": 1}))] * 2
        one, two = decode_traces(encode_traces(spans), "protobuf").spans
        assert one.resource is two.resource
        assert one.scope is two.scope

    def test_ids_that_are_not_otlps_become_ids_that_are(self) -> None:
        """A UUID keeps its bytes, anything else becomes a digest, always the same."""
        span = make_span(
            trace_id="4bf92f35-77b3-4da6-a3ce-929d0e0e4736", span_id="run 1", parent_id="run 0"
        )
        other = make_span(trace_id="t", span_id="run 0")
        first, second = decode_traces(encode_traces([span, other]), "protobuf").spans
        assert first.trace_id == TRACE_ID
        assert first.parent_id == second.span_id
        assert len(second.trace_id) == 32


class TestSpans:
    """The rules for one span, in both encodings."""

    @pytest.mark.parametrize(
        "fields",
        [
            {"trace_id": bytes(16)},
            {"trace_id": b""},
            {"trace_id": b"x" * 15},
            {"span_id": bytes(8)},
            {"span_id": b""},
            {"span_id": b"x" * 16},
            {"start_time_unix_nano": (1 << 63) - 1},
            {"end_time_unix_nano": (1 << 64) - 1},
        ],
    )
    def test_a_bad_span_rejects_itself(self, fields: dict[str, Any]) -> None:
        """Ids missing, all zero or of a wrong length; times beyond signed 64-bit nanoseconds."""
        decoded = decode_traces(sent(proto_span(**fields), proto_span()), "protobuf")
        assert (len(decoded.spans), decoded.rejected, len(decoded.messages)) == (1, 1, 1)

    @pytest.mark.parametrize(
        "fields",
        [
            {"traceId": "0" * 32},
            {"traceId": None},
            {"traceId": "not an id"},
            {"traceId": TRACE_ID[:-2]},
            {"spanId": 17},
            {"startTimeUnixNano": "-1"},
            {"startTimeUnixNano": "soon"},
            {"startTimeUnixNano": 1 << 70},
            {"endTimeUnixNano": [1]},
            {"endTimeUnixNano": True},
        ],
    )
    def test_a_bad_span_in_json_rejects_itself(self, fields: dict[str, object]) -> None:
        """Likewise, and what isn't an id or a time at all."""
        decoded = decode_traces(sent_json(json_span(**fields), json_span()), "json")
        assert (len(decoded.spans), decoded.rejected) == (1, 1)
        assert decoded.messages

    def test_what_is_not_a_span_is_rejected(self) -> None:
        """An element of a list of spans that isn't an object."""
        decoded = decode_traces(sent_json(None, "span", 7, json_span()), "json")
        assert (len(decoded.spans), decoded.rejected) == (1, 3)

    @encodings
    @pytest.mark.parametrize("end_ns", [None, T0 - 1, T0])
    def test_an_end_is_kept_as_it_is(self, encoding: Encoding, end_ns: int | None) -> None:
        """None while the span runs; before its start where clocks disagree."""
        span = make_span(end_ns=end_ns)
        assert decode_traces(encode_traces([span], encoding), encoding).spans == [span]

    def test_a_parent_of_zeroes_is_none(self) -> None:
        """And one of a wrong length is none either, with a warning."""
        spans = (proto_span(parent_span_id=bytes(8)), proto_span(parent_span_id=b"xyz"))
        decoded = decode_traces(sent(*spans), "protobuf")
        assert [span.parent_id for span in decoded.spans] == ["", ""]
        assert decoded.messages == snapshot(["an id of 3 bytes in place of 8 was left out"])

    def test_the_last_of_duplicate_keys_holds(self) -> None:
        """OTLP leaves open which; maps of most languages do the same."""
        pairs = [KeyValue(key="k", value=AnyValue(int_value=value)) for value in (1, 2)]
        decoded = decode_traces(sent(proto_span(attributes=pairs)), "protobuf")
        assert decoded.spans[0].attributes == {"k": 2}
        pairs_json = [{"key": "k", "value": {"intValue": value}} for value in (1, 2)]
        decoded = decode_traces(sent_json(json_span(attributes=pairs_json)), "json")
        assert decoded.spans[0].attributes == {"k": 2}

    def test_unknown_enums_are_unspecified(self) -> None:
        """A newer sender may know more."""
        span = proto_span(kind=99, status={"code": 7})
        (decoded,) = decode_traces(sent(span), "protobuf").spans
        assert (decoded.otel_kind, decoded.status) == ("unspecified", "unset")

    def test_an_event_without_a_possible_time_keeps_the_rest(self) -> None:
        """It is only an event."""
        span = proto_span(events=[ProtoSpan.Event(name="e", time_unix_nano=1 << 63)])
        decoded = decode_traces(sent(span), "protobuf")
        assert (decoded.spans[0].events[0].time_ns, decoded.rejected) == (0, 0)
        assert decoded.messages


class TestLimits:
    """What is too much is cut, with a warning, and the rest lives."""

    @encodings
    def test_a_long_value_is_cut_at_a_character(self, encoding: Encoding) -> None:
        """`truncated` has its original size in bytes."""
        span = make_span(attributes={"é": "é" * 10, "short": "x"})
        body = encode_traces([span], encoding)
        decoded = decode_traces(body, encoding, Limits(value_bytes=9))
        (cut,) = decoded.spans
        assert cut.attributes == {"é": "é" * 4, "short": "x"}
        assert cut.truncated == {"é": 20}
        assert decoded.messages == snapshot(["attribute 'é' was cut at 9 bytes"])

    @encodings
    def test_a_value_of_the_limit_is_whole(self, encoding: Encoding) -> None:
        """To the byte."""
        span = make_span(attributes={"text": "x" * 1000, "bytes": b"x" * 1000})
        body = encode_traces([span], encoding)
        assert decode_traces(body, encoding, Limits(value_bytes=1000)).spans == [span]

    @encodings
    def test_bytes_and_nested_values_are_cut_too(self, encoding: Encoding) -> None:
        """A list or a map becomes the beginning of its JSON text."""
        span = make_span(attributes={"bytes": b"\xff" * 20, "list": ["abc"] * 9})
        body = encode_traces([span], encoding)
        (cut,) = decode_traces(body, encoding, Limits(value_bytes=10)).spans
        assert cut.attributes == {"bytes": b"\xff" * 10, "list": '["abc","ab'}
        assert cut.truncated == {"bytes": 20, "list": 55}

    @encodings
    def test_values_of_events_and_bodies_of_logs_are_cut_too(self, encoding: Encoding) -> None:
        """An event's is named by its place."""
        event = {"name": "e", "attributes": [{"key": "k", "value": {"stringValue": "x" * 99}}]}
        decoded = decode_traces(sent_json(json_span(events=[event])), "json")
        body = encode_traces(decoded.spans, encoding)
        (span,) = decode_traces(body, encoding, Limits(value_bytes=10)).spans
        assert span.events[0].attributes == {"k": "x" * 10}
        assert span.truncated == {"events.0.k": 99}
        body = encode_logs([Log(body="x" * 99)], encoding)
        decoded = decode_logs(body, encoding, Limits(value_bytes=10))
        assert decoded.logs[0].body == "x" * 10
        assert decoded.messages

    @encodings
    def test_attributes_beyond_the_limit_are_dropped_and_counted(self, encoding: Encoding) -> None:
        """On top of those that the sender dropped."""
        attributes = {f"k{number}": number for number in range(12)}
        span = make_span(attributes=attributes, dropped_attributes_count=3)
        body = encode_traces([span], encoding)
        decoded = decode_traces(body, encoding, Limits(attributes=10))
        assert list(decoded.spans[0].attributes) == list(attributes)[:10]
        assert decoded.spans[0].dropped_attributes_count == 5
        assert decoded.messages == snapshot(["attributes beyond the first 10 were dropped"])

    @encodings
    @pytest.mark.parametrize("in_list", [True, False])
    def test_deep_nesting_becomes_text(self, encoding: Encoding, in_list: bool) -> None:  # noqa: FBT001
        """Protobuf's own limit, 100 messages, would refuse the body at 33 maps."""
        value: Any = "x"
        for _ in range(70):
            value = [value] if in_list else {"k": value}
        body = encode_traces([make_span(attributes={"deep": value})], encoding)
        decoded = decode_traces(body, encoding)
        deepest = decoded.spans[0].attributes["deep"]
        for _ in range(64):
            assert isinstance(deepest, (list, dict))
            deepest = deepest[0] if isinstance(deepest, list) else deepest["k"]
        assert deepest == ('[[[[[["x"]]]]]]' if in_list else '{"k":' * 6 + '"x"' + "}" * 6)
        assert decoded.messages == snapshot(["a value nested deeper than 64 became text"])

    def test_messages_are_counted_and_few(self) -> None:
        """A sender reads one line, not five hundred."""
        spans = [proto_span(span_id=b"x" * (number % 30 + 9)) for number in range(60)]
        decoded = decode_traces(sent(*spans), "protobuf")
        assert decoded.rejected == 60
        assert len(decoded.messages) <= 21


class TestText:
    """One badly encoded text costs nothing but itself."""

    def test_protobuf_that_is_not_utf8_is_repaired(self) -> None:
        """Anywhere: protobuf itself refuses the whole body."""
        body = encode_traces([make_span(name="NAME", attributes={"KEY": "TEXT", "l": ["ITEM"]})])
        for text in (b"NAME", b"KEY", b"TEXT", b"ITEM"):
            body = body.replace(text, text[:-1] + b"\xff")
        decoded = decode_traces(body, "protobuf")
        assert decoded.spans == [
            make_span(name="NAM\ufffd", attributes={"KE\ufffd": "TEX\ufffd", "l": ["ITE\ufffd"]})
        ]
        assert decoded.messages == snapshot(
            ["text that is not UTF-8: bad bytes became U+FFFD (4 times)"]
        )

    def test_json_that_is_not_utf8_is_repaired(self) -> None:
        """Likewise."""
        decoded = decode_traces(sent_json(json_span(name="NAME")).replace(b"AME", b"\xff"), "json")
        assert decoded.spans[0].name == "N\ufffd"
        assert decoded.messages

    def test_a_lone_surrogate_is_repaired(self) -> None:
        """What JavaScript sends of a text that it cut inside an emoji; whole pairs stay."""
        attributes = [{"key": "k", "value": {"stringValue": "\ud83d"}}]
        body = sent_json(json_span(name="\ud83d\ude00\ud83d", attributes=attributes))
        decoded = decode_traces(body, "json")
        assert decoded.spans[0].name == "\U0001f600\ufffd"
        assert decoded.spans[0].attributes == {"k": "\ufffd"}
        assert decoded.messages

    @encodings
    def test_nul_is_kept(self, encoding: Encoding) -> None:
        """It is a character."""
        span = make_span(name="a\0b", attributes={"\0": "\0"})
        assert decode_traces(encode_traces([span], encoding), encoding).spans == [span]

    def test_a_byte_order_mark_is_skipped(self) -> None:
        """Files that went through Windows have one."""
        assert decode_traces(b"\xef\xbb\xbf" + sent_json(json_span()), "json").spans


class TestLogs:
    """The rules for log records."""

    @encodings
    def test_a_time_beyond_64_bits_rejects_the_record(self, encoding: Encoding) -> None:
        """Only that one."""
        body = encode_logs([Log(time_ns=1), Log(time_ns=1 << 63)], encoding)
        decoded = decode_logs(body, encoding)
        assert ([log.time_ns for log in decoded.logs], decoded.rejected) == ([1], 1)

    def test_ids_of_zeroes_are_none(self) -> None:
        """Loggers outside of spans send them."""
        record = {"traceId": "0" * 32, "spanId": "0" * 16, "body": {"stringValue": "hi"}}
        body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
        (log,) = decode_logs(body, "json").logs
        assert (log.trace_id, log.span_id, log.body) == ("", "", "hi")


class TestPoints:
    """Metric points of every kind."""

    def test_every_kind(self) -> None:
        """The number or the sum in `value`, the rest in `detail`."""
        request = ExportMetricsServiceRequest()
        resource_metrics = request.resource_metrics.add()
        resource_metrics.resource.attributes.add(key="service.name").value.string_value = "shop"
        metrics = resource_metrics.scope_metrics.add().metrics
        metrics.add(name="g").gauge.data_points.add(as_double=1.5, time_unix_nano=T0)
        total = metrics.add(name="s", unit="1", description="d").sum
        total.is_monotonic = True
        total.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
        point = total.data_points.add(as_int=3)
        point.exemplars.add(as_int=1, trace_id=bytes.fromhex(TRACE_ID), span_id=b"x" * 8)
        metrics.add(name="h").histogram.data_points.append(
            HistogramDataPoint(count=2, sum=3.5, min=1, bucket_counts=[1, 1], explicit_bounds=[2.0])
        )
        exponential = ExponentialHistogramDataPoint(count=4, scale=2, zero_count=1)
        exponential.positive.bucket_counts.extend([1, 2])
        metrics.add(name="e").exponential_histogram.data_points.append(exponential)
        quantile = SummaryDataPoint.ValueAtQuantile(quantile=0.5, value=7)
        summary = SummaryDataPoint(count=5, sum=9, quantile_values=[quantile])
        metrics.add(name="q").summary.data_points.append(summary)
        metrics.add(name="none").gauge.data_points.add(flags=1, as_int=4)
        decoded = decode_metrics(request.SerializeToString(), "protobuf")
        points = {point.name: point for point in decoded.points}
        assert {name: (p.kind, p.value, p.count, p.detail) for name, p in points.items()} == (
            snapshot(
                {
                    "g": ("gauge", 1.5, None, {}),
                    "s": (
                        "sum",
                        3.0,
                        None,
                        {
                            "aggregation_temporality": 2,
                            "is_monotonic": True,
                            "exemplars": [
                                {
                                    "time_ns": 0,
                                    "value": 1,
                                    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                                    "span_id": "7878787878787878",
                                    "attributes": {},
                                }
                            ],
                        },
                    ),
                    "h": (
                        "histogram",
                        3.5,
                        2,
                        {"bucket_counts": [1, 1], "explicit_bounds": [2.0], "min": 1.0},
                    ),
                    "e": (
                        "exponential_histogram",
                        None,
                        4,
                        {"scale": 2, "zero_count": 1, "positive": {"bucket_counts": [1, 2]}},
                    ),
                    "q": (
                        "summary",
                        9.0,
                        5,
                        {"quantile_values": [{"quantile": 0.5, "value": 7.0}]},
                    ),
                    "none": ("gauge", None, None, {"flags": 1}),
                }
            )
        )
        assert points["g"].time_ns == T0
        assert points["s"].resource.attributes == {"service.name": "shop"}


class TestDamage:
    """Nobody's bytes break the server."""

    @pytest.mark.parametrize("signal", SIGNALS)
    @pytest.mark.parametrize("encoding", ENCODINGS)
    @given(body=st.binary(max_size=60))
    def test_random_bodies_raise_only_bad_input(
        self, signal: Signal, encoding: Encoding, body: bytes
    ) -> None:
        """Nobody's bytes break the server."""
        with contextlib.suppress(BadInput):
            DECODERS[signal](body, encoding)

    @encodings
    @settings(max_examples=25)
    @given(spans=st.lists(some.spans, min_size=1, max_size=1), data=st.data())
    def test_damaged_bodies_raise_only_bad_input(
        self, encoding: Encoding, spans: list[Span], data: st.DataObject
    ) -> None:
        """Cut off anywhere, or with a byte changed."""
        body = bytearray(encode_traces(spans, encoding))
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] = data.draw(st.integers(0, 255))
        for damaged in (bytes(body), bytes(body[:at])):
            with contextlib.suppress(BadInput):
                decode_traces(damaged, encoding)


@encodings
def test_a_body_of_too_many_items_is_refused(encoding: Encoding) -> None:
    """Before each of them costs a hundred times its bytes; events count as spans do."""
    events = tuple(Event(name="e") for _ in range(6))
    body = encode_traces([make_span(events=events)], encoding)
    assert decode_traces(body, encoding, Limits(items=9)).spans
    with pytest.raises(TooLarge, match="send smaller batches"):
        decode_traces(body, encoding, Limits(items=8))


def test_a_body_of_empty_messages_is_refused() -> None:
    """It says nothing, at length."""
    with pytest.raises(TooLarge):
        decode_traces(b"\x0a\x00" * 200_001, "protobuf")
    with pytest.raises(TooLarge):
        decode_traces(b'{"x":[' + b"[]," * 2_000_000 + b"[]]}", "json")
