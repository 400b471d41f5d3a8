"""Logfire: names are templates whose words stand in a message, and a streamed model call is two
spans: the request, which ends before there is an answer, and a note of what came.

https://logfire.pydantic.dev/docs/integrations/llms/openai/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.values import text

if TYPE_CHECKING:
    from clew.span import Span
    from clew.wire.shape import Shape

_SCOPE = "logfire"
_ANSWERS = frozenset({c.GEN_AI_RESPONSE_ID, c.GEN_AI_OUTPUT_MESSAGES, c.GEN_AI_USAGE_INPUT_TOKENS})


def _matches(shape: Shape) -> bool:
    return shape.scope.partition(".")[0] == _SCOPE


def _facts(span: Span, shape: Shape) -> Found:
    found: Found = {}
    said = text(span.attributes.get(c.LOGFIRE_MSG))
    if said:
        found["display_name"] = said
    asks = c.GEN_AI_REQUEST_MODEL in shape.names and c.GEN_AI_OPERATION_NAME in shape.names
    if asks and span.status != "error" and not shape.has(_ANSWERS):
        found["kind"], found["rules"] = "step", {"kind": "no answer"}
    return found


DIALECT = Dialect("logfire", 1, _matches, _facts)
