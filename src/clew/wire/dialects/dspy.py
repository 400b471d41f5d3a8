"""DSPy under OpenInference: a tool has no name but that of its span, `get_weather.__call__`, and a
ReAct program is an agent that is a chain to who watches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.wire.dialects.dialect import Dialect, Found

if TYPE_CHECKING:
    from clew.span import Span
    from clew.wire.shape import Shape

_SCOPE = "openinference.instrumentation.dspy"
_CALL = ".__call__"
_REACT = "ReAct.forward"


def _matches(shape: Shape) -> bool:
    return shape.scope == _SCOPE


def _facts(span: Span, _shape: Shape) -> Found:
    if span.name == _REACT:
        return {"kind": "agent", "agent_name": "ReAct", "rules": {"kind": "name"}}
    if span.attributes.get(c.OPENINFERENCE_SPAN_KIND) == "TOOL":
        return {"tool_name": span.name.removesuffix(_CALL)}
    return {}


DIALECT = Dialect("dspy", 1, _matches, _facts)
