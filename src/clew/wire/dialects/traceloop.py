"""OpenLLMetry and the traceloop SDK: decorators, association properties, prompt pins, handoffs,
guardrails, vector databases, and the `llm.*` names of its early versions.

https://github.com/traceloop/openllmetry
"""

from __future__ import annotations

from itertools import count as count_up
from typing import TYPE_CHECKING

from clew import conventions as c
from clew.span import Conversation, Document, ToolDefinition
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.messages import tool_definitions
from clew.wire.previews import Preview, fold, of_arguments, of_input, of_output
from clew.wire.values import (
    boolean,
    count,
    decoded,
    decoded_json,
    named_texts,
    number,
    read_counts,
    read_texts,
    text,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Attributes, Event, Kind, Log, Span, Value
    from clew.wire.shape import Shape

_KINDS: dict[str, Kind] = {
    "workflow": "workflow",
    "task": "step",
    "agent": "agent",
    "tool": "tool",
    "handoff": "handoff",
    "server": "mcp",
    "session": "mcp",
}
_REQUEST_KINDS: dict[str, Kind] = {
    "chat": "llm",
    "completion": "llm",
    "embedding": "embedding",
    "rerank": "rerank",
}
_NAME_KINDS: dict[str, Kind] = {
    ".workflow": "workflow",
    ".task": "step",
    ".agent": "agent",
    ".tool": "tool",
    ".handoff": "handoff",
    ".mcp": "mcp",
}
_TEXTS = (
    (c.TRACELOOP_WORKFLOW_NAME, "workflow_name"),
    (c.TRACELOOP_PROMPT_KEY, "prompt_name"),
    (c.TRACELOOP_PROMPT_VERSION, "prompt_version"),
    (c.TRACELOOP_PROMPT_VERSION_NAME, "prompt_version"),
    (c.TRACELOOP_PROMPT_VERSION_HASH, "prompt_version"),
    (c.GEN_AI_HANDOFF_FROM_AGENT, "handoff_from"),
    (c.GEN_AI_HANDOFF_TO_AGENT, "handoff_to"),
    (c.LANGGRAPH_COMMAND_SOURCE_NODE, "handoff_from"),
    (c.LANGGRAPH_COMMAND_GOTO_NODE, "handoff_to"),
    (c.TRACELOOP_ASSOCIATION + "session_id", "session_id"),
    (c.TRACELOOP_ASSOCIATION + "thread_id", "session_id"),
    (c.TRACELOOP_ASSOCIATION + "conversation_id", "session_id"),
    (c.TRACELOOP_ASSOCIATION + "chat_id", "session_id"),
    (c.TRACELOOP_ASSOCIATION + "user_id", "user_id"),
    (c.TRACELOOP_ASSOCIATION + "customer_id", "user_id"),
    (c.LLM_USER, "user_id"),
    (c.GEN_AI_GUARDRAIL_ERROR_TYPE, "error_type"),
    (c.GEN_AI_GUARDRAIL_ERROR_MESSAGE, "error_message"),
)
_OWN_FIELDS = frozenset({"session_id", "user_id", "tags"})
"""Association properties that are fields of a span, not metadata of it."""
_USAGE = (
    (c.LLM_USAGE_TOTAL_TOKENS, "total_tokens"),
    (c.LLM_USAGE_REASONING_TOKENS, "reasoning_tokens"),
)
_PARAMETERS = (
    (c.LLM_FREQUENCY_PENALTY, "frequency_penalty"),
    (c.LLM_PRESENCE_PENALTY, "presence_penalty"),
    (c.LLM_TOP_K, "top_k"),
    (c.LLM_CHAT_STOP_SEQUENCES, "stop_sequences"),
)
_FINISH = (c.LLM_RESPONSE_FINISH_REASON, c.LLM_RESPONSE_STOP_REASON)
_EARLY = frozenset(
    {
        c.LLM_IS_STREAMING,
        *_FINISH,
        *(name for name, _ in _USAGE),
        *(name for name, _ in _PARAMETERS),
    }
)
_GUARDED = frozenset(
    {c.GEN_AI_GUARDRAIL_STATUS, c.GEN_AI_GUARDRAIL_FAILED_COUNT, c.GEN_AI_TASK_STATUS}
)
_SIGNS = frozenset(
    {
        c.TRACELOOP_SPAN_KIND,
        c.TRACELOOP_WORKFLOW_NAME,
        c.TRACELOOP_ENTITY_NAME,
        c.TRACELOOP_ENTITY_PATH,
        c.TRACELOOP_ENTITY_INPUT,
        c.GEN_AI_TASK_INPUT,
        c.GEN_AI_GUARDRAIL_NAME,
        c.GEN_AI_GUARDRAIL_STATUS,
        c.GEN_AI_HANDOFF_TO_AGENT,
        c.LANGGRAPH_COMMAND_GOTO_NODE,
        c.LLM_REQUEST_TYPE,
        c.LLM_USAGE_TOTAL_TOKENS,
        c.LLM_IS_STREAMING,
        c.DB_VECTOR_QUERY_TOP_K,
        c.MCP_REQUEST_ARGUMENT,
        c.MCP_RESPONSE_VALUE,
    }
)
_SCOPE = "traceloop."
_INPUTS = (
    c.TRACELOOP_ENTITY_INPUT,
    c.GEN_AI_TASK_INPUT,
    c.GEN_AI_GUARDRAIL_INPUT,
    c.MCP_REQUEST_ARGUMENT,
)
_OUTPUTS = (
    c.TRACELOOP_ENTITY_OUTPUT,
    c.GEN_AI_TASK_OUTPUT,
    c.GEN_AI_GUARDRAIL_OUTPUT,
    c.MCP_RESPONSE_VALUE,
)
_RESULT_EVENTS = (c.DB_EVENT_QUERY_RESULT, c.DB_EVENT_SEARCH_RESULT)
_EVENTS = frozenset((*_RESULT_EVENTS, c.LLM_EVENT_CHUNK))
_CONTENT = frozenset(_INPUTS + _OUTPUTS + _RESULT_EVENTS)


def _says_kind(shape: Shape) -> bool:
    return c.TRACELOOP_SPAN_KIND in shape.names


def _explicit_kind(span: Span, _shape: Shape) -> Found:
    """The kind of a decorator. A task that does a known operation (the instrumentors make chains,
    retrievers and memory tasks) is left to that operation."""
    kind = _KINDS.get(text(span.attributes.get(c.TRACELOOP_SPAN_KIND)))
    if not kind or (kind == "step" and c.GEN_AI_OPERATION_NAME in span.attributes):
        return {}
    return {"kind": kind, "rules": {"kind": c.TRACELOOP_SPAN_KIND}}


def _matches(shape: Shape) -> bool:
    return (
        shape.scope.startswith(_SCOPE)
        or shape.has(_SIGNS)
        or shape.speaks(c.TRACELOOP_ASSOCIATION)
        or not _EVENTS.isdisjoint(shape.events)
    )


def _facts(span: Span, shape: Shape) -> Found:
    attributes = span.attributes
    found: Found = {}
    rules: dict[str, str] = {}
    read_texts(attributes, shape.of(_TEXTS), found)
    _read_kind(span, found, rules)
    _read_entity(attributes, found)
    _read_association(attributes, shape, found, rules)
    if span.events or shape.has(_EARLY):
        _read_legacy_call(span, found, rules)
    if shape.has(_GUARDED):
        _read_guardrail(attributes, found)
    for name in (c.TRACELOOP_PROMPT_KEY, c.TRACELOOP_PROMPT_VERSION):
        if name in attributes:
            rules["prompt"] = name
            break
    if rules:
        found["rules"] = rules
    return found


def _previews(span: Span, kind: Kind) -> Preview:
    attributes = span.attributes
    value_in, value_out = _first(attributes, _INPUTS), _first(attributes, _OUTPUTS)
    if value_in is None and value_out is None and kind == "retrieval":
        return Preview("", fold(" ".join(document.content for document in _documents(span))))
    read = of_arguments if kind == "tool" else of_input
    return Preview(read(value_in), of_output(value_out))


def _conversation(span: Span, logs: Sequence[Log]) -> Conversation | None:
    del logs
    return Conversation(
        input=decoded_json(_first(span.attributes, _INPUTS)).value,
        output=decoded_json(_first(span.attributes, _OUTPUTS)).value,
        tools=_functions(span.attributes),
        documents=_documents(span),
    )


def _first(attributes: Attributes, names: Sequence[str]) -> Value:
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)


