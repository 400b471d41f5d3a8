"""Strands Agents: what a tool is given and gives are events of its span, shaped like messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.span import Conversation
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.previews import Preview, of_arguments, of_output
from clew.wire.values import decoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Kind, Log, Span, Value
    from clew.wire.shape import Shape

_SCOPE = "strands."
_CONTENT = frozenset({c.GEN_AI_EVENT_TOOL, c.GEN_AI_EVENT_CHOICE})


def _matches(shape: Shape) -> bool:
    return shape.scope.startswith(_SCOPE) and c.GEN_AI_TOOL_NAME in shape.names


def _facts(_span: Span, _shape: Shape) -> Found:
    return {}


def _previews(span: Span, _kind: Kind) -> Preview:
    given, gave = _told(span)
    return Preview(of_arguments(given), of_output(gave))


def _conversation(span: Span, _logs: Sequence[Log]) -> Conversation | None:
    given, gave = _told(span)
    return Conversation(input=decoded(given).value, output=decoded(gave).value)


def _told(span: Span) -> tuple[Value, Value]:
    given: Value = None
    gave: Value = None
    for event in span.events:
        if event.name == c.GEN_AI_EVENT_TOOL:
            given = event.attributes.get("content")
        elif event.name == c.GEN_AI_EVENT_CHOICE:
            gave = event.attributes.get("message")
    return given, gave


DIALECT = Dialect("strands", 1, _matches, _facts, _previews, _conversation, content=_CONTENT)
