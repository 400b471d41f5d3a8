"""Chat JSONL: one conversation a line, in OpenAI's shape.

A line is `{"messages": […]}`, with `tools`, `model`, `usage` and whatever else is known beside it;
or a request and its response, as the batch API writes them. Of a conversation, every message of the
assistant is a model call; of a request, only the response is: what came before was said in other
calls. What the line says besides becomes metadata.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from clew import conventions as names
from clew.score import Score
from clew.span import Attributes, Span
from clew.wire.imports import messages as made
from clew.wire.imports import openai, source
from clew.wire.imports.models import Model, model, parameters
from clew.wire.imports.record import Broken, Record, guarded, records
from clew.wire.imports.run import Run, metadata, number_score, run, span, span_id
from clew.wire.imports.times import SECOND_NS, parsed, untimed

_LATEST = 9e12
"""In milliseconds the year 2255; the nanoseconds of a span end soon after."""
_MILLISECONDS = 100_000_000_000
"""A time above this is in milliseconds: in seconds it would be the year 5138."""


class _Conversation(msgspec.Struct, kw_only=True):
    messages: list[openai.ChatMessage]
    tools: list[dict[str, object]] | None = None
    functions: list[dict[str, object]] | None = None
    model: str | None = None
    usage: openai.Usage | None = None
    id: str | int | None = None
    session_id: str | None = None
    conversation_id: str | None = None
    user: str | None = None
    user_id: str | None = None
    created: float | str | None = None
    created_at: float | str | None = None
    timestamp: float | str | None = None
    reward: float | None = None
    score: float | None = None
    scores: dict[str, float] = {}
    cost: float | None = None
    metadata: dict[str, object] | None = None


class _Choice(msgspec.Struct, kw_only=True):
    message: openai.ChatMessage
    finish_reason: str | None = None


class _Response(msgspec.Struct, kw_only=True):
    choices: list[_Choice]
    id: str | None = None
    model: str | None = None
    created: float | None = None
    usage: openai.Usage | None = None


class _Chat(msgspec.Struct, kw_only=True):
    """A line, understood: `response` is None for a bare conversation; `said` is every other key of
    the line."""

    conversation: _Conversation
    response: _Response | None
    parameters: Attributes
    said: dict[str, object]


def sniff(path: Path, head: bytes) -> bool:
    """Whether this is JSON lines of conversations, or of requests."""
    del path
    return any(line.startswith(b"{") and b'"messages"' in line for line in head.splitlines())


def read(path: Path) -> Iterator[Record | Broken]:
    """The lines, one at a time."""
    for index, line in enumerate(source.lines(path)):
        name = f"line {line.number}"
        found = _records(name, line.text, index, line.position)
        yield from guarded(name, found, line.position)


def _records(name: str, text: bytes, index: int, position: int) -> Iterator[Record]:
    chat = _chat(text)
    release = chat.conversation.model or ""
    of = run("chat", text.strip().decode("utf-8", "replace"), service="chat", release=release)
    spans = list(_spans(of, chat, index))
    end_ns = spans[0].end_ns or 0
    yield from records(name, spans, _scores(of, chat.conversation, end_ns), position)


def _chat(text: bytes) -> _Chat:
    line = msgspec.json.decode(text, type=dict[str, object])
    request = _body(line.get("request", line))
    response = line.get("response")
    return _Chat(
        conversation=msgspec.convert(request if "messages" in request else line, _Conversation),
        response=msgspec.convert(_body(response), _Response) if response else None,
        parameters=parameters(request),
        said={key: value for key, value in line.items() if key not in ("request", "response")},
    )


def _body(value: object) -> dict[str, object]:
    """A request or response, also where it stands under `body` with the HTTP around it."""
    if isinstance(value, str):
        value = msgspec.json.decode(value)
    outer = msgspec.convert(value, dict[str, object])
    inner = outer.get("body")
    return msgspec.convert(inner, dict[str, object]) if isinstance(inner, dict) else outer


def _spans(of: Run, chat: _Chat, index: int) -> Iterator[Span]:
    start_ns = _started(chat, index)
    steps = list(_steps(of, chat, start_ns))
    yield _root(of, chat, start_ns, max((step.end_ns or 0 for step in steps), default=start_ns))
    yield from steps


def _started(chat: _Chat, index: int) -> int:
    """The time that the line gives: ISO 8601, or seconds or milliseconds since the epoch."""
    given = chat.conversation
    for value in (given.created_at, given.timestamp, given.created):
        moment = parsed(value) if isinstance(value, str) else _epoch_ns(value)
        if moment is not None:
            return moment
    created = _epoch_ns(chat.response.created if chat.response else None)
    return untimed(index) if created is None else created


def _epoch_ns(value: float | None) -> int | None:
    """A number that can't be a time is none."""
    if value is None or not 0 < value < _LATEST:
        return None
    return int(value * 1_000_000) if value > _MILLISECONDS else int(value * SECOND_NS)


def _steps(of: Run, chat: _Chat, start_ns: int) -> Iterator[Span]:
    """The model calls and tools of a conversation; of a request, its one model call."""
    conversation = chat.conversation
    heard = [openai.message(said) for said in conversation.messages]
    if chat.response:
        yield _answered(of, chat, chat.response, heard, start_ns)
        return
    last = max((i for i, m in enumerate(conversation.messages) if m.role == "assistant"), default=0)
    called: dict[str, openai.ToolCall] = {}
    for index, said in enumerate(conversation.messages):
        called.update((call.id or "", call) for call in said.calls())
        if said.role == "assistant":
            yield _llm_span(
                of,
                chat,
                index=index,
                heard=heard[:index],
                output=[heard[index]],
                start_ns=start_ns + index * SECOND_NS,
                measured=_measured(conversation) if index == last else {},
            )
        elif said.role in ("tool", "function"):
            yield _tool_span(of, said, index, called, start_ns + index * SECOND_NS)


