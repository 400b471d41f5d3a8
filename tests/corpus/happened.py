"""What happened in a recorded program, told by the model server and the tools themselves, and
whether the dialects understood that.

`happened.json` is written when a body is recorded and never from what the dialects make of it. What
a library doesn't send stands in its `unsent`, by aspect and with the reason; everything else must
be understood, and what is said to be unsent must really be missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from clew.analysis.usage import uncounted
from clew.pricing import price, price_span
from clew.span import Conversation, Facts, Log, Message, Span, Usage
from clew.wire.normalize import conversation, normalize_with_logs
from demo.model import Exchange, Failure, Json, input_tokens, output_tokens

ASPECTS = (
    "calls",
    "messages",
    "tool calls",
    "tools",
    "tokens",
    "counted once",
    "cost",
    "session",
    "user",
    "agent",
    "handoff",
    "prompt",
    "outcome",
)
"""What a library can be understood in, in the order of the table."""

Happened: TypeAlias = dict[str, Any]
Problems: TypeAlias = dict[str, list[str]]
_ID_DIGITS, _CALL_ID = 22, slice(24, 44)


# What happened, as it is written down.


def told_calls(exchanges: Sequence[Exchange]) -> list[Json]:
    """The model's answers, oldest first."""
    return [_told_call(exchange) for exchange in exchanges]


def _told_call(exchange: Exchange) -> Json:
    request, reply, answer_id = exchange
    asked = [_told_message(message) for message in request.messages]
    if request.body.get("instructions"):
        asked.insert(0, {"role": "system", "text": request.body["instructions"]})
    told: Json = {"model": request.model, "stream": request.stream, "messages": asked}
    if isinstance(reply, Failure):
        return {**told, "outcome": "error", "error": reply.message}
    calls = [
        {"id": f"{answer_id[_CALL_ID]}{index:02d}", "name": call.name, "arguments": call.arguments}
        for index, call in enumerate(reply.tool_calls)
    ]
    return {
        **told,
        "outcome": "refused" if reply.refusal else "success",
        "answer": answer_id[:_ID_DIGITS],
        "text": reply.text or reply.refusal,
        "tool_calls": calls,
        "usage": _told_usage(exchange, reply),
    }


def _told_usage(exchange: Exchange, reply: Any) -> Json | None:
    """Tokens as the client was told them: none in a stream that was asked without them."""
    request = exchange.request
    options = request.body.get("stream_options")
    wants_usage = isinstance(options, dict) and options.get("include_usage")
    if request.path == "/v1/chat/completions" and request.stream and not wants_usage:
        return None
    # Anthropic has no count of its own for reasoning.
    reasoning = 0 if request.path == "/v1/messages" else reply.reasoning_tokens
    return {
        "input_tokens": input_tokens(request, reply),
        "output_tokens": output_tokens(reply),
        "cache_read_tokens": reply.cached_tokens,
        "reasoning_tokens": reasoning,
    }


def _told_message(message: Json) -> Json:
    content = message.get("content")
    if isinstance(content, list):
        content = "\n".join(str(p["text"]) for p in content if isinstance(p, dict) and "text" in p)
    calls: Any = message.get("tool_calls") or []
    named = [call.get("function", call) for call in calls]
    told = {"role": message.get("role"), "text": content or ""}
    asked = [
        {"name": call["name"], "arguments": json.loads(call["arguments"] or "{}")} for call in named
    ]
    return {**told, "tool_calls": asked} if asked else told


# Whether it was understood.


def problems(happened: Happened, spans: Sequence[Span], logs: Sequence[Log]) -> Problems:
    """What the dialects misunderstand of `happened`, by aspect; empty where all is understood."""
    held = [
        _Understood(span, logs) for span in sorted(spans, key=lambda s: (s.start_ns, s.span_id))
    ]
    calls = _calls(held, spans)
    told = happened["calls"]
    found: Problems = {aspect: [] for aspect in ASPECTS}
    if len(calls) != len(told):
        found["calls"].append(f"{len(calls)} model calls, not {len(told)}")
    for index, (call, truth) in enumerate(zip(calls, told, strict=False)):
        for aspect, said in _misread(call, truth):
            found[aspect].append(f"call {index}: {said}")
    found["tools"] += _misread_tools(held, happened["tools"])
    found["agent"] += _missing(held, happened["agents"])
    found["counted once"] += _miscounted(held, told)
    found["handoff"] += _missing_handoff(held, happened.get("handoff"))
    for aspect in ("session", "user", "prompt"):
        found[aspect] += _misread_pin(held, aspect, happened.get(aspect))
    return {aspect: said for aspect, said in found.items() if said}


