"""Record what an AI agent does: spans with kind, input and output, sent as OpenTelemetry.

    clew.init(service="travel-desk")

    @clew.agent
    def planner(question: str) -> str: ...

    with clew.context(session="s-118", user="u-7", prompt=("planner", "7")):
        planner("A weekend in Oslo")

Spans of other instrumentations run through the same provider, join the same run and get the same
session, user, tags, metadata and prompt.
"""

from __future__ import annotations

import sys
from types import ModuleType

from clew._sdk.config import flush, init, shutdown
from clew._sdk.context import context
from clew._sdk.decorators import agent, step, tool, workflow
from clew._sdk.spans import Span, span

__all__ = [
    "Span",
    "agent",
    "context",
    "flush",
    "init",
    "shutdown",
    "span",
    "step",
    "tool",
    "workflow",
]


class _Package(ModuleType):
    """Keeps `clew.span` the verb. Importing the module of that name, which holds the noun, would
    otherwise replace it; `from clew.span import Kind` finds the module all the same."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name == "span" and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
