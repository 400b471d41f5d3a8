"""OTLP/JSON: what senders write by hand is understood."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from clew.errors import BadInput
from clew.wire.limits import Decoded
from clew.wire.otlp import (
    DECODERS,
    Encoding,
    Signal,
    decode_metrics,
    decode_traces,
)
from wire.otlp_bodies import (
    SPAN_ID,
    T0,
    TRACE_ID,
    json_span,
    make_span,
    sent_json,
)

ENCODINGS: list[Encoding] = ["protobuf", "json"]
SIGNALS: list[Signal] = ["traces", "logs", "metrics"]

encodings = pytest.mark.parametrize("encoding", ENCODINGS)


def json_value(value: object) -> tuple[object, Decoded]:
    """What a JSON AnyValue becomes, and what was said about it."""
    body = sent_json(json_span(attributes=[{"key": "k", "value": value}]))
    decoded = decode_traces(body, "json")
    return decoded.spans[0].attributes["k"], decoded


class TestJson:
    """What senders write by hand is understood."""

    @pytest.mark.parametrize(
        "fields",
        [
            {"traceId": TRACE_ID.upper(), "spanId": SPAN_ID.upper()},
            {"traceId": "S/kvNXezTaajzpKdDg5HNg==", "spanId": "APBnqgupArc="},
            {"traceId": "S_kvNXezTaajzpKdDg5HNg", "spanId": "APBnqgupArc"},
        ],
    )
    def test_ids_may_be_upper_case_or_base64(self, fields: dict[str, object]) -> None:
        """Protobuf's own JSON has bytes in base64; OTLP's has ids in hex."""
        (span,) = decode_traces(sent_json(json_span(**fields)), "json").spans
        assert (span.trace_id, span.span_id) == (TRACE_ID, SPAN_ID)

    @pytest.mark.parametrize("kind", [3, "3", "SPAN_KIND_CLIENT", "client", 3.0])
    def test_enums_may_be_numbers_or_names(self, kind: object) -> None:
        """The status too."""
        body = sent_json(json_span(kind=kind, status={"code": "STATUS_CODE_ERROR"}))
        (span,) = decode_traces(body, "json").spans
        assert (span.otel_kind, span.status) == ("client", "error")

    def test_keys_may_be_snake_case(self) -> None:
        """All the way down."""
        span = {
            "trace_id": TRACE_ID,
            "span_id": SPAN_ID,
            "parent_span_id": "",
            "start_time_unix_nano": T0,
            "end_time_unix_nano": float(T0),
            "dropped_attributes_count": "2",
            "attributes": [{"key": "k", "value": {"array_value": {"values": [{"int_value": 1}]}}}],
        }
        body = json.dumps({"resource_spans": [{"scope_spans": [{"spans": [span]}]}]})
        (decoded,) = decode_traces(body.encode(), "json").spans
        assert (decoded.start_ns, decoded.end_ns, decoded.parent_id) == (T0, T0, "")
        assert (decoded.dropped_attributes_count, decoded.attributes) == (2, {"k": [1]})

    @pytest.mark.parametrize(
        ("sent_value", "expected"),
        [
            ({}, None),
            (None, None),
            ({"stringValue": ""}, ""),
            ({"stringValue": 5}, "5"),
            ({"intValue": "-9223372036854775808"}, -(1 << 63)),
            ({"intValue": 7}, 7),
            ({"intValue": 7.0}, 7),
            ({"intValue": 7.5}, 7.5),
            ({"intValue": "many"}, "many"),
            ({"doubleValue": 7}, 7.0),
            ({"doubleValue": "1.5"}, 1.5),
            ({"doubleValue": "-Infinity"}, -math.inf),
            ({"doubleValue": "much"}, "much"),
            ({"boolValue": False}, False),
            ({"boolValue": "TRUE"}, True),
            ({"bytesValue": "AP8="}, b"\x00\xff"),
            ({"bytesValue": "_w"}, b"\xff"),
            ({"bytesValue": "?"}, "?"),
            ({"arrayValue": {}}, []),
            (
                {"arrayValue": {"values": [{}, {"intValue": 1}, {"stringValue": "a"}]}},
                [None, 1, "a"],
            ),
            (
                {"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": True}}]}},
                {"a": True},
            ),
            ({"unknownValue": 1}, None),
            ("bare", "bare"),
            (1.5, 1.5),
            ([1, "a"], [1, "a"]),
        ],
    )
    def test_values(self, sent_value: object, expected: object) -> None:
        """An AnyValue in every way that it is written."""
        value, _ = json_value(sent_value)
        assert value == expected
        assert type(value) is type(expected)

    def test_nan_is_kept(self) -> None:
        """As a name, as the mapping has it, or bare, as Python writes it."""
        for value in ("NaN", math.nan):
            number, _ = json_value({"doubleValue": value})
            assert isinstance(number, float)
            assert math.isnan(number)

    def test_an_integer_beyond_64_bits_becomes_text(self) -> None:
        """No digit is lost."""
        value, decoded = json_value({"intValue": "99999999999999999999"})
        assert value == "99999999999999999999"
        assert decoded.messages

    def test_unknown_fields_are_ignored(self) -> None:
        """A newer sender may have more."""
        (span,) = decode_traces(sent_json(json_span(mood="good", attributes=None)), "json").spans
        assert span == make_span()

    def test_parts_of_a_wrong_type_are_left_out(self) -> None:
        """With a warning each; the span lives."""
        body = sent_json(
            json_span(attributes="none", events=[1], status=3, flags="x", links={}, name=["n"])
        )
        decoded = decode_traces(body, "json")
        assert decoded.spans == [make_span(name='["n"]')]
        assert len(decoded.messages) == 5

    @pytest.mark.parametrize("signal", SIGNALS)
    def test_an_empty_body_is_an_empty_request(self, signal: Signal) -> None:
        """In both encodings."""
        for body, encoding in ((b"", "protobuf"), (b"", "json"), (b" {} ", "json")):
            assert DECODERS[signal](body, encoding) == Decoded()  # type: ignore[arg-type]

    @pytest.mark.parametrize("body", [b"[]", b"null", b"{", b"spans", b"[" * 100_000, b"\xff"])
    def test_what_is_no_object_is_refused(self, body: bytes) -> None:
        """With a sentence that says what was expected or what is wrong."""
        with pytest.raises(BadInput, match="JSON"):
            decode_traces(body, "json")

    def test_points_in_json(self) -> None:
        """Numbers as strings or numbers, ids of exemplars in hex."""
        point = {
            "count": "2",
            "sum": 3,
            "bucketCounts": ["1", 1],
            "explicitBounds": [2, "Infinity"],
            "timeUnixNano": str(T0),
            "exemplars": [{"asDouble": 1.5, "traceId": TRACE_ID, "spanId": SPAN_ID}],
            "attributes": [{"key": "model", "value": {"stringValue": "gpt-5"}}],
        }
        metric = {"name": "h", "histogram": {"dataPoints": [point], "aggregationTemporality": 1}}
        body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
        (decoded,) = decode_metrics(json.dumps(body).encode(), "json").points
        assert (decoded.value, decoded.count, decoded.time_ns) == (3.0, 2, T0)
        assert decoded.attributes == {"model": "gpt-5"}
        assert decoded.detail == snapshot(
            {
                "aggregation_temporality": 1,
                "bucket_counts": [1, 1],
                "explicit_bounds": [2.0, math.inf],
                "exemplars": [
                    {
                        "time_ns": 0,
                        "value": 1.5,
                        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                        "span_id": "00f067aa0ba902b7",
                        "attributes": {},
                    }
                ],
            }
        )

    @given(
        source=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "resourceSpans",
                            "scopeSpans",
                            "spans",
                            "resource",
                            "scope",
                            "attributes",
                            "key",
                            "value",
                            "traceId",
                            "spanId",
                            "startTimeUnixNano",
                            "events",
                            "links",
                            "status",
                            "code",
                            "kind",
                            "flags",
                            "arrayValue",
                            "kvlistValue",
                            "values",
                            "stringValue",
                            "intValue",
                            "doubleValue",
                            "bytesValue",
                            "boolValue",
                            "resourceLogs",
                            "scopeLogs",
                            "logRecords",
                            "body",
                            "resourceMetrics",
                            "scopeMetrics",
                            "metrics",
                            "gauge",
                            "sum",
                            "histogram",
                            "dataPoints",
                            "asDouble",
                            "bucketCounts",
                            "exemplars",
                        ]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=20,
        )
    )
    def test_json_of_any_shape_raises_only_bad_input(self, source: object) -> None:
        """Every key of the format with every kind of value behind it."""
        for signal in SIGNALS:
            with contextlib.suppress(BadInput):
                DECODERS[signal](json.dumps(source).encode(), "json")
