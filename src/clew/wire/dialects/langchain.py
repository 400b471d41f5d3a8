"""LangChain and LangGraph, whoever watches them: what went in and came out is wrapped by the
callbacks, by the state of a graph, and by commands that update it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.span import Conversation
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.previews import Preview, fold, of_arguments, of_input, of_output
from clew.wire.values import decoded, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clew.span import Attributes, Kind, Log, Span, Value
    from clew.wire.shape import Shape

_SCOPES = frozenset(
    {
        "openinference.instrumentation.langchain",
        "opentelemetry.instrumentation.langchain",
        "langsmith",
    }
)
_INPUTS = (c.TRACELOOP_ENTITY_INPUT, c.GEN_AI_TOOL_CALL_ARGUMENTS, c.INPUT_VALUE, c.GEN_AI_PROMPT)
_OUTPUTS = (
    c.TRACELOOP_ENTITY_OUTPUT,
    c.GEN_AI_TOOL_CALL_RESULT,
    c.OUTPUT_VALUE,
    c.GEN_AI_COMPLETION,
)
_WRAPPERS = (
    ("inputs", frozenset({"inputs", "input_str", "tags", "metadata", "kwargs"})),
    ("outputs", frozenset({"outputs", "tags", "metadata", "kwargs"})),
    ("output", frozenset({"output", "tags", "metadata", "kwargs"})),
    ("input_str", frozenset({"input_str", "tags", "metadata", "kwargs", "inputs"})),
    ("update", frozenset({"graph", "update", "resume", "goto"})),
    ("tool_call", frozenset({"tool_call", "tool", "state", "runtime"})),
    ("request", frozenset({"request"})),
)
"""A key that holds what was meant, and the keys that may stand beside it."""
_LIMIT_CHARS = 65_536
"""A state longer than this is shown as it is: opening it costs more than its preview says."""
_AGENT = ('"lc_agent_name": "', '"lc_agent_name":"')
_CONTENT = frozenset(_INPUTS + _OUTPUTS)


def _matches(shape: Shape) -> bool:
    return shape.scope in _SCOPES


def _facts(span: Span, _shape: Shape) -> Found:
    """The run of an agent is a chain to who watches; only its name is that of the agent."""
    told = span.attributes.get(c.METADATA)
    if isinstance(told, str) and any(f'{said}{span.name}"' in told for said in _AGENT):
        rules = {"kind": f"{c.METADATA}.lc_agent_name"}
        return {"kind": "agent", "agent_name": span.name, "rules": rules}
    return {}


def _previews(span: Span, kind: Kind) -> Preview:
    if kind == "llm":
        return Preview()
    said, heard = _first(span.attributes, _INPUTS), _first(span.attributes, _OUTPUTS)
    read = of_arguments if kind == "tool" else _of_state
    return Preview(_preview(said, read), _preview(heard, _of_result))


def _conversation(span: Span, _logs: Sequence[Log]) -> Conversation | None:
    if _is_model_call(span.attributes):
        return None
    return Conversation(
        input=opened(_first(span.attributes, _INPUTS)) or None,
        output=opened(_first(span.attributes, _OUTPUTS)) or None,
    )


def opened(value: Value) -> Value:
    """What was meant inside callbacks' wrappers, commands and one-element lists of them."""
    value = decoded(value).value
    while True:
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            inner = _unwrapped(value[0])
            if inner is None:
                return value
        elif isinstance(value, dict):
            inner = _unwrapped(value)
            if inner is None:
                return value
        else:
            return value
        value = decoded(inner).value


def _unwrapped(value: dict[str, Value]) -> Value:
    for key, beside in _WRAPPERS:
        if key in value and value.keys() <= beside:
            return "" if value[key] is None else value[key]
    return None


def _preview(value: Value, read: Callable[[Value], str]) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and len(value) > _LIMIT_CHARS:
        return fold(value)
    shown = opened(value)
    if isinstance(shown, list) and len(shown) == 1:
        shown = shown[0]
    if shown in ("", {}):
        return ""
    if isinstance(shown, dict) and shown.get("type") == "tool_call":
        return fold(f"tool_call: {text(shown.get('name'))}({text(shown.get('args'))})")
    return read(shown)


def _of_state(value: Value) -> str:
    """What the user said last, of a state. Only that message is read: a state has all of them."""
    told = _messages(value)
    for message in reversed(told):
        if _is_user(message):
            return of_input([message])
    return of_input(told[-1:] or value)


def _of_result(value: Value) -> str:
    return of_output(_messages(value)[-1:] or value)


def _messages(state: Value) -> list[Value]:
    told = state.get("messages") if isinstance(state, dict) else state
    return told if isinstance(told, list) and all(isinstance(m, dict) for m in told) else []


def _is_user(message: Value) -> bool:
    if not isinstance(message, dict):
        return False
    path = message.get("id")
    return (
        message.get("type") == "human"
        or message.get("role") == "user"
        or (isinstance(path, list) and path[-1:] == ["HumanMessage"])
    )


def _is_model_call(attributes: Attributes) -> bool:
    return (
        c.GEN_AI_REQUEST_MODEL in attributes
        or attributes.get(c.OPENINFERENCE_SPAN_KIND) == "LLM"
        or c.GEN_AI_INPUT_MESSAGES in attributes
    )


def _first(attributes: Attributes, names: Sequence[str]) -> Value:
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)


DIALECT = Dialect("langchain", 1, _matches, _facts, _previews, _conversation, content=_CONTENT)
