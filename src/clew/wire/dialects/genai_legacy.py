"""OpenTelemetry GenAI conventions as they were: deprecated names, indexed attributes, an event or
log record a message. All of it is still sent today.
"""

from __future__ import annotations

from itertools import count as count_up
from typing import TYPE_CHECKING

from clew import conventions as c
from clew.span import Conversation, Log, Message, Part
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.messages import arguments, content_parts, parse
from clew.wire.previews import Preview, fold, of_answer, of_messages, of_prompt
from clew.wire.values import boolean, decoded, number, read_counts, read_texts, record, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clew.span import Attributes, Event, Kind, Span, Value
    from clew.wire.shape import Shape

_TEXTS = (
    (c.GEN_AI_SYSTEM, "provider"),
    (c.GEN_AI_TOOL_CALL_ID_FLAT, "tool_call_id"),
    (c.GEN_AI_USER, "user_id"),
)
_USAGE = (
    (c.GEN_AI_USAGE_PROMPT_TOKENS, "input_tokens"),
    (c.GEN_AI_USAGE_COMPLETION_TOKENS, "output_tokens"),
    (c.GEN_AI_USAGE_TOTAL_TOKENS, "total_tokens"),
    (c.GEN_AI_USAGE_REASONING_TOKENS, "reasoning_tokens"),
    (c.GEN_AI_USAGE_DETAILS_REASONING_TOKENS, "reasoning_tokens"),
    (c.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS_FLAT, "cache_read_tokens"),
    (c.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS, "cache_write_tokens"),
    (c.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS_FLAT, "cache_write_tokens"),
    (c.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS_FLAT, "cache_write_tokens"),
)
_PARAMETERS = (
    (c.GEN_AI_OPENAI_REQUEST_SEED, "seed"),
    (c.GEN_AI_OPENAI_REQUEST_RESPONSE_FORMAT, "output_type"),
    (c.GEN_AI_OPENAI_REQUEST_SERVICE_TIER, "service_tier"),
    (c.GEN_AI_REQUEST_REASONING_EFFORT, "reasoning.level"),
    (c.GEN_AI_REQUEST_N, "choice.count"),
)
_FINISH = (
    c.GEN_AI_RESPONSE_FINISH_REASON,
    c.GEN_AI_RESPONSE_STOP_REASON,
    c.GEN_AI_COMPLETION_FINISH_REASON.format(0),
)
_COSTS = (c.OPERATION_COST, c.GEN_AI_USAGE_COST, c.GEN_AI_USAGE_TOTAL_COST)
_ENDS = frozenset(_FINISH + _COSTS)
_SIGNS = frozenset(
    {
        *(name for name, _ in _TEXTS + _USAGE + _PARAMETERS),
        *_FINISH,
        *_COSTS,
        c.GEN_AI_PROMPT,
        c.GEN_AI_COMPLETION,
        c.GEN_AI_PROMPT_ROLE.format(0),
        c.GEN_AI_PROMPT_CONTENT.format(0),
        c.GEN_AI_COMPLETION_CONTENT.format(0),
        c.GEN_AI_COMPLETION_ROLE.format(0),
        c.GEN_AI_IS_STREAMING,
        c.GEN_AI_TOOL_INPUT,
        c.GEN_AI_TOOL_OUTPUT,
    }
)
_EVENT_ROLES = {
    c.GEN_AI_EVENT_SYSTEM: "system",
    c.GEN_AI_EVENT_USER: "user",
    c.GEN_AI_EVENT_ASSISTANT: "assistant",
    c.GEN_AI_EVENT_TOOL: "tool",
    c.GEN_AI_EVENT_CHOICE: "assistant",
    c.GEN_AI_EVENT_CONTENT_PROMPT: "user",
    c.GEN_AI_EVENT_CONTENT_COMPLETION: "assistant",
}
_EVENTS = frozenset((*_EVENT_ROLES, c.GEN_AI_EVENT_CHUNK))
_ANSWERS = (c.GEN_AI_EVENT_CHOICE, c.GEN_AI_EVENT_CONTENT_COMPLETION)
_CONTENT = frozenset(
    {
        c.GEN_AI_PROMPT,
        c.GEN_AI_PROMPT + ".",
        c.GEN_AI_COMPLETION,
        c.GEN_AI_COMPLETION + ".",
        c.GEN_AI_TOOL_INPUT,
        c.GEN_AI_TOOL_OUTPUT,
        *_EVENT_ROLES,
    }
)


def _matches(shape: Shape) -> bool:
    return shape.has(_SIGNS) or not _EVENTS.isdisjoint(shape.events)


