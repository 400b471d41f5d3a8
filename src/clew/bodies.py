"""The body of a request → exports, one a project.

    Body ─► decompress, decode ─► Opened ─► Export

Which project a resource belongs to is for others to say: a `Summary` is what they need for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from clew.prepare import Export
from clew.span import Attributes, Log, Point, Span
from clew.wire.body import decompress
from clew.wire.limits import Decoded, Limits
from clew.wire.otlp import DECODERS, Encoding, Signal


class Body(NamedTuple):
    """What a sender posted, as it came."""

    signal: Signal
    content: bytes
    encoding: Encoding
    content_encoding: str = ""
    limits: Limits = Limits()

    @property
    def is_compressed(self) -> bool:
        """Whether it takes more memory than it has bytes."""
        return self.content_encoding not in ("", "identity")


class Summary(msgspec.Struct, kw_only=True):
    """What a body holds: the attributes of each resource and how many items it has, how many items
    were rejected, what the sender should know, and its size once it is decompressed."""

    resources: list[Attributes]
    counts: list[int]
    rejected: int
    messages: list[str]
    size_bytes: int

    @property
    def items(self) -> int:
        """How many spans, logs or points there are."""
        return sum(self.counts)


class Opened:
    """A body that was decoded."""

    def __init__(self, decoded: Decoded, size_bytes: int) -> None:
        # The items of a resource stand together.
        self._parts = [
            (field, list(part))
            for field in _FIELDS
            for _, part in groupby(getattr(decoded, field), _resource_id)
        ]
        self.summary = Summary(
            resources=[part[0].resource.attributes for _, part in self._parts],
            counts=[len(part) for _, part in self._parts],
            rejected=decoded.rejected,
            messages=decoded.messages,
            size_bytes=size_bytes,
        )

    def exports(self, projects: Sequence[str | None]) -> list[Export]:
        """One a project, given the project of each resource; what has none is left out."""
        found: dict[str, Decoded] = {}
        for (field, part), project in zip(self._parts, projects, strict=True):
            if project is not None:
                getattr(found.setdefault(project, Decoded()), field).extend(part)
        return [
            Export(project, items.spans, items.logs, items.points)
            for project, items in found.items()
        ]


def decompressed(body: Body) -> Body:
    """`body` without its encoding. Raises BadInput, UnsupportedMedia or TooLarge."""
    content = decompress(body.content, body.content_encoding, body.limits.body_bytes)
    return body._replace(content=content, content_encoding="")


def open_body(body: Body) -> Opened:
    """Decode `body`. Raises BadInput, UnsupportedMedia or TooLarge where that can't be done."""
    plain = decompressed(body) if body.is_compressed else body
    decoded = DECODERS[plain.signal](plain.content, plain.encoding, plain.limits)
    return Opened(decoded, len(plain.content))


_FIELDS = ("spans", "logs", "points")


def _resource_id(item: Span | Log | Point) -> int:
    return id(item.resource)
