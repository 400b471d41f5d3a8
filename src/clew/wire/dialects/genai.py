"""OpenTelemetry GenAI conventions, as they are now: attributes, details events, evaluations.

https://github.com/open-telemetry/semantic-conventions-genai
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from clew import conventions as c
from clew.score import Score
from clew.span import Conversation, Document, Log, Message
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.messages import content_parts, parse, recognised, tool_definitions
from clew.wire.previews import Preview, fold, of_answer, of_arguments, of_output, of_prompt
from clew.wire.values import (
    boolean,
    count,
    decoded,
    duration_ns,
    named_texts,
    number,
    read_counts,
    read_texts,
    records,
    text,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clew.span import Attributes, Kind, Span, Value
    from clew.wire.shape import Shape

_SIGNS = frozenset(
    {
        c.GEN_AI_OPERATION_NAME,
        c.GEN_AI_PROVIDER_NAME,
        c.GEN_AI_REQUEST_MODEL,
        c.GEN_AI_CONVERSATION_ID,
        c.GEN_AI_AGENT_NAME,
        c.GEN_AI_TOOL_NAME,
        c.GEN_AI_INPUT_MESSAGES,
        c.GEN_AI_OUTPUT_MESSAGES,
        c.GEN_AI_USAGE_INPUT_TOKENS,
        c.GEN_AI_USAGE_OUTPUT_TOKENS,
        c.GEN_AI_PROMPT_NAME,
        c.GEN_AI_WORKFLOW_NAME,
        c.MCP_METHOD_NAME,
    }
)
_KINDS: dict[str, Kind] = {
    "chat": "llm",
    "generate_content": "llm",
    "text_completion": "llm",
    "completion": "llm",
    "llm_call": "llm",
    "llm_request": "llm",
    "responses": "llm",
    "image_generation": "llm",
    "speech": "llm",
    "transcription": "llm",
    "embeddings": "embedding",
    "embedding": "embedding",
    "rerank": "rerank",
    "retrieval": "retrieval",
    "retrieve": "retrieval",
    "vector_db_retrieve": "retrieval",
    "execute_tool": "tool",
    "tool_call": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "agent_call": "agent",
    "user_prompt": "agent",
    "invoke_workflow": "workflow",
    "invoke_swarm": "workflow",
    "invoke_graph": "workflow",
    "plan": "plan",
    "handoff": "handoff",
    "guard": "guardrail",
    "guardrail.run": "guardrail",
    "execute_guardrail": "guardrail",
    "evaluate": "evaluation",
    "execute_event_loop_cycle": "step",
    "execute_task": "step",
    "execute_method": "step",
    "invoke_node": "step",
    "agent_step": "step",
    "fetch_response": "other",
}
_TEXTS = {
    c.GEN_AI_PROVIDER_NAME: "provider",
    c.GEN_AI_REQUEST_MODEL: "request_model",
    c.GEN_AI_RESPONSE_MODEL: "response_model",
    c.GEN_AI_RESPONSE_ID: "response_id",
    c.GEN_AI_CONVERSATION_ID: "session_id",
    c.GEN_AI_AGENT_NAME: "agent_name",
    c.GEN_AI_AGENT_ID: "agent_id",
    c.GEN_AI_AGENT_VERSION: "agent_version",
    c.GEN_AI_AGENT_DESCRIPTION: "agent_description",
    c.GEN_AI_WORKFLOW_NAME: "workflow_name",
    c.GEN_AI_TOOL_NAME: "tool_name",
    c.GEN_AI_TOOL_TYPE: "tool_type",
    c.GEN_AI_TOOL_CALL_ID: "tool_call_id",
    c.GEN_AI_TOOL_DESCRIPTION: "tool_description",
    c.GEN_AI_PROMPT_NAME: "prompt_name",
    c.GEN_AI_PROMPT_VERSION: "prompt_version",
    c.MCP_METHOD_NAME: "mcp_method",
}
_USAGE = (
    ("input_tokens", "input_tokens"),
    ("output_tokens", "output_tokens"),
    ("cache_read.input_tokens", "cache_read_tokens"),
    ("cache_write.input_tokens", "cache_write_tokens"),
    ("reasoning.output_tokens", "reasoning_tokens"),
    ("audio.input_tokens", "audio_input_tokens"),
    ("audio.output_tokens", "audio_output_tokens"),
    ("image.input_tokens", "image_input_tokens"),
)
_LEAF_USAGE = {c.GEN_AI_USAGE + name: field for name, field in _USAGE}
_AGGREGATED_USAGE = tuple((c.GEN_AI_AGGREGATED_USAGE + name, field) for name, field in _USAGE)
_PARAMETERS = {
    c.GEN_AI_REQUEST_TEMPERATURE: "temperature",
    c.GEN_AI_REQUEST_MAX_TOKENS: "max_tokens",
    c.GEN_AI_REQUEST_TOP_P: "top_p",
    c.GEN_AI_REQUEST_TOP_K: "top_k",
    c.GEN_AI_REQUEST_FREQUENCY_PENALTY: "frequency_penalty",
    c.GEN_AI_REQUEST_PRESENCE_PENALTY: "presence_penalty",
    c.GEN_AI_REQUEST_STOP_SEQUENCES: "stop_sequences",
    c.GEN_AI_REQUEST_SEED: "seed",
    c.GEN_AI_REQUEST_CHOICE_COUNT: "choice.count",
    c.GEN_AI_REQUEST_REASONING_LEVEL: "reasoning.level",
    c.GEN_AI_REQUEST_ENCODING_FORMATS: "encoding_formats",
    c.GEN_AI_OUTPUT_TYPE: "output_type",
    c.OPENAI_REQUEST_SERVICE_TIER: "service_tier",
}
_RULED = (
    (c.GEN_AI_REQUEST_MODEL, "model"),
    (c.GEN_AI_RESPONSE_MODEL, "model"),
    (c.GEN_AI_CONVERSATION_ID, "session_id"),
    (c.GEN_AI_PROMPT_VERSION, "prompt"),
    (c.GEN_AI_PROMPT_NAME, "prompt"),
    (c.GEN_AI_PROVIDER_NAME, "provider"),
    (c.GEN_AI_USAGE_COST_AMOUNT, "cost"),
)
"""Attributes that decide a field; of several the last one that is there."""
_FIRST_CHUNK = (
    (c.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, 1.0),
    (c.GEN_AI_CLIENT_TIME_TO_FIRST_CHUNK, 1.0),
    # As an attribute only Strands sends it, in milliseconds.
    (c.GEN_AI_SERVER_TIME_TO_FIRST_TOKEN, 1e-3),
)
_CALL_SIGNS = frozenset(
    {
        c.GEN_AI_RESPONSE_FINISH_REASONS,
        c.GEN_AI_REQUEST_STREAM,
        c.GEN_AI_REQUEST_ATTEMPT,
        c.GEN_AI_RESPONSE_STATUS,
        c.GEN_AI_TOOL_STATUS,
        *(name for name, _ in _FIRST_CHUNK),
    }
)
_OUTCOMES = {
    "failed": "error",
    "cancelled": "cancelled",
    "requires_action": "waiting",
}
"""States of a response or run that end a call without an error of its own."""
_FAILED_TOOL = frozenset({"error", "failed", "failure"})
_CONTENT = frozenset(
    {
        c.GEN_AI_TOOL_CALL_ARGUMENTS,
        c.GEN_AI_TOOL_CALL_RESULT,
        c.GEN_AI_INPUT_MESSAGES,
        c.GEN_AI_OUTPUT_MESSAGES,
        c.GEN_AI_RETRIEVAL_QUERY_TEXT,
        c.GEN_AI_MEMORY_QUERY_TEXT,
        c.GEN_AI_EVENT_DETAILS,
    }
)


def _matches(shape: Shape) -> bool:
    return shape.has(_SIGNS) or c.GEN_AI_EVENT_DETAILS in shape.events


def _facts(span: Span, shape: Shape) -> Found:
    attributes = span.attributes
    found: Found = {}
    usage: Found = {}
    parameters: Found = {}
    read_texts(attributes, shape.sent(_TEXTS), found)
    read_counts(attributes, shape.sent(_LEAF_USAGE), usage)
    for name, field in shape.sent(_PARAMETERS):
        value = attributes[name]
        if value is not None and value != "":
            parameters[field] = value
    if parameters:
        found["model_parameters"] = parameters
    rules = {field: name for name, field in shape.of(_RULED)}
    _read_kind(attributes, found, rules)
    _read_usage(attributes, usage, found, rules)
    if shape.has(_CALL_SIGNS):
        _read_call(span, found)
    if "prompt_name" in found:
        variables = named_texts(attributes, shape.under(c.GEN_AI_PROMPT_VARIABLE))
        if variables:
            found["prompt_variables"] = variables
    if rules:
        found["rules"] = rules
    return found


def _previews(span: Span, kind: Kind) -> Preview:
    if kind in ("tool", "mcp"):
        return Preview(
            of_arguments(span.attributes.get(c.GEN_AI_TOOL_CALL_ARGUMENTS)),
            of_output(span.attributes.get(c.GEN_AI_TOOL_CALL_RESULT)),
        )
    said = heard = ""
    refused = False
    for attributes in _sources(span, ()):
        query = attributes.get(c.GEN_AI_RETRIEVAL_QUERY_TEXT) or attributes.get(
            c.GEN_AI_MEMORY_QUERY_TEXT
        )
        if not said:
            said = (
                of_prompt(attributes.get(c.GEN_AI_INPUT_MESSAGES))
                if query is None
                else fold(text(query))
            )
        if not heard:
            heard, refused = of_answer(attributes.get(c.GEN_AI_OUTPUT_MESSAGES))
    return Preview(said, heard, refused)


def _conversation(span: Span, logs: Sequence[Log]) -> Conversation | None:
    built = Conversation(
        input=decoded(span.attributes.get(c.GEN_AI_TOOL_CALL_ARGUMENTS)).value,
        output=decoded(span.attributes.get(c.GEN_AI_TOOL_CALL_RESULT)).value,
    )
    for attributes in _sources(span, logs):
        _read_content(attributes, built)
    return built


def _scores(source: Span | Log) -> list[Score]:
    """Scores of `gen_ai.evaluation.result`, from a log record or from the events of a span."""
    if isinstance(source, Log):
        name = source.event_name or text(source.attributes.get(c.EVENT_NAME))
        held = [(name, source.attributes, source.time_ns or source.observed_ns)]
    else:
        held = [(event.name, event.attributes, event.time_ns) for event in source.events]
    return [
        _score(attributes, source.trace_id, source.span_id, time_ns)
        for name, attributes, time_ns in held
        if name == c.GEN_AI_EVENT_EVALUATION and attributes.get(c.GEN_AI_EVALUATION_NAME)
    ]


def _read_kind(attributes: Attributes, found: Found, rules: dict[str, str]) -> None:
    operation = attributes.get(c.GEN_AI_OPERATION_NAME)
    if isinstance(operation, str):
        kind = _KINDS.get(operation.lower())
        if kind is None and "memory" in operation:
            kind = "memory"
        if kind is not None:
            found["kind"] = kind
            rules["kind"] = c.GEN_AI_OPERATION_NAME
    if "kind" not in found and "mcp_method" in found:
        found["kind"] = "mcp"
        rules["kind"] = c.MCP_METHOD_NAME


def _read_usage(attributes: Attributes, usage: Found, found: Found, rules: dict[str, str]) -> None:
    # The spec forbids usage on a fetch of a stored response; who sends it would count it twice.
    if attributes.get(c.GEN_AI_OPERATION_NAME) == "fetch_response":
        return
    if usage:
        rules["usage"] = c.GEN_AI_USAGE_INPUT_TOKENS
    else:
        read_counts(attributes, _AGGREGATED_USAGE, usage)
        if usage:
            usage["scope"] = "aggregate"
            rules["usage"] = c.GEN_AI_AGGREGATED_USAGE + "input_tokens"
    if usage:
        found["usage"] = usage
    if c.GEN_AI_USAGE_COST_AMOUNT not in attributes:
        return
    currency = attributes.get(c.GEN_AI_USAGE_COST_CURRENCY, "USD")
    amount = number(attributes.get(c.GEN_AI_USAGE_COST_AMOUNT))
    if amount is not None and currency == "USD":
        found["cost"] = {"total_usd": amount, "source": "client"}


def _read_call(span: Span, found: Found) -> None:
    """What only calls of models and tools say: finish, timing, failure."""
    attributes = span.attributes
    finish = attributes.get(c.GEN_AI_RESPONSE_FINISH_REASONS)
    if finish:
        found["finish_reasons"] = texts(finish)
    stream = boolean(attributes.get(c.GEN_AI_REQUEST_STREAM))
    if stream is not None:
        found["stream"] = stream
    attempt = count(attributes.get(c.GEN_AI_REQUEST_ATTEMPT))
    if attempt:
        found["retries"] = attempt - 1
    _read_time_to_first_chunk(span, found)
    outcome = _OUTCOMES.get(text(attributes.get(c.GEN_AI_RESPONSE_STATUS)))
    if outcome:
        found["outcome"] = outcome
    if text(attributes.get(c.GEN_AI_TOOL_STATUS)) in _FAILED_TOOL:
        found["tool_is_error"] = True


def _read_time_to_first_chunk(span: Span, found: Found) -> None:
    limit = None if span.end_ns is None else span.end_ns - span.start_ns
    for name, unit_s in _FIRST_CHUNK:
        value = span.attributes.get(name)
        if value is not None:
            seconds = number(value)
            ttft_ns = duration_ns(None if seconds is None else seconds * unit_s, limit)
            if ttft_ns is not None:
                found["ttft_ns"] = ttft_ns
                return


def _sources(span: Span, logs: Sequence[Log]) -> Iterator[Attributes]:
    """Where content may be: the span, its details events, its details log records."""
    yield span.attributes
    for event in span.events:
        if event.name == c.GEN_AI_EVENT_DETAILS:
            yield event.attributes
    for log in logs:
        if c.GEN_AI_EVENT_DETAILS in (log.event_name, log.attributes.get(c.EVENT_NAME)):
            yield {**log.body, **log.attributes} if isinstance(log.body, dict) else log.attributes


def _read_content(attributes: Attributes, built: Conversation) -> None:
    """Fill what is still empty from one source of content."""
    get = attributes.get
    if not built.messages_in:
        built.messages_in = parse(get(c.GEN_AI_INPUT_MESSAGES), source=c.GEN_AI_INPUT_MESSAGES)
    if not built.messages_out:
        built.messages_out = parse(
            get(c.GEN_AI_OUTPUT_MESSAGES), source=c.GEN_AI_OUTPUT_MESSAGES, role="assistant"
        )
    built.system = built.system or _system(get(c.GEN_AI_SYSTEM_INSTRUCTIONS))
    built.tools = built.tools or tool_definitions(get(c.GEN_AI_TOOL_DEFINITIONS))
    built.documents = built.documents or [
        _document(item)
        for name in (c.GEN_AI_RETRIEVAL_DOCUMENTS, c.GEN_AI_MEMORY_RECORDS)
        for item in records(get(name))
    ]
    if built.input is None:
        built.input = get(c.GEN_AI_RETRIEVAL_QUERY_TEXT) or get(c.GEN_AI_MEMORY_QUERY_TEXT)


def _system(value: Value) -> list[Message]:
    if not value:
        return []
    instructions, truncated = decoded(value)
    said = recognised(instructions, source=c.GEN_AI_SYSTEM_INSTRUCTIONS, role="system")
    if said:
        return said
    held = content_parts(instructions)
    return [
        Message(role="system", parts=held, source=c.GEN_AI_SYSTEM_INSTRUCTIONS, truncated=truncated)
    ]


def _document(item: dict[str, Value]) -> Document:
    known = ("id", "content", "text", "score")
    content = item.get("content") if item.get("content") is not None else item.get("text")
    rest = {key: value for key, value in item.items() if key not in known}
    return Document(
        id=text(item.get("id")),
        content=text(content),
        score=number(item.get("score")),
        metadata=rest or None,
    )


def _score(attributes: Attributes, trace_id: str, span_id: str, time_ns: int) -> Score:
    name = text(attributes.get(c.GEN_AI_EVALUATION_NAME))
    value = number(attributes.get(c.GEN_AI_EVALUATION_SCORE_VALUE))
    label = text(attributes.get(c.GEN_AI_EVALUATION_SCORE_LABEL))
    key = f"{trace_id}:{span_id}:{name}:{text(attributes.get(c.GEN_AI_RESPONSE_ID))}:{time_ns}"
    return Score(
        score_id=hashlib.blake2b(key.encode(), digest_size=16).hexdigest(),
        name=name,
        data_type="category" if value is None else "number",
        value=value,
        label=label,
        comment=text(attributes.get(c.GEN_AI_EVALUATION_EXPLANATION)),
        trace_id=trace_id,
        span_id=span_id,
        time_ns=time_ns,
    )


DIALECT = Dialect("genai", 1, _matches, _facts, _previews, _conversation, _scores, content=_CONTENT)
