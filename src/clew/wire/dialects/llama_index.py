"""LlamaIndex under OpenInference: what only prepares a model call is no model call, and the run of
an agent is a chain to who watches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew.wire.dialects.dialect import Dialect, Found

if TYPE_CHECKING:
    from clew.span import Span
    from clew.wire.shape import Shape

_SCOPE = "openinference.instrumentation.llama_index"
_PREPARES = "._prepare_chat_with_tools"
_RUN = "Agent.run"


def _matches(shape: Shape) -> bool:
    return shape.scope == _SCOPE


def _facts(span: Span, _shape: Shape) -> Found:
    if span.name.endswith(_PREPARES):
        return {"kind": "step", "rules": {"kind": "name"}}
    if span.name.endswith(_RUN):
        return {"kind": "agent", "rules": {"kind": "name"}}
    return {}


DIALECT = Dialect("llama_index", 1, _matches, _facts)