def _read_kind(span: Span, found: Found, rules: dict[str, str]) -> None:
    attributes = span.attributes
    request = _REQUEST_KINDS.get(text(attributes.get(c.LLM_REQUEST_TYPE)))
    task = _KINDS.get(text(attributes.get(c.TRACELOOP_SPAN_KIND)))
    suffix = span.name[span.name.rfind(".") :] if "." in span.name else ""
    if c.GEN_AI_GUARDRAIL_STATUS in attributes:
        found["kind"], rules["kind"] = "guardrail", c.GEN_AI_GUARDRAIL_STATUS
    elif request:
        found["kind"], rules["kind"] = request, c.LLM_REQUEST_TYPE
    elif task:
        found["kind"], rules["kind"] = task, c.TRACELOOP_SPAN_KIND
    elif c.DB_VECTOR_QUERY_TOP_K in attributes or _has_results(span.events):
        found["kind"], rules["kind"] = "retrieval", c.DB_VECTOR_QUERY_TOP_K
    elif suffix in _NAME_KINDS and span.scope.name.startswith(_SCOPE):
        found["kind"], rules["kind"] = _NAME_KINDS[suffix], "name"


def _read_entity(attributes: Attributes, found: Found) -> None:
    entity = text(attributes.get(c.TRACELOOP_ENTITY_NAME))
    kind = found.get("kind")
    if entity and kind in ("tool", "agent", "workflow"):
        found.setdefault(f"{kind}_name", entity)
    version = attributes.get(c.TRACELOOP_ENTITY_VERSION)
    if version is not None and kind == "agent":
        found["agent_version"] = text(version)


