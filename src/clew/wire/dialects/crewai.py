"""CrewAI under OpenInference: the kickoff of a crew is a workflow, and an agent is called what its
node of the graph is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.values import text

if TYPE_CHECKING:
    from clew.span import Span
    from clew.wire.shape import Shape

_SCOPE = "openinference.instrumentation.crewai"
_KICKOFF = ".kickoff"


def _matches(shape: Shape) -> bool:
    return shape.scope == _SCOPE


def _facts(span: Span, _shape: Shape) -> Found:
    if span.name.endswith(_KICKOFF):
        name = span.name.removesuffix(_KICKOFF)
        return {"kind": "workflow", "workflow_name": name, "rules": {"kind": "name"}}
    if span.attributes.get(c.OPENINFERENCE_SPAN_KIND) == "AGENT":
        return {"agent_name": text(span.attributes.get(c.GRAPH_NODE_ID))}
    return {}


DIALECT = Dialect("crewai", 1, _matches, _facts)
