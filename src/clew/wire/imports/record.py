"""What a reader of foreign files gives: records, and what it couldn't read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from clew.score import Score
from clew.span import Log, Span

RECORD_BYTES = 16_000_000
"""A longer run is given in several records: every model call carries its whole input, so the text
of a run grows with the square of its steps."""


class Record(msgspec.Struct, kw_only=True, frozen=True):
    """One run of the file, or a part of a long one. `name` says where it stands in the file;
    `position` is how many bytes of the file have been read."""

    name: str
    spans: list[Span]
    scores: list[Score] = []
    logs: list[Log] = []
    position: int = 0


class Broken(msgspec.Struct, kw_only=True, frozen=True):
    """A place in the file that couldn't be read, and why. The rest goes on."""

    name: str
    message: str
    position: int = 0


def records(
    name: str, spans: Iterable[Span], scores: list[Score], position: int
) -> Iterator[Record]:
    """One record, or several of about `RECORD_BYTES` each; the scores come with the last."""
    part: list[Span] = []
    size = 0
    for span in spans:
        part.append(span)
        size += sum(len(value) for value in span.attributes.values() if isinstance(value, str))
        if size > RECORD_BYTES:
            yield Record(name=name, spans=part, position=position)
            part, size = [], 0
    if part or scores:
        yield Record(name=name, spans=part, scores=scores, position=position)


def guarded(name: str, found: Iterator[Record], position: int) -> Iterator[Record | Broken]:
    """The records of one place in the file, or what is wrong with it where its JSON isn't what
    the format promises."""
    try:
        yield from found
    except (msgspec.MsgspecError, ValueError) as exc:
        yield Broken(name=name, message=str(exc), position=position)