def _read_association(
    attributes: Attributes, shape: Shape, found: Found, rules: dict[str, str]
) -> None:
    properties = named_texts(attributes, shape.under(c.TRACELOOP_ASSOCIATION))
    if properties:
        found["metadata"] = {k: v for k, v in properties.items() if k not in _OWN_FIELDS}
        if properties.get("tags"):
            found["tags"] = texts(attributes[c.TRACELOOP_ASSOCIATION + "tags"])
    if "session_id" in found:
        rules["session_id"] = next(
            name for name, field in _TEXTS if field == "session_id" and name in attributes
        )
    variables = named_texts(attributes, shape.under(c.TRACELOOP_PROMPT_VARIABLE))
    if variables:
        found["prompt_variables"] = variables


def _read_legacy_call(span: Span, found: Found, rules: dict[str, str]) -> None:
    attributes = span.attributes
    usage: Found = {}
    read_counts(attributes, _USAGE, usage)
    if usage:
        found["usage"] = usage
        rules["usage"] = c.LLM_USAGE_TOTAL_TOKENS
    parameters = {
        field: value for name, field in _PARAMETERS if (value := attributes.get(name)) is not None
    }
    if parameters:
        found["model_parameters"] = parameters
    stream = boolean(attributes.get(c.LLM_IS_STREAMING))
    if stream is not None:
        found["stream"] = stream
    finish = _first(attributes, _FINISH)
    if finish:
        found["finish_reasons"] = texts(finish)
    for event in span.events:
        if event.name == c.LLM_EVENT_CHUNK and event.time_ns >= span.start_ns:
            found["ttft_ns"] = event.time_ns - span.start_ns
            return


def _read_guardrail(attributes: Attributes, found: Found) -> None:
    """A guard that failed blocked what it guards, unless it failed by breaking itself."""
    failed = text(attributes.get(c.GEN_AI_GUARDRAIL_STATUS)).upper() == "FAILED"
    if (failed or count(attributes.get(c.GEN_AI_GUARDRAIL_FAILED_COUNT))) and (
        c.GEN_AI_GUARDRAIL_ERROR_TYPE not in attributes
    ):
        found["outcome"] = "blocked"
    if text(attributes.get(c.GEN_AI_TASK_STATUS)) == "failure" and found.get("kind") == "tool":
        found["tool_is_error"] = True


# Tools of the early versions, and what vector databases found.


def _functions(attributes: Attributes) -> list[ToolDefinition]:
    found: list[ToolDefinition] = []
    for index in count_up():
        name = attributes.get(c.LLM_REQUEST_FUNCTION_NAME.format(index))
        if name is None:
            return found
        found += tool_definitions(
            [
                {
                    "name": name,
                    "description": attributes.get(c.LLM_REQUEST_FUNCTION_DESCRIPTION.format(index)),
                    "parameters": attributes.get(c.LLM_REQUEST_FUNCTION_PARAMETERS.format(index)),
                }
            ]
        )
    return found


def _has_results(events: tuple[Event, ...]) -> bool:
    return any(event.name in _RESULT_EVENTS for event in events)


def _documents(span: Span) -> list[Document]:
    return [
        _document(event.attributes, event.name + ".")
        for event in span.events
        if event.name in _RESULT_EVENTS
    ]


def _document(attributes: Attributes, prefix: str) -> Document:
    get = attributes.get
    content = get(prefix + "document")
    score = get(prefix + "score")
    return Document(
        id=text(get(prefix + "id")),
        content=text(content if content is not None else get(prefix + "entity")),
        score=number(score if score is not None else get(prefix + "distance")),
        metadata=decoded(get(prefix + "metadata")).value,
    )


KIND = Dialect("traceloop", 1, _says_kind, _explicit_kind)
DIALECT = Dialect("traceloop", 1, _matches, _facts, _previews, _conversation, content=_CONTENT)
