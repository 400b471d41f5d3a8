"""Vercel's AI SDK before its seventh version, which says the same in GenAI names: `ai.*` attributes
on a span around all steps, one a model call and one a tool call.

https://ai-sdk.dev/docs/ai-sdk-core/telemetry
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.span import Conversation, Message, Part
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.messages import parse, parts, tool_definitions
from clew.wire.previews import (
    Preview,
    fold,
    of_arguments,
    of_conversation,
    of_input,
    of_messages,
    of_output,
)
from clew.wire.values import (
    decoded,
    decoded_json,
    named_texts,
    number,
    read_counts,
    read_texts,
    records,
    text,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Attributes, Kind, Log, Span, Value
    from clew.wire.shape import Shape

_PREFIX = "ai."
_MODEL_CALLS: dict[str, Kind] = {
    "doGenerate": "llm",
    "doStream": "llm",
    "doEmbed": "embedding",
    "doRerank": "rerank",
}
_OUTER: dict[str, Kind] = {
    "ai.generateText": "agent",
    "ai.streamText": "agent",
    "ai.toolCall": "tool",
}
_TEXTS = (
    (c.AI_MODEL_PROVIDER, "provider"),
    (c.AI_MODEL_ID, "request_model"),
    (c.AI_RESPONSE_MODEL, "response_model"),
    (c.AI_RESPONSE_ID, "response_id"),
    (c.AI_TOOL_CALL_NAME, "tool_name"),
    (c.AI_TOOL_CALL_ID, "tool_call_id"),
    (c.AI_METADATA + "sessionId", "session_id"),
    (c.AI_METADATA + "userId", "user_id"),
)
_USAGE = (
    (c.AI_USAGE + "inputTokens", "input_tokens"),
    (c.AI_USAGE + "promptTokens", "input_tokens"),
    (c.AI_USAGE + "tokens", "input_tokens"),
    (c.AI_USAGE + "outputTokens", "output_tokens"),
    (c.AI_USAGE + "completionTokens", "output_tokens"),
    (c.AI_USAGE + "totalTokens", "total_tokens"),
    (c.AI_USAGE + "cachedInputTokens", "cache_read_tokens"),
    (c.AI_USAGE + "inputTokenDetails.cacheReadTokens", "cache_read_tokens"),
    (c.AI_USAGE + "inputTokenDetails.cacheWriteTokens", "cache_write_tokens"),
    (c.AI_USAGE + "reasoningTokens", "reasoning_tokens"),
    (c.AI_USAGE + "outputTokenDetails.reasoningTokens", "reasoning_tokens"),
)
_OWN_FIELDS = frozenset({"sessionId", "userId", "tags"})
_CONTENT = frozenset({_PREFIX})


def _matches(shape: Shape) -> bool:
    return c.AI_OPERATION_ID in shape.names


def _facts(span: Span, shape: Shape) -> Found:
    attributes = span.attributes
    found: Found = {}
    rules: dict[str, str] = {}
    read_texts(attributes, shape.of(_TEXTS), found)
    operation = text(attributes.get(c.AI_OPERATION_ID))
    kind = _MODEL_CALLS.get(operation.rpartition(".")[2]) or _OUTER.get(operation, "step")
    found["kind"], rules["kind"] = kind, c.AI_OPERATION_ID
    found["framework"] = "ai_sdk"
    function = text(attributes.get(c.AI_FUNCTION_ID))
    if function and kind == "agent":
        found["agent_name"] = function
    usage: Found = {}
    read_counts(attributes, shape.of(_USAGE), usage)
    if usage:
        found["usage"], rules["usage"] = usage, c.AI_USAGE
    _read_labels(attributes, shape, found)
    _read_first_chunk(attributes, found)
    finish = attributes.get(c.AI_RESPONSE_FINISH_REASON)
    if finish:
        found["finish_reasons"] = texts(finish)
    if "session_id" in found:
        rules["session_id"] = c.AI_METADATA + "sessionId"
    found["rules"] = rules
    return found


def _previews(span: Span, kind: Kind) -> Preview:
    get = span.attributes.get
    if kind == "tool":
        return Preview(
            of_arguments(get(c.AI_TOOL_CALL_ARGS)), of_output(get(c.AI_TOOL_CALL_RESULT))
        )
    asked = get(c.AI_PROMPT_MESSAGES)
    said = of_input(get(c.AI_PROMPT)) if asked is None else of_conversation(parse(asked))
    words = get(c.AI_RESPONSE_TEXT)
    return Preview(said, fold(text(words)) if words else of_messages(_answer(span.attributes)))


def _conversation(span: Span, _logs: Sequence[Log]) -> Conversation | None:
    get = span.attributes.get
    if get(c.AI_TOOL_CALL_NAME) is not None:
        return Conversation(
            input=decoded(get(c.AI_TOOL_CALL_ARGS)).value,
            output=decoded_json(get(c.AI_TOOL_CALL_RESULT)).value,
        )
    told = get(c.AI_PROMPT_TOOLS)
    return Conversation(
        messages_in=parse(get(c.AI_PROMPT_MESSAGES), source=c.AI_PROMPT_MESSAGES)
        or parse(get(c.AI_PROMPT), source=c.AI_PROMPT),
        messages_out=_answer(span.attributes),
        tools=tool_definitions([item for one in texts(told) for item in records(one)]),
    )


def _answer(attributes: Attributes) -> list[Message]:
    """The answer, whose reasoning, words and calls are attributes of their own."""
    get = attributes.get
    held: list[Part] = []
    if get(c.AI_RESPONSE_REASONING):
        held.append(Part(type="reasoning", text=text(get(c.AI_RESPONSE_REASONING))))
    words: Value = get(c.AI_RESPONSE_TEXT) or get(c.AI_RESPONSE_OBJECT)
    if words:
        held.append(Part(type="text", text=text(words)))
    calls = records(get(c.AI_RESPONSE_TOOL_CALLS))
    held += parts([{**call, "type": "tool-call"} for call in calls])
    finish = text(get(c.AI_RESPONSE_FINISH_REASON))
    told = Message(role="assistant", parts=held, source=_PREFIX + "response", finish_reason=finish)
    return [told] if held else []


def _read_labels(attributes: Attributes, shape: Shape, found: Found) -> None:
    told = named_texts(attributes, shape.under(c.AI_METADATA))
    metadata = {key: said for key, said in told.items() if key not in _OWN_FIELDS}
    if metadata:
        found["metadata"] = metadata
    if told.get("tags"):
        found["tags"] = texts(attributes[c.AI_METADATA + "tags"])
    settings = named_texts(attributes, shape.under(c.AI_SETTINGS))
    if settings:
        found["model_parameters"] = {
            name: attributes[c.AI_SETTINGS + name] for name in settings if name != "maxRetries"
        }


def _read_first_chunk(attributes: Attributes, found: Found) -> None:
    milliseconds = number(attributes.get(c.AI_RESPONSE_MS_TO_FIRST_CHUNK))
    if milliseconds is not None and milliseconds >= 0:
        found["ttft_ns"], found["stream"] = int(milliseconds * 1e6), True


DIALECT = Dialect("vercel_ai", 1, _matches, _facts, _previews, _conversation, content=_CONTENT)
