"""What a decoder takes in, and what it says about the rest.

One bad span rejects itself and one oversized value is cut, so that the other spans of a batch,
often those of unrelated programs behind one collector, are kept.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from clew.span import Log, Point, Span

if TYPE_CHECKING:
    from clew.span import Attributes, Value

_MESSAGES_SHOWN = 20


class Limits(msgspec.Struct, kw_only=True, frozen=True):
    """`body_bytes` holds for a body as sent and again once it is decompressed; 64 MiB is what the
    OTLP specification recommends. `value_bytes` is the UTF-8 size of one attribute's value.
    A list or map nested deeper than `depth` becomes its JSON text. `items` are the resources,
    scopes, spans, events, links, logs and points of one body together: a body of nothing but empty
    ones takes fifty times its size in memory, and a minute."""

    body_bytes: int = 64 << 20
    value_bytes: int = 16 << 20
    attributes: int = 10_000
    depth: int = 64
    items: int = 200_000


class Decoded(msgspec.Struct, kw_only=True):
    """What a body held. `rejected` counts the items that could not be kept, `messages` says why,
    and what else the sender should know, such as values that were cut."""

    spans: list[Span] = []
    logs: list[Log] = []
    points: list[Point] = []
    rejected: int = 0
    messages: list[str] = []


class Findings:
    """What is noticed while one body is decoded."""

    def __init__(self) -> None:
        self.rejected = 0
        self._counts: Counter[str] = Counter()

    def warn(self, message: str) -> None:
        """Note something that the sender should know."""
        self._counts[message] += 1

    def reject(self, reason: str) -> None:
        """Count an item that can't be kept."""
        self.rejected += 1
        self._counts[reason] += 1

    def messages(self) -> list[str]:
        """Each message once, with how often it holds."""
        shown = [
            message if count == 1 else f"{message} ({count} times)"
            for message, count in islice(self._counts.items(), _MESSAGES_SHOWN)
        ]
        left_out = len(self._counts) - len(shown)
        return [*shown, f"and {left_out} more"] if left_out > 0 else shown


def size_bytes(value: Value) -> int:
    """The UTF-8 size of a text, the length of bytes, the size of anything else as JSON."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode(errors="replace"))
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, (list, dict)):
        return len(json_text(value).encode())
    return 8


def json_text(value: Value) -> str:
    """A value as JSON: bytes as base64, NaN and the infinities as null."""
    return msgspec.json.encode(value).decode()


def cut(value: Value, limit: int) -> Value:
    """The first `limit` bytes of a value, ending at a character boundary; of a list or a map, those
    of its JSON text."""
    if isinstance(value, bytes):
        return value[:limit]
    text = value if isinstance(value, str) else json_text(value)
    return text.encode(errors="replace")[:limit].decode(errors="ignore")


def bounded(
    attributes: Attributes, limits: Limits, findings: Findings
) -> tuple[Attributes, int, dict[str, int]]:
    """The attributes within the limits, how many were dropped, and the original sizes in bytes of
    those that were cut."""
    dropped = max(0, len(attributes) - limits.attributes)
    if dropped:
        findings.warn(f"attributes beyond the first {limits.attributes} were dropped")
    kept = dict(islice(attributes.items(), limits.attributes))
    truncated: dict[str, int] = {}
    for key, value in kept.items():
        size = size_bytes(value)
        if size > limits.value_bytes:
            kept[key] = cut(value, limits.value_bytes)
            truncated[key] = size
            findings.warn(f"attribute {key[:100]!r} was cut at {limits.value_bytes} bytes")
    return kept, dropped, truncated