class _Understood:
    """A span with what the dialects understood."""

    def __init__(self, span: Span, logs: Sequence[Log]) -> None:
        own = [log for log in logs if log.span_id == span.span_id]
        self.span = span
        self.facts: Facts = normalize_with_logs(span, own)
        self.said: Conversation = conversation(span, own)


def _calls(held: list[_Understood], spans: Sequence[Span]) -> list[_Understood]:
    """The model calls, each once: of nested ones the inner, with the words of the outer where only
    that has them; of two side by side with one response id the first."""
    parents = {span.span_id: span.parent_id for span in spans}
    models = {one.span.span_id: one for one in held if one.facts.kind == "llm"}
    around = {up for model in models for up in _above(model, parents)}
    known: set[str] = set()
    calls: list[_Understood] = []
    for span_id, one in models.items():
        answer = one.facts.response_id
        if span_id in around or answer in known:
            continue
        if not (one.said.messages_in or one.said.messages_out):
            outer = (models[up] for up in _above(span_id, parents) if up in models)
            one.said = next(outer, one).said
        known |= {answer} - {""}
        calls.append(one)
    return calls


def _above(span_id: str, parents: dict[str, str]) -> Iterator[str]:
    while span_id := parents.get(span_id, ""):
        yield span_id


def _misread(call: _Understood, truth: Any) -> Iterator[tuple[str, str]]:
    facts, said = call.facts, call.said
    if facts.request_model != truth["model"] and facts.response_model != truth["model"]:
        yield "calls", f"model {facts.model!r}"
    if facts.outcome != truth["outcome"]:
        yield "outcome", f"{facts.outcome}, not {truth['outcome']}"
    heard = [*said.system, *said.messages_in]
    if (got := list(_flat(heard))) != (meant := list(_flat_told(truth["messages"]))):
        yield "messages", f"asked {got}, not {meant}"
    if truth["outcome"] == "error":
        return
    yield from _misread_answer(said.messages_out, truth)
    yield from _misread_usage(call, truth)


def _misread_answer(answers: list[Message], truth: Any) -> Iterator[tuple[str, str]]:
    parts = [part for message in answers for part in message.parts]
    text = "".join(part.text for part in parts if part.type in ("text", "refusal"))
    if text.strip() != truth["text"].strip():
        yield "messages", f"answered {text!r}, not {truth['text']!r}"
    calls = [part for part in parts if part.type == "tool_call"]
    got = [(part.name, part.arguments or {}) for part in calls]
    meant = [(call["name"], call["arguments"]) for call in truth["tool_calls"]]
    if got != meant:
        yield "tool calls", f"called {got}, not {meant}"


def _misread_usage(call: _Understood, truth: Any) -> Iterator[tuple[str, str]]:
    usage, told = call.facts.usage or Usage(), truth["usage"]
    if told is None:
        return
    for field in ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens"):
        got = getattr(usage, field)
        # Nobody needs to be told that nothing was cached.
        if got != told[field] and (got or told[field]):
            yield "tokens", f"{field} {got}, not {told[field]}"
    meant = price(
        provider=call.facts.provider,
        model=truth["model"],
        usage=Usage(**told),
        at_ns=call.span.start_ns,
    )
    cost = call.facts.cost or price_span(call.facts, call.span.start_ns)
    if cost is None or meant is None or not _near(cost.total_usd, meant.total_usd):
        yield "cost", f"{cost and cost.total_usd}, not {meant and meant.total_usd}"


class _Counted(NamedTuple):
    """A span as the counting of tokens sees it."""

    span_id: str
    parent_id: str
    kind: str
    start_ns: int
    response_id: str
    usage_scope: str
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    has_content: bool


def _counted(one: _Understood) -> _Counted:
    usage, span, facts = one.facts.usage or Usage(), one.span, one.facts
    return _Counted(
        span_id=span.span_id,
        parent_id=span.parent_id,
        kind=facts.kind,
        start_ns=span.start_ns,
        response_id=facts.response_id,
        usage_scope=usage.scope if facts.usage else "",
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost_usd=facts.cost.total_usd if facts.cost else None,
        has_content=bool(facts.output_preview),
    )


