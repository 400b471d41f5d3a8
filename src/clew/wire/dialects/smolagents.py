"""smolagents under OpenInference: an agent has no name but that of its span, `weather_desk.run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.wire.dialects.dialect import Dialect, Found

if TYPE_CHECKING:
    from clew.span import Span
    from clew.wire.shape import Shape

_SCOPE = "openinference.instrumentation.smolagents"


def _matches(shape: Shape) -> bool:
    return shape.scope == _SCOPE


def _facts(span: Span, _shape: Shape) -> Found:
    if span.attributes.get(c.OPENINFERENCE_SPAN_KIND) == "AGENT":
        return {"agent_name": span.name.removesuffix(".run")}
    return {}


DIALECT = Dialect("smolagents", 1, _matches, _facts)
