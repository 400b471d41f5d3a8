"""Langfuse's clients: observations with a type, content, usage and cost as JSON, a prompt, and the
labels of the trace on every span.

https://langfuse.com/integrations/native/opentelemetry
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from clew import conventions as c
from clew.span import Conversation
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.messages import parse, tool_definitions
from clew.wire.previews import Preview, of_answer, of_arguments, of_input, of_output
from clew.wire.values import count, decoded, named_texts, number, read_texts, record, text, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Attributes, Kind, Log, Span, Value
    from clew.wire.shape import Shape

_PREFIX = "langfuse."
_KINDS: dict[str, Kind] = {
    "generation": "llm",
    "embedding": "embedding",
    "agent": "agent",
    "tool": "tool",
    "chain": "step",
    "retriever": "retrieval",
    "evaluator": "evaluation",
    "guardrail": "guardrail",
}
_TEXTS = (
    (c.LANGFUSE_MODEL_NAME, "request_model"),
    (c.LANGFUSE_PROMPT_NAME, "prompt_name"),
    (c.LANGFUSE_PROMPT_VERSION, "prompt_version"),
    (c.LANGFUSE_SESSION_ID, "session_id"),
    (c.LANGFUSE_USER_ID, "user_id"),
    (c.LANGFUSE_TRACE_NAME, "workflow_name"),
    (c.LANGFUSE_ENVIRONMENT, "environment"),
    (c.LANGFUSE_RELEASE, "release"),
    (c.LANGFUSE_STATUS_MESSAGE, "error_message"),
)
_RULED = (
    (c.LANGFUSE_MODEL_NAME, "model"),
    (c.LANGFUSE_PROMPT_NAME, "prompt"),
    (c.LANGFUSE_USAGE_DETAILS, "usage"),
    (c.LANGFUSE_COST_DETAILS, "cost"),
)
_LEVELS = {"DEBUG": "debug", "DEFAULT": "info", "WARNING": "warning", "ERROR": "error"}
_INPUT = ("input", "prompt_tokens", "input_tokens", "promptTokens")
_OUTPUT = ("output", "completion_tokens", "output_tokens", "completionTokens")
_TOTAL = ("total", "total_tokens", "totalTokens")
_CACHE_READ = ("input_cached_tokens", "cache_read_input_tokens", "input_cache_read")
_CACHE_WRITE = ("input_cache_creation", "cache_creation_input_tokens")
_REASONING = ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens")
_COST = (("input", "input_usd"), ("output", "output_usd"), ("total", "total_usd"))
_CONTENT = frozenset({c.LANGFUSE_INPUT, c.LANGFUSE_OUTPUT})


def _matches(shape: Shape) -> bool:
    return shape.speaks(_PREFIX)


def _facts(span: Span, shape: Shape) -> Found:
    attributes = span.attributes
    found: Found = {}
    rules = {field: name for name, field in shape.of(_RULED)}
    read_texts(attributes, shape.of(_TEXTS), found)
    if span.status != "error" and attributes.get(c.LANGFUSE_LEVEL) != "ERROR":
        found.pop("error_message", None)
    kind = _KINDS.get(text(attributes.get(c.LANGFUSE_TYPE)))
    if kind:
        found["kind"], rules["kind"] = kind, c.LANGFUSE_TYPE
    if kind in ("agent", "tool"):
        found[f"{kind}_name"] = span.name
    _read_labels(attributes, shape, found)
    usage = _usage(record(attributes.get(c.LANGFUSE_USAGE_DETAILS)))
    if usage:
        found["usage"] = usage
    _read_cost(attributes, found)
    _read_first_token(span, found)
    if rules:
        found["rules"] = rules
    return found


def _previews(span: Span, kind: Kind) -> Preview:
    said = span.attributes.get(c.LANGFUSE_INPUT)
    heard = span.attributes.get(c.LANGFUSE_OUTPUT)
    if kind == "tool":
        return Preview(of_arguments(said), of_output(heard))
    if kind == "llm" and heard is not None:
        return Preview(of_input(said), *of_answer(heard))
    return Preview(of_input(said), of_output(heard))


def _conversation(span: Span, _logs: Sequence[Log]) -> Conversation | None:
    attributes = span.attributes
    said = decoded(attributes.get(c.LANGFUSE_INPUT)).value
    heard = decoded(attributes.get(c.LANGFUSE_OUTPUT)).value
    if attributes.get(c.LANGFUSE_TYPE) != "generation":
        return Conversation(input=said, output=heard)
    offered: list[Value] = []
    if isinstance(said, list):
        # Its LangChain handler lists the tools among the messages.
        offered = [item["content"] for item in said if isinstance(item, dict) and _is_tool(item)]
        said = [item for item in said if not _is_tool(item)]
    return Conversation(
        messages_in=parse(said, source=c.LANGFUSE_INPUT),
        messages_out=parse(heard, source=c.LANGFUSE_OUTPUT, role="assistant"),
        tools=tool_definitions(offered or record(said).get("tools")),
    )


def _is_tool(item: Value) -> bool:
    if not isinstance(item, dict) or item.get("role") != "tool":
        return False
    content = item.get("content")
    return isinstance(content, dict) and content.get("type") == "function"


def _read_labels(attributes: Attributes, shape: Shape, found: Found) -> None:
    level = _LEVELS.get(text(attributes.get(c.LANGFUSE_LEVEL)))
    if level:
        found["level"] = level
        if level == "error":
            found["outcome"] = "error"
    if c.LANGFUSE_TAGS in attributes:
        found["tags"] = texts(attributes[c.LANGFUSE_TAGS])
    told = {
        **named_texts(attributes, shape.under(c.LANGFUSE_TRACE_METADATA)),
        **named_texts(attributes, shape.under(c.LANGFUSE_METADATA)),
    }
    if told:
        # Its fifth version writes every value as JSON, the earlier ones strings as they are.
        found["metadata"] = {key: _unquoted(said) for key, said in told.items()}
    parameters = record(attributes.get(c.LANGFUSE_MODEL_PARAMETERS))
    if parameters:
        found["model_parameters"] = parameters


def _unquoted(said: str) -> str:
    return said[1:-1] if len(said) > 1 and said[0] == said[-1] == '"' else said


def _usage(told: dict[str, Value]) -> Found:
    """Its own kinds of tokens add up to the total; those of a provider are parts of each other."""
    fields = {
        "input_tokens": _first(told, _INPUT),
        "output_tokens": _first(told, _OUTPUT),
        "total_tokens": _first(told, _TOTAL),
        "cache_read_tokens": _first(told, _CACHE_READ),
        "cache_write_tokens": _first(told, _CACHE_WRITE),
        "reasoning_tokens": _first(told, _REASONING),
    }
    usage = {field: tokens for field, tokens in fields.items() if tokens is not None}
    if "input" in told and usage.get("total_tokens") != (
        usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    ):
        cached = usage.get("cache_read_tokens", 0) + usage.get("cache_write_tokens", 0)
        usage["input_tokens"] = usage.get("input_tokens", 0) + cached
        usage["output_tokens"] = usage.get("output_tokens", 0) + usage.get("reasoning_tokens", 0)
    for details, name, field in (
        ("prompt_tokens_details", "cached_tokens", "cache_read_tokens"),
        ("input_tokens_details", "cached_tokens", "cache_read_tokens"),
        ("completion_tokens_details", "reasoning_tokens", "reasoning_tokens"),
        ("output_tokens_details", "reasoning_tokens", "reasoning_tokens"),
    ):
        tokens = count(record(told.get(details)).get(name))
        if tokens is not None:
            usage[field] = tokens
    return usage


def _first(told: dict[str, Value], names: Sequence[str]) -> int | None:
    return next((tokens for n in names if (tokens := count(told.get(n))) is not None), None)


def _read_cost(attributes: Attributes, found: Found) -> None:
    told = record(attributes.get(c.LANGFUSE_COST_DETAILS))
    cost = {
        field: amount for name, field in _COST if (amount := number(told.get(name))) is not None
    }
    if cost:
        found["cost"] = {**cost, "source": "client"}


def _read_first_token(span: Span, found: Found) -> None:
    """The time of the first token is absolute, in older versions inside quotes of JSON."""
    told = text(span.attributes.get(c.LANGFUSE_COMPLETION_START_TIME)).strip('"')
    if not told:
        return
    try:
        at_ns = int(datetime.fromisoformat(told).timestamp() * 1e9)
    except ValueError:
        return
    if at_ns >= span.start_ns:
        found["ttft_ns"] = at_ns - span.start_ns


DIALECT = Dialect("langfuse", 1, _matches, _facts, _previews, _conversation, content=_CONTENT)