def _measured(conversation: _Conversation) -> Attributes:
    """Tokens and cost of a line are those of its last model call."""
    said = openai.usage(conversation.usage)
    if conversation.cost is not None:
        said[names.CLEW_COST_TOTAL_USD] = conversation.cost
    return said


def _answered(
    of: Run, chat: _Chat, response: _Response, heard: list[made.Message], start_ns: int
) -> Span:
    attributes: Attributes = {
        **_measured(chat.conversation),
        **openai.usage(response.usage),
        names.GEN_AI_RESPONSE_ID: response.id,
        names.GEN_AI_RESPONSE_MODEL: response.model,
        names.GEN_AI_RESPONSE_FINISH_REASONS: [
            choice.finish_reason for choice in response.choices if choice.finish_reason
        ],
    }
    output = [openai.message(choice.message) for choice in response.choices]
    return _llm_span(
        of,
        chat,
        index=len(heard),
        heard=heard,
        output=output,
        start_ns=start_ns,
        measured=attributes,
    )


def _llm_span(  # noqa: PLR0913 a model call has a place, an input, an output and what it used
    of: Run,
    chat: _Chat,
    *,
    index: int,
    heard: list[made.Message],
    output: list[made.Message],
    start_ns: int,
    measured: Attributes,
) -> Span:
    asked = model(chat.conversation.model or "")
    attributes: Attributes = {
        **_request(chat.conversation, asked),
        **chat.parameters,
        names.GEN_AI_INPUT_MESSAGES: made.joined(heard),
        names.GEN_AI_OUTPUT_MESSAGES: made.joined(output),
        **measured,
    }
    return span(
        of,
        f"message {index}",
        "chat",
        asked.name,
        start_ns=start_ns,
        end_ns=start_ns + SECOND_NS,
        parent_id=span_id(of, "root"),
        attributes=attributes,
    )


def _request(conversation: _Conversation, asked: Model) -> Attributes:
    tools = conversation.tools or conversation.functions or []
    return {
        names.GEN_AI_PROVIDER_NAME: asked.provider,
        names.GEN_AI_REQUEST_MODEL: asked.name,
        names.GEN_AI_TOOL_DEFINITIONS: made.definitions(tools) if tools else None,
    }


def _tool_span(
    of: Run,
    said: openai.ChatMessage,
    index: int,
    called: dict[str, openai.ToolCall],
    start_ns: int,
) -> Span:
    call_id = said.tool_call_id or said.name or ""
    call = called.get(call_id)
    name = said.name or (call.function.name if call else "")
    attributes: Attributes = {
        names.GEN_AI_TOOL_NAME: name,
        names.GEN_AI_TOOL_CALL_ID: call_id,
        names.GEN_AI_TOOL_CALL_RESULT: made.as_text(openai.response(said)),
    }
    if call:
        arguments = made.as_text(call.function.arguments)
        attributes[names.GEN_AI_TOOL_CALL_ARGUMENTS] = arguments
    return span(
        of,
        f"message {index}",
        "execute_tool",
        name,
        start_ns=start_ns,
        end_ns=start_ns + SECOND_NS,
        parent_id=span_id(of, "root"),
        attributes=attributes,
    )


def _root(of: Run, chat: _Chat, start_ns: int, end_ns: int) -> Span:
    given = chat.conversation
    session = given.session_id or given.conversation_id
    attributes: Attributes = {
        names.GEN_AI_AGENT_NAME: "chat",
        names.CLEW_TAGS: ["chat"],
        names.SESSION_ID: session,
        names.GEN_AI_CONVERSATION_ID: session,
        names.USER_ID: given.user_id or given.user,
        **_dialogue(chat),
        **metadata(_rest(chat)),
    }
    return span(
        of,
        "root",
        "invoke_agent",
        "chat",
        start_ns=start_ns,
        end_ns=end_ns,
        attributes=attributes,
    )


def _dialogue(chat: _Chat) -> Attributes:
    """What people and the assistant said to each other, the last answer being the output."""
    spoken = [m for m in chat.conversation.messages if m.role in ("user", "assistant")]
    spoken += [choice.message for choice in chat.response.choices[:1]] if chat.response else []
    spoken = [message for message in spoken if message.content]
    last = max((i for i, message in enumerate(spoken) if message.role == "assistant"), default=-1)
    heard = spoken[:last] if last >= 0 else spoken
    said: Attributes = {names.GEN_AI_INPUT_MESSAGES: made.joined([*map(openai.message, heard)])}
    if last >= 0:
        said[names.GEN_AI_OUTPUT_MESSAGES] = made.joined([openai.message(spoken[last])])
    return said


def _rest(chat: _Chat) -> dict[str, object]:
    known = set(_Conversation.__struct_fields__) - {"id"} | {"body"}
    rest = {key: value for key, value in chat.said.items() if key not in known}
    return {**rest, **(chat.conversation.metadata or {})}


def _scores(of: Run, given: _Conversation, time_ns: int) -> list[Score]:
    scores = {"reward": given.reward, "score": given.score, **given.scores}
    return [
        number_score(of, name, value, time_ns)
        for name, value in scores.items()
        if value is not None
    ]
