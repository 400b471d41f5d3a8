"""OTLP as JSON: one request of traces or logs, or one a line, as the collector's file exporter
writes them. One record a request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from clew.errors import BadInput
from clew.wire.imports import source
from clew.wire.imports.record import Broken, Record
from clew.wire.limits import Limits
from clew.wire.otlp import Encoding, decode_logs, decode_traces

_UNLIMITED = Limits(body_bytes=1 << 40, value_bytes=1 << 40, items=1 << 40)
"""What is too large is the server's to say, which is told the whole of it."""
_SPANS = ("resourceSpans", "resource_spans")
_LOGS = ("resourceLogs", "resource_logs")


def sniff(path: Path, head: bytes) -> bool:
    """Whether this is OTLP as JSON; metrics too, to be told that they can't be read."""
    del path
    marks = (*_SPANS, *_LOGS, "resourceMetrics", "resource_metrics")
    return head.lstrip().startswith(b"{") and any(f'"{mark}"'.encode() in head for mark in marks)


def read(path: Path) -> Iterator[Record | Broken]:
    """The requests, one at a time."""
    if not _is_lines(path):
        yield from _request("request", source.document(path), source.size(path))
        return
    for line in source.lines(path):
        yield from _request(f"line {line.number}", line.text, line.position)


def spans_of(
    name: str, body: bytes, encoding: Encoding, position: int
) -> Iterator[Record | Broken]:
    """The spans of a request, and what of it was refused."""
    try:
        found = decode_traces(body, encoding, _UNLIMITED)
    except BadInput as exc:
        yield Broken(name=name, message=exc.message, position=position)
        return
    if found.rejected:
        refusal = f"{found.rejected} spans can't be kept: {'; '.join(found.messages)}"
        yield Broken(name=name, message=refusal, position=position)
    if found.spans:
        yield Record(name=name, spans=found.spans, position=position)


def logs_of(name: str, body: bytes, encoding: Encoding, position: int) -> Iterator[Record | Broken]:
    """The logs of a request, and what of it was refused."""
    try:
        found = decode_logs(body, encoding, _UNLIMITED)
    except BadInput as exc:
        yield Broken(name=name, message=exc.message, position=position)
        return
    if found.rejected:
        refusal = f"{found.rejected} logs can't be kept: {'; '.join(found.messages)}"
        yield Broken(name=name, message=refusal, position=position)
    if found.logs:
        yield Record(name=name, spans=[], logs=found.logs, position=position)


def _is_lines(path: Path) -> bool:
    """Whether the first line is a document by itself. One that is cut off or wrong is still a line
    where another follows that is like it."""
    starts = [line.text.lstrip()[:1] for line, _ in zip(source.lines(path), range(2), strict=False)]
    return len(starts) == 1 or all(start == b"{" for start in starts)


def _request(name: str, body: bytes, position: int) -> Iterator[Record | Broken]:
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError as exc:
        yield Broken(name=name, message=str(exc), position=position)
        return
    if members.keys().isdisjoint((*_SPANS, *_LOGS)):
        message = "holds no resourceSpans and no resourceLogs: metrics can't be imported"
        yield Broken(name=name, message=message, position=position)
    # An export of a run holds both in one object.
    if not members.keys().isdisjoint(_SPANS):
        yield from spans_of(name, body, "json", position)
    if not members.keys().isdisjoint(_LOGS):
        yield from logs_of(name, body, "json", position)
