"""What every dialect is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from clew.score import Score
from clew.span import Conversation, Kind, Log, Span
from clew.wire.previews import Preview
from clew.wire.shape import Shape

Found: TypeAlias = dict[str, Any]
"""Some fields of `clew.span.Facts`, by name; a field that is absent was not said.

`usage` and `cost` are mappings of the fields of `Usage` and `Cost`; `rules` names for a field the
attribute that decided. `provider` is what the sender called it.
"""


def no_scores(_source: Span | Log) -> list[Score]:
    """The scores of a dialect that has no word for them."""
    return []


class Dialect(NamedTuple):
    """One convention. All functions are pure and cheap, and never raise for what a span says.

    `matches` tells whether spans of a shape speak it at all. `facts` reads the flat values of a
    span of that shape. `previews` reads the little of a span's content that lists show, for its
    final kind; only spans of a shape that has some of `content` are asked: names of attributes or
    events, and beginnings of names, which end in a dot. `conversation` builds the messages when a
    span is opened; `logs` are the log records of the span. `version` grows whenever the same span
    would give other facts, so that stored spans can be normalised again.
    """

    name: str
    version: int
    matches: Callable[[Shape], bool]
    facts: Callable[[Span, Shape], Found]
    previews: Callable[[Span, Kind], Preview] = lambda _span, _kind: Preview()
    conversation: Callable[[Span, Sequence[Log]], Conversation | None] = lambda _span, _logs: None
    scores: Callable[[Span | Log], list[Score]] = no_scores
    content: frozenset[str] = frozenset()
