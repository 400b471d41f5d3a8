"""Google's Agent Development Kit in its first schema: requests, answers, arguments and results as
JSON of its own beside a few GenAI names. The newer schema says all of it in GenAI names.

https://google.github.io/adk-docs/observability/traces/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.span import Conversation
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.messages import parse, tool_definitions
from clew.wire.previews import Preview, of_answer, of_arguments, of_output, of_prompt
from clew.wire.values import decoded, record, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Kind, Log, Message, Span, Value
    from clew.wire.shape import Shape

_SCOPE = "gcp.vertex.agent"
_NAME_KINDS: dict[str, Kind] = {"call_llm": "llm", "invocation": "workflow"}
_EMPTY = "{}"
"""What stands where content is not captured, or a span has none."""
_CONTENT = frozenset(
    {
        c.GCP_VERTEX_TOOL_CALL_ARGS,
        c.GCP_VERTEX_TOOL_RESPONSE,
        c.GCP_VERTEX_LLM_REQUEST,
        c.GCP_VERTEX_LLM_RESPONSE,
    }
)


def _matches(shape: Shape) -> bool:
    return shape.scope == _SCOPE


def _facts(span: Span, _shape: Shape) -> Found:
    found: Found = {}
    rules: dict[str, str] = {}
    kind = _NAME_KINDS.get(span.name)
    if kind:
        found["kind"], rules["kind"] = kind, "name"
    session_id = text(span.attributes.get(c.GCP_VERTEX_SESSION_ID))
    if session_id:
        found["session_id"], rules["session_id"] = session_id, c.GCP_VERTEX_SESSION_ID
    if rules:
        found["rules"] = rules
    return found


def _previews(span: Span, kind: Kind) -> Preview:
    if kind == "tool":
        return Preview(
            of_arguments(_told(span, c.GCP_VERTEX_TOOL_CALL_ARGS)),
            of_output(_told(span, c.GCP_VERTEX_TOOL_RESPONSE)),
        )
    if kind != "llm":
        return Preview()
    answer = _told(span, c.GCP_VERTEX_LLM_RESPONSE)
    heard, refused = of_answer(answer) if answer is not None else ("", False)
    request = record(_told(span, c.GCP_VERTEX_LLM_REQUEST))
    return Preview(of_prompt(request.get("contents")), heard, refused)


def _conversation(span: Span, _logs: Sequence[Log]) -> Conversation | None:
    config = record(record(_told(span, c.GCP_VERTEX_LLM_REQUEST)).get("config"))
    instructions = config.get("system_instruction")
    return Conversation(
        system=parse(instructions, source=c.GCP_VERTEX_LLM_REQUEST, role="system"),
        messages_in=_asked(span),
        messages_out=parse(
            _told(span, c.GCP_VERTEX_LLM_RESPONSE),
            source=c.GCP_VERTEX_LLM_RESPONSE,
            role="assistant",
        ),
        tools=tool_definitions(config.get("tools")),
        input=decoded(_told(span, c.GCP_VERTEX_TOOL_CALL_ARGS)).value,
        output=decoded(_told(span, c.GCP_VERTEX_TOOL_RESPONSE)).value,
    )


def _asked(span: Span) -> list[Message]:
    request = record(_told(span, c.GCP_VERTEX_LLM_REQUEST))
    return parse(request.get("contents"), source=c.GCP_VERTEX_LLM_REQUEST)


def _told(span: Span, name: str) -> Value:
    value = span.attributes.get(name)
    return None if value == _EMPTY else value


DIALECT = Dialect("google_adk", 1, _matches, _facts, _previews, _conversation, content=_CONTENT)
