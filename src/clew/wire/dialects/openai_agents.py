"""OpenAI Agents SDK under OpenInference: a handoff is a tool without a name, `handoff to poet`,
that goes in with one agent's name and out with the other's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.values import text

if TYPE_CHECKING:
    from clew.span import Span
    from clew.wire.shape import Shape

_SCOPE = "openinference.instrumentation.openai_agents"
_NAME = "handoff to "


def _matches(shape: Shape) -> bool:
    return shape.scope == _SCOPE and c.TOOL_NAME not in shape.names


def _facts(span: Span, _shape: Shape) -> Found:
    if not span.name.startswith(_NAME):
        return {}
    get = span.attributes.get
    return {
        "kind": "handoff",
        "handoff_from": text(get(c.INPUT_VALUE)),
        "handoff_to": text(get(c.OUTPUT_VALUE)) or span.name.removeprefix(_NAME),
        "rules": {"kind": "name"},
    }


DIALECT = Dialect("openai_agents", 1, _matches, _facts)