def _miscounted(held: list[_Understood], told: Sequence[Any]) -> Iterator[str]:
    """The sum of the whole recording, however many spans report a call or sum it up."""
    bearers = [_counted(one) for one in held]
    left_out = uncounted(bearers)
    got = sum(b.input_tokens or 0 for b in bearers if b.span_id not in left_out)
    meant = sum(call["usage"]["input_tokens"] for call in told if call.get("usage"))
    if got != meant:
        yield f"{got} input tokens in all, not {meant}"


def _near(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= 1e-9


def _flat(messages: Sequence[Message]) -> Iterator[tuple[str, object]]:
    """What was said, in order: words with their role, calls and results of tools."""
    for message in messages:
        words = "\n".join(part.text for part in message.parts if part.type in ("text", "refusal"))
        if words.strip():
            yield _role(message.role), words.strip()
        for part in message.parts:
            if part.type == "tool_call":
                yield "call", (part.name, part.arguments or {})
            elif part.type == "tool_call_response":
                yield "result", _result(part.response)


def _flat_told(messages: Sequence[Any]) -> Iterator[tuple[str, object]]:
    for message in messages:
        if message["role"] == "tool":
            yield "result", _result(message["text"])
        elif message["text"].strip():
            yield _role(message["role"]), message["text"].strip()
        for call in message.get("tool_calls", []):
            yield "call", (call["name"], call["arguments"])


def _role(role: str) -> str:
    return "system" if role == "developer" else role


def _result(value: Any) -> object:
    """What a tool answered: one text in a list or JSON of it is the text."""
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        value = value[0].get("text", value)
    if isinstance(value, dict) and len(value) == 1:
        return _result(*value.values())
    return value.strip() if isinstance(value, str) else value


def _misread_tools(held: list[_Understood], told: Sequence[Any]) -> Iterator[str]:
    # Tools that a library brings along (to answer, to hand over) are none of the program's.
    names = {tool["name"] for tool in told}
    tools = [one for one in held if one.facts.kind == "tool" and _tool_name(one) in names]
    got = [_tool_name(one) for one in tools]
    meant = [tool["name"] for tool in told]
    if got != meant:
        yield f"ran {got}, not {meant}"
        return
    for one, tool in zip(tools, told, strict=True):
        failed = one.facts.outcome == "error"
        if failed != tool["failed"]:
            yield f"{tool['name']} {one.facts.outcome}"
        if tool["arguments"]["city"] not in json.dumps(_plain(one.said), ensure_ascii=False):
            yield f"{tool['name']} without its arguments"
        if not tool["failed"] and tool["result"] not in _given(one.said):
            yield f"{tool['name']} gave {one.said.output!r}"


def _tool_name(one: _Understood) -> str:
    return one.facts.tool_name.rpartition(".")[2]


def _given(said: Conversation) -> str:
    """What came out of a tool: a value, or the message that it became."""
    held = [part.response or part.text for message in said.messages_out for part in message.parts]
    return json.dumps([said.output, *held], ensure_ascii=False, default=str)


def _plain(said: Conversation) -> object:
    return said.input if isinstance(said.input, (dict, list)) else str(said.input)


def _missing(held: list[_Understood], agents: Sequence[str]) -> Iterator[str]:
    known = {one.facts.agent_name for one in held if one.facts.kind == "agent"}
    yield from (f"no agent {name}" for name in agents if name not in known)


def _missing_handoff(held: list[_Understood], meant: list[str] | None) -> Iterator[str]:
    got = [[one.facts.handoff_from, one.facts.handoff_to] for one in held if one.facts.handoff_to]
    if meant and meant not in got:
        yield f"{got}, not {meant}"


def _misread_pin(held: list[_Understood], aspect: str, meant: str | None) -> Iterator[str]:
    """A value of the whole run: somebody says it, and nobody another."""
    if meant is None:
        return
    field = {"session": "session_id", "user": "user_id", "prompt": "prompt_name"}[aspect]
    got = {value for one in held if (value := getattr(one.facts, field))}
    if got != {meant}:
        yield f"{sorted(got)}, not {meant}"


def read(folder: Path) -> Happened:
    """What happened in the recording of a folder."""
    return json.loads((folder / "happened.json").read_text("utf-8"))