def _facts(span: Span, shape: Shape) -> Found:
    attributes = span.attributes
    found: Found = {}
    rules: dict[str, str] = {}
    read_texts(attributes, shape.of(_TEXTS), found)
    usage: Found = {}
    read_counts(attributes, shape.of(_USAGE), usage)
    if usage:
        found["usage"] = usage
        rules["usage"] = next(name for name, _ in _USAGE if name in attributes)
    parameters = {
        field: value
        for name, field in shape.of(_PARAMETERS)
        if (value := attributes[name]) is not None
    }
    if parameters:
        found["model_parameters"] = parameters
    _read_kind(span, found, rules)
    if shape.has(_ENDS):
        _read_finish(attributes, found)
        _read_cost(attributes, found, rules)
    stream = boolean(attributes.get(c.GEN_AI_IS_STREAMING))
    if stream is not None:
        found["stream"] = stream
    _read_first_chunk(span, found)
    if "provider" in found:
        rules["provider"] = c.GEN_AI_SYSTEM
    if rules:
        found["rules"] = rules
    return found


def _previews(span: Span, kind: Kind) -> Preview:
    attributes = span.attributes
    if kind == "tool":
        return Preview(
            fold(text(attributes.get(c.GEN_AI_TOOL_INPUT))),
            fold(text(attributes.get(c.GEN_AI_TOOL_OUTPUT))),
        )
    said = of_prompt(attributes.get(c.GEN_AI_PROMPT)) or _last_indexed_user(attributes)
    heard, refused = of_answer(attributes.get(c.GEN_AI_COMPLETION))
    heard = heard or of_messages(_indexed(attributes, c.GEN_AI_COMPLETION, "assistant"))
    if not (said and heard) and span.events:
        asked, answered = _last_events(span.events)
        said = said or of_messages(asked[-1:])
        heard = heard or of_messages(answered)
    return Preview(said, heard, refused)


def _conversation(span: Span, logs: Sequence[Log]) -> Conversation | None:
    attributes = span.attributes
    messages_in = parse(attributes.get(c.GEN_AI_PROMPT), source=c.GEN_AI_PROMPT)
    messages_out = parse(
        attributes.get(c.GEN_AI_COMPLETION), source=c.GEN_AI_COMPLETION, role="assistant"
    )
    messages_in = messages_in or _indexed(attributes, c.GEN_AI_PROMPT, "user")
    messages_out = messages_out or _indexed(attributes, c.GEN_AI_COMPLETION, "assistant")
    for told in (map(_event_message, span.events), map(_log_message, logs)):
        if not (messages_in and messages_out):
            more_in, more_out = _told(told)
            messages_in = messages_in or more_in
            messages_out = messages_out or more_out
    return Conversation(
        messages_in=messages_in,
        messages_out=messages_out,
        input=decoded(attributes.get(c.GEN_AI_TOOL_INPUT)).value,
        output=decoded(attributes.get(c.GEN_AI_TOOL_OUTPUT)).value,
    )


def _read_kind(span: Span, found: Found, rules: dict[str, str]) -> None:
    """A span that names a model and its vendor is a model call, also without an operation."""
    attributes = span.attributes
    if c.GEN_AI_OPERATION_NAME in attributes or c.GEN_AI_REQUEST_MODEL not in attributes:
        return
    if c.GEN_AI_SYSTEM in attributes or found.get("usage"):
        found["kind"] = "embedding" if "embed" in span.name.lower() else "llm"
        rules["kind"] = c.GEN_AI_REQUEST_MODEL


def _read_finish(attributes: Attributes, found: Found) -> None:
    for name in _FINISH:
        value = attributes.get(name)
        if value:
            found["finish_reasons"] = texts(value)
            return


def _read_cost(attributes: Attributes, found: Found, rules: dict[str, str]) -> None:
    for name in _COSTS:
        amount = number(attributes.get(name))
        if amount is not None:
            found["cost"] = {"total_usd": amount, "source": "client"}
            rules["cost"] = name
            return


def _read_first_chunk(span: Span, found: Found) -> None:
    for event in span.events:
        if event.name == c.GEN_AI_EVENT_CHUNK and event.time_ns >= span.start_ns:
            found["ttft_ns"] = event.time_ns - span.start_ns
            return


# `gen_ai.prompt.{i}.*` and `gen_ai.completion.{i}.*`


def _last_indexed_user(attributes: Attributes) -> str:
    last = ""
    for index in count_up():
        role = attributes.get(f"{c.GEN_AI_PROMPT}.{index}.role")
        content = attributes.get(f"{c.GEN_AI_PROMPT}.{index}.content")
        if role is None and content is None:
            break
        if content and role in (None, "user", "human"):
            last = text(content)
    if not last:
        return of_messages(_indexed(attributes, c.GEN_AI_PROMPT, "user")[-1:])
    return of_messages([Message(role="user", parts=content_parts(last))])


