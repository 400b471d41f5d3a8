"""OTLP as protobuf: one request of traces or logs, or a stream of them, each after its length.

The collector's file exporter writes the length as four bytes, the largest first; protobuf's own
libraries write it as a varint. One record a `ResourceSpans` or `ResourceLogs`, or a request of the
stream. The two are framed alike and told apart by their first record: only a span begins its
fields with bytes, its trace id; the first field of a log is a number, its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from clew.errors import BadInput
from clew.wire.imports import source
from clew.wire.imports.otlp_json import logs_of, spans_of
from clew.wire.imports.outline import Place
from clew.wire.imports.record import Broken, Record

_FIELD_1 = 0x0A
"""The tag of a request's `resource_spans`, of a ResourceSpans' `resource`, and of a span's
`trace_id`; a request of logs has the first two alike."""
_FIELD_2 = 0x12
"""The tag of `scope_spans`, and inside of `spans`; of logs alike."""
_FIXED_BYTES = {1: 8, 5: 4}
"""What fields of a fixed size take, by wire type."""
_VARINT, _LENGTH_DELIMITED = 0, 2
_LENGTH_BYTES = 4
_VARINT_BYTES = 5


def sniff(path: Path, head: bytes) -> bool:
    """Whether the file is framed like OTLP from its first byte to its last."""
    return bool(head) and not _is_text(head) and bool(_frames(source.document(path)))


def read(path: Path) -> Iterator[Record | Broken]:
    """The requests, one at a time. Raises BadInput for a file that isn't framed like OTLP."""
    document = source.document(path)
    frames = _frames(document) if document else []
    if frames is None:
        raise BadInput(f"{path} is not OTLP in protobuf, alone or after its length")
    for index, place in enumerate(frames):
        position = place.end * source.size(path) // len(document)
        body = place.of(document)
        read_request = logs_of if _holds_logs(body) else spans_of
        yield from read_request(f"request {index}", body, "protobuf", position)


def _holds_logs(request: bytes) -> bool:
    """Whether the first record of the request isn't a span."""
    for resource in _inside(request, Place(0, len(request)), _FIELD_1):
        for scope in _inside(request, resource, _FIELD_2):
            for record in _inside(request, scope, _FIELD_2):
                return not any(True for _ in _inside(request, record, _FIELD_1))
    return False


def _inside(document: bytes, message: Place, wanted: int) -> Iterator[Place]:
    """The fields of the message with the wanted tag, as far as it can be read."""
    at = message.start
    while at < min(message.end, len(document)):
        tag, start = _varint(document, at)
        length, at = _length(document, start, tag & 7)
        if tag == wanted:
            yield Place(at - length, at)


def _length(document: bytes, start: int, wire_type: int) -> tuple[int, int]:
    """How long a field's value is, and where it ends."""
    if wire_type == _VARINT:
        end = _varint(document, start)[1]
        return end - start, end
    if wire_type == _LENGTH_DELIMITED:
        length, begin = _varint(document, start)
        return length, begin + length
    # What has no known length can't be passed over: nothing follows it.
    length = _FIXED_BYTES.get(wire_type, len(document))
    return length, start + length


def _is_text(head: bytes) -> bool:
    return head.lstrip()[:1] in (b"{", b"[")


def _frames(document: bytes) -> list[Place] | None:
    for frame in (_resource_spans, _after_length, _after_varint):
        found = _walked(document, frame)
        if found and any(place.end > place.start for place in found):
            return found
    return None


def _walked(document: bytes, frame: Callable[[bytes, int], Place | None]) -> list[Place] | None:
    """The frames that fill the document, or None. A last one that is cut off counts, so that it
    is reported, if another stands before it."""
    places: list[Place] = []
    at = 0
    while at < len(document):
        place = frame(document, at)
        if place is None or (place.end > len(document) and not places):
            return None
        places.append(place)
        at = place.end
    return places


def _resource_spans(document: bytes, at: int) -> Place | None:
    """A field of the request with its tag: protobuf reads it as a request by itself."""
    if document[at] != _FIELD_1:
        return None
    length, start = _varint(document, at + 1)
    inside = document[start : start + 1]
    if length and inside not in (bytes([_FIELD_1]), bytes([_FIELD_2])):
        return None
    return Place(at, start + length)


def _after_length(document: bytes, at: int) -> Place | None:
    start = at + _LENGTH_BYTES
    length = int.from_bytes(document[at:start], "big")
    return _request(document, start, length)


def _after_varint(document: bytes, at: int) -> Place | None:
    length, start = _varint(document, at)
    return _request(document, start, length)


def _request(document: bytes, start: int, length: int) -> Place | None:
    begins = length == 0 or document[start : start + 1] == bytes([_FIELD_1])
    return Place(start, start + length) if begins else None


def _varint(document: bytes, at: int) -> tuple[int, int]:
    """The number at `at` and where it ends."""
    value = 0
    for index, byte in enumerate(document[at : at + _VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 the highest bit says that more follows
            return value, at + index + 1
    return 0, at + _VARINT_BYTES
