"""OTLP files."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest
import zstandard

from clew.span import Log, Resource, Span
from clew.wire.otlp import encode_logs, encode_traces
from wire.imports.reading import imported

SPANS = [
    Span(
        trace_id=f"{trace:032x}",
        span_id=f"{number:016x}",
        name=f"span {number}",
        start_ns=number,
        end_ns=number + 5,
        attributes={"n": number, "text": "ü" * 40},
        resource=Resource(attributes={"service.name": f"s{trace}"}),
    )
    for number, trace in enumerate((1, 1, 2), start=1)
]
LOGS = [
    Log(
        trace_id=SPANS[0].trace_id,
        span_id=SPANS[0].span_id,
        time_ns=7,
        observed_ns=8,
        severity="WARN",
        severity_number=13,
        event_name="retry",
        body={"after_s": 2.5},
        attributes={"n": 1},
        resource=Resource(attributes={"service.name": "s1"}),
    ),
    Log(trace_id=SPANS[2].trace_id, observed_ns=9, body="said"),
]
REQUEST = encode_traces(SPANS)
PACKED = {
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
    "": bytes,
}


def framed(*requests: bytes) -> bytes:
    """As the collector's file exporter frames them."""
    return b"".join(len(request).to_bytes(4, "big") + request for request in requests)


def delimited(*requests: bytes) -> bytes:
    """As protobuf's own libraries frame them."""
    return b"".join(varint(len(request)) + request for request in requests)


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    head = [value & 0x7F | 0x80] if value > 0x7F else [value]
    return bytes(head) + (varint(value >> 7) if value > 0x7F else b"")


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(REQUEST, id="request"),
        pytest.param(framed(REQUEST, encode_traces(SPANS[:0]), REQUEST), id="framed"),
        pytest.param(delimited(REQUEST, REQUEST), id="delimited"),
        pytest.param(encode_traces(SPANS, "json"), id="json"),
        pytest.param(
            encode_traces(SPANS, "json") + b"\n" + encode_traces(SPANS, "json"), id="lines"
        ),
    ],
)
def test_spans_come_back_from_every_encoding(tmp_path: Path, body: bytes, suffix: str) -> None:
    """Alone or in a stream, packed or not, told apart without a hint."""
    path = tmp_path / f"spans.bin{suffix}"
    path.write_bytes(PACKED[suffix](body))
    found = imported(path)
    assert found.broken == []
    spans = [span for record in found.records for span in record.spans]
    assert spans == SPANS * (len(spans) // len(SPANS))
    assert spans


def test_a_pretty_printed_request_is_one_document(tmp_path: Path) -> None:
    """Its lines aren't requests."""
    path = tmp_path / "pretty.json"
    path.write_bytes(
        encode_traces(SPANS, "json").replace(b'"resourceSpans"', b'\n  "resourceSpans"')
    )
    assert [span for record in imported(path).records for span in record.spans] == SPANS


def test_a_broken_line_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    """Also one that holds nothing of a run."""
    line = encode_traces(SPANS, "json")
    path = tmp_path / "spans.jsonl"
    path.write_bytes(b"\n".join([line, b'{"resourceSpans": [', b'{"resourceMetrics": []}', line]))
    found = imported(path)
    assert [record.name for record in found.records] == ["line 1", "line 4"]
    assert [each.name for each in found.broken] == ["line 2", "line 3"]
    assert "resourceSpans" in found.broken[1].message


def test_a_stream_that_is_cut_off_gives_the_requests_before(tmp_path: Path) -> None:
    """The last is named."""
    path = tmp_path / "spans.pb"
    path.write_bytes(framed(REQUEST, REQUEST)[:-9])
    found = imported(path)
    assert len(found.records) == 1
    assert [each.name for each in found.broken] == ["request 1"]


def test_logs_beside_spans_come_too(tmp_path: Path) -> None:
    """An export of a run holds both in one object."""
    path = tmp_path / "run.json"
    spans, logs = encode_traces(SPANS, "json"), encode_logs(LOGS, "json")
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(logs) | msgspec.json.decode(spans)))
    found = imported(path)
    assert [record.spans for record in found.records] == [SPANS, []]
    assert [record.logs for record in found.records] == [[], LOGS]
    assert found.broken == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(encode_logs(LOGS), id="request"),
        pytest.param(framed(encode_logs(LOGS), encode_logs(LOGS[:0])), id="framed"),
        pytest.param(delimited(encode_logs(LOGS), encode_logs(LOGS)), id="delimited"),
        pytest.param(encode_logs(LOGS, "json"), id="json"),
        pytest.param(encode_logs(LOGS, "json") + b"\n" + encode_logs(LOGS, "json"), id="lines"),
    ],
)
def test_logs_come_back_from_every_encoding(tmp_path: Path, body: bytes) -> None:
    """Told from spans without a hint, also where a log says no more than that it happened."""
    path = tmp_path / "logs"
    path.write_bytes(body)
    found = imported(path)
    assert found.broken == []
    logs = [log for record in found.records for log in record.logs]
    assert logs
    assert logs == LOGS * (len(logs) // len(LOGS))
    assert not any(record.spans for record in found.records)


@pytest.mark.parametrize("first", LOGS, ids=lambda log: log.severity or "bare")
def test_a_request_is_told_by_its_first_record(tmp_path: Path, first: Log) -> None:
    """A stream may hold requests of both kinds."""
    path = tmp_path / "both"
    path.write_bytes(framed(encode_logs([first]), REQUEST))
    found = imported(path)
    assert found.broken == []
    assert [record.logs for record in found.records] == [[first], []]
    assert [record.spans for record in found.records] == [[], SPANS]


def test_metrics_are_named_as_what_cannot_be_imported(tmp_path: Path) -> None:
    """This imports runs."""
    path = tmp_path / "metrics.json"
    path.write_bytes(b'{"resourceMetrics": []}')
    (broken,) = imported(path).broken
    assert "metrics can't be imported" in broken.message