def _indexed(attributes: Attributes, prefix: str, role: str) -> list[Message]:
    start = len(prefix) + 1
    found: dict[int, Attributes] = {}
    for name, value in attributes.items():
        # The digits matter: gen_ai.prompt.name is a current attribute of another meaning.
        if name.startswith(prefix) and name[start : start + 1].isdecimal():
            index, _, field = name[start:].partition(".")
            if index.isdecimal():
                found.setdefault(int(index), {})[field] = value
    return [_indexed_message(found[index], role, f"{prefix}.{index}") for index in sorted(found)]


def _indexed_message(fields: Attributes, role: str, source: str) -> Message:
    said = text(fields.get("role")) or role
    content = fields.get("content")
    if said == "tool" or fields.get("tool_call_id"):
        held = [
            Part(
                type="tool_call_response",
                id=text(fields.get("tool_call_id")),
                response=content,
            )
        ]
    else:
        held = [*content_parts(content), *_indexed_calls(fields)]
    return Message(
        role=said, parts=held, source=source, finish_reason=text(fields.get("finish_reason"))
    )


def _indexed_calls(fields: Attributes) -> Iterable[Part]:
    for index in count_up():
        base = f"tool_calls.{index}."
        name = fields.get(base + "name") or fields.get(base + "function.name")
        given = fields.get(base + "arguments") or fields.get(base + "function.arguments")
        if name is None and given is None:
            return
        yield Part(
            type="tool_call",
            id=text(fields.get(base + "id")),
            name=text(name),
            arguments=arguments(given),
        )


# One event or log record a message.


def _told(messages: Iterable[tuple[str, list[Message]]]) -> tuple[list[Message], list[Message]]:
    messages_in: list[Message] = []
    messages_out: list[Message] = []
    for name, held in messages:
        (messages_out if name in _ANSWERS else messages_in).extend(held)
    return messages_in, messages_out


def _last_events(events: Sequence[Event]) -> tuple[list[Message], list[Message]]:
    """What was asked last and what was answered. No other event is read: each repeats a message of
    the conversation so far."""
    named = [(event, event.name) for event in events if event.name in _EVENT_ROLES]
    answers = [event for event, name in named if name in _ANSWERS]
    before = [event for event, name in named if name not in _ANSWERS]
    users = [event for event in before if _EVENT_ROLES[event.name] == "user"]
    asked = users[-1:] or before[-1:]
    return _told(map(_event_message, asked))[0], _told(map(_event_message, answers))[1]


def _event_message(event: Event) -> tuple[str, list[Message]]:
    if event.name not in _EVENT_ROLES:
        return event.name, []
    whole = event.attributes.get(c.GEN_AI_EVENT_CONTENT)
    return event.name, _body_messages(event.name, event.attributes if whole is None else whole)


def _log_message(log: Log) -> tuple[str, list[Message]]:
    name = log.event_name or text(log.attributes.get(c.EVENT_NAME))
    if name not in _EVENT_ROLES:
        return name, []
    whole = log.attributes.get(c.GEN_AI_EVENT_CONTENT)
    body = log.body if log.body is not None else log.attributes if whole is None else whole
    return name, _body_messages(name, body)


def _body_messages(name: str, body: Value) -> list[Message]:
    role = _EVENT_ROLES[name]
    if name == c.GEN_AI_EVENT_CONTENT_PROMPT:
        return parse(record(body).get(c.GEN_AI_PROMPT), source=name, role=role)
    if name == c.GEN_AI_EVENT_CONTENT_COMPLETION:
        return parse(record(body).get(c.GEN_AI_COMPLETION), source=name, role=role)
    fields = record(body)
    if not fields:
        return parse(body, source=name, role=role)
    if not any(key in fields for key in ("content", "message", "tool_calls", "parts")):
        return []
    return parse([_with_role(fields, role)], source=name, role=role)


def _with_role(fields: Attributes, role: str) -> Value:
    """The body as a message; that of a choice is inside it, sometimes as JSON or as mere text."""
    message = fields.get("message")
    inner: Value = record(message)
    if inner:
        return {**fields, "message": {"role": role, **record(message)}}
    content = fields.get("content") if message is None else message
    call_id = fields.get("tool_call_id") or (fields.get("id") if role == "tool" else None)
    said: Attributes = {**fields, "role": fields.get("role") or role, "content": content}
    return {**said, "tool_call_id": call_id} if call_id else said


DIALECT = Dialect("genai_legacy", 1, _matches, _facts, _previews, _conversation, content=_CONTENT)
