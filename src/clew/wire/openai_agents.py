"""What the OpenAI Agents SDK sends to its own ingest endpoint → spans.

    {"data": [{"object": "trace", …} | {"object": "trace.span", …}, …]}

A trace has a name but no times, and its spans come in several bodies, in the order in which they
end. So every body tells the run's root span anew, as far as it knows it; where what was told of a
span earlier is merged with what is told later, that adds up.
https://openai.github.io/openai-agents-python/tracing/
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import xxhash

from clew import conventions as c
from clew.errors import BadInput
from clew.span import Attributes, Resource, Scope, Span, Value
from clew.wire.limits import Decoded, Findings, Limits, bounded
from clew.wire.values import decoded, encode_json, record, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SCOPE = Scope(name="openai-agents")
_RESOURCE = Resource(attributes={"telemetry.sdk.name": "openai-agents"})
_OWN = "openai_agents."
"""How names begin of what has no word in the conventions."""
_TRACE_CHARS = 32
_SPAN_CHARS = 16
_TRIPPED = "Guardrail tripwire triggered"
_ROOT = "trace"
_UNKNOWN: tuple[Value, ...] = (None, "", [], {})
_DEFAULT_LIMITS = Limits()


class _Error(msgspec.Struct):
    message: str = ""
    data: dict[str, Value] | None = None


class _Item(msgspec.Struct):
    """A trace or a span of one: both have the ids, each its own part of the rest."""

    id: str
    object: str = ""
    workflow_name: str | None = None
    group_id: str | None = None
    metadata: dict[str, Value] | None = None
    trace_id: str = ""
    parent_id: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    span_data: dict[str, Value] | None = None
    error: _Error | None = None


class _Body(msgspec.Struct):
    data: list[msgspec.Raw]


_body = msgspec.json.Decoder(_Body).decode
_item = msgspec.json.Decoder(_Item).decode


def decode(body: bytes, limits: Limits = _DEFAULT_LIMITS) -> Decoded:
    """The spans of a body. BadInput if it can't be decoded at all; an item that can't be read, or a
    span without a start, is rejected."""
    findings = Findings()
    raws = _items(body)
    if len(raws) > limits.items:
        raise BadInput(f"more than {limits.items} items in one request: send smaller batches")
    items = [item for raw in raws if (item := _read(raw, findings)) is not None]
    spans = [_span(item) for item in items if item.object == "trace.span"]
    spans += _roots(items, spans)
    return Decoded(
        spans=[_within(span, limits, findings) for span in spans],
        rejected=findings.rejected,
        messages=findings.messages(),
    )


def _items(body: bytes) -> list[msgspec.Raw]:
    try:
        return _body(body).data
    except (msgspec.MsgspecError, UnicodeError) as exc:
        refusal = BadInput(f'not a body of traces and spans, {{"data": […]}}: {exc}')
        # As Python's own encoder writes it, with NaN and halves of surrogate pairs.
        loose = decoded(body.decode(errors="replace"))
        if loose.truncated or not isinstance(loose.value, dict):
            raise refusal from exc
        items = loose.value.get("data")
        if not isinstance(items, list):
            raise refusal from exc
        return [msgspec.Raw(encode_json(item)) for item in items]


def _read(raw: msgspec.Raw, findings: Findings) -> _Item | None:
    try:
        item = _item(raw)
    except (msgspec.MsgspecError, UnicodeError) as exc:
        findings.reject(f"an item can't be read: {exc}")
        return None
    if item.object == "trace.span" and not (item.trace_id and _time_ns(item.started_at)):
        findings.reject("a span has no trace or no start")
        return None
    return item


def _within(span: Span, limits: Limits, findings: Findings) -> Span:
    attributes, dropped, truncated = bounded(span.attributes, limits, findings)
    if not (dropped or truncated):
        return span
    return msgspec.structs.replace(
        span, attributes=attributes, dropped_attributes_count=dropped, truncated=truncated
    )


def _span(item: _Item) -> Span:
    data = item.span_data or {}
    name, said = _told(data)
    error = item.error
    if error is not None:
        said[c.CLEW_OUTCOME] = "blocked" if error.message == _TRIPPED else ""
        said[f"{_OWN}error.data"] = _json(error.data)
    trace_id = _trace_id(item.trace_id)
    end_ns = _time_ns(item.ended_at)
    start_ns = _time_ns(item.started_at) or 0
    return Span(
        trace_id=trace_id,
        span_id=_span_id(item.id),
        parent_id=_span_id(item.parent_id) if item.parent_id else _root_id(trace_id),
        name=name,
        otel_kind="client" if said.get(c.GEN_AI_OPERATION_NAME) == "chat" else "internal",
        start_ns=start_ns,
        end_ns=end_ns and max(start_ns, end_ns),
        status="unset" if error is None else "error",
        status_message=_message(error) if error else "",
        attributes=_said({**said, f"{_OWN}span_id": item.id, **_metadata(item.metadata)}),
        resource=_RESOURCE,
        scope=SCOPE,
    )


def _roots(items: Iterable[_Item], spans: Iterable[Span]) -> list[Span]:
    """The root span of each trace that is told of, as far as this body knows it."""
    named = {_trace_id(item.id): item for item in items if item.object == "trace"}
    below: dict[str, list[Span]] = {}
    for span in spans:
        below.setdefault(span.trace_id, []).append(span)
    # A trace without spans has no time yet: its name comes again with the next one's root, or
    # never. It is told at once, so that it isn't lost.
    return [
        _root(trace_id, named.get(trace_id), below.get(trace_id, []))
        for trace_id in dict.fromkeys([*below, *named])
    ]


def _root(trace_id: str, trace: _Item | None, spans: list[Span]) -> Span:
    root_id = _root_id(trace_id)
    ended = [span.end_ns for span in spans if span.parent_id == root_id]
    failed = [span for span in spans if span.status == "error" and _ends_the_run(span, root_id)]
    blocked = any(span.attributes.get(c.CLEW_OUTCOME) == "blocked" for span in spans)
    name = (trace.workflow_name if trace else "") or ""
    return Span(
        trace_id=trace_id,
        span_id=root_id,
        name=name,
        otel_kind="internal",
        start_ns=min([span.start_ns for span in spans], default=0),
        end_ns=max([end_ns for end_ns in ended if end_ns], default=None),
        status="error" if failed else "unset",
        status_message=failed[0].status_message if failed else "",
        attributes=_said(
            {
                c.CLEW_KIND: "workflow",
                c.CLEW_FRAMEWORK: "openai_agents",
                c.CLEW_WORKFLOW_NAME: name,
                c.CLEW_SESSION_ID: trace.group_id if trace else "",
                c.CLEW_OUTCOME: "blocked" if blocked else "",
                **_metadata(trace.metadata if trace else None),
            }
        ),
        resource=_RESOURCE,
        scope=SCOPE,
    )


def _ends_the_run(span: Span, root_id: str) -> bool:
    """An agent that failed raised: what failed in a tool, the agent was told."""
    return span.parent_id == root_id or c.GEN_AI_AGENT_NAME in span.attributes


def _told(data: dict[str, Value]) -> tuple[str, Attributes]:
    """The name and the attributes of what a span tells of."""
    kind = text(data.get("type"))
    own = record(data.get("data")) if kind == "custom" else {}
    kind = text(own.get("sdk_span_type")) or kind
    read = _READERS.get(kind)
    if read is None:
        said: Attributes = {f"{_OWN}{name}": _plain(value) for name, value in data.items()}
        return text(data.get("name")) or kind or "span", said
    return read(own or data)


def _agent(data: dict[str, Value]) -> tuple[str, Attributes]:
    name = text(data.get("name"))
    return f"invoke_agent {name}", {
        c.GEN_AI_OPERATION_NAME: "invoke_agent",
        c.GEN_AI_AGENT_NAME: name,
        f"{_OWN}tools": data.get("tools"),
        f"{_OWN}handoffs": data.get("handoffs"),
        f"{_OWN}output_type": data.get("output_type"),
    }


def _task(data: dict[str, Value]) -> tuple[str, Attributes]:
    name = text(data.get("name")) or "task"
    return name, {c.CLEW_KIND: "step", **_usage(data, c.GEN_AI_AGGREGATED_USAGE)}


def _turn(data: dict[str, Value]) -> tuple[str, Attributes]:
    return f"turn {text(data.get('turn'))}", {
        c.CLEW_KIND: "step",
        c.CLEW_AGENT_NAME: data.get("agent_name"),
        **_usage(data, c.GEN_AI_AGGREGATED_USAGE),
    }


def _generation(data: dict[str, Value]) -> tuple[str, Attributes]:
    model = text(data.get("model"))
    given = record(data.get("model_config"))
    return f"chat {model}", {
        c.GEN_AI_OPERATION_NAME: "chat",
        c.GEN_AI_REQUEST_MODEL: model,
        c.URL_FULL: given.get("base_url"),
        **{f"{c.GEN_AI_REQUEST}{name}": given.get(name) for name in _PARAMETERS},
        f"{_OWN}model_config": _json({key: it for key, it in given.items() if it is not None}),
        c.GEN_AI_INPUT_MESSAGES: _json(data.get("input")),
        c.GEN_AI_OUTPUT_MESSAGES: _json(data.get("output")),
        **_usage(data, c.GEN_AI_USAGE),
    }


def _response(data: dict[str, Value]) -> tuple[str, Attributes]:
    """A call of the Responses API: what was said is with the provider, under its id."""
    return "chat", {
        c.GEN_AI_OPERATION_NAME: "chat",
        c.GEN_AI_PROVIDER_NAME: "openai",
        c.GEN_AI_RESPONSE_ID: data.get("response_id"),
        **_usage(data, c.GEN_AI_USAGE),
    }


def _function(data: dict[str, Value]) -> tuple[str, Attributes]:
    name = text(data.get("name"))
    return f"execute_tool {name}", {
        c.GEN_AI_OPERATION_NAME: "execute_tool",
        c.GEN_AI_TOOL_NAME: name,
        c.GEN_AI_TOOL_CALL_ARGUMENTS: _plain(data.get("input")),
        c.GEN_AI_TOOL_CALL_RESULT: _plain(data.get("output")),
        f"{_OWN}mcp_data": _json(data.get("mcp_data")),
    }


def _handoff(data: dict[str, Value]) -> tuple[str, Attributes]:
    from_agent, to_agent = text(data.get("from_agent")), text(data.get("to_agent"))
    return f"{from_agent} → {to_agent}", {
        c.CLEW_KIND: "handoff",
        c.CLEW_HANDOFF_FROM: from_agent,
        c.CLEW_HANDOFF_TO: to_agent,
    }


def _guardrail(data: dict[str, Value]) -> tuple[str, Attributes]:
    triggered = data.get("triggered") is True
    return text(data.get("name")) or "guardrail", {
        c.CLEW_KIND: "guardrail",
        c.CLEW_OUTCOME: "blocked" if triggered else "",
        f"{_OWN}triggered": triggered,
    }


def _mcp_tools(data: dict[str, Value]) -> tuple[str, Attributes]:
    return f"tools/list {text(data.get('server'))}", {
        c.CLEW_KIND: "mcp",
        c.MCP_METHOD_NAME: "tools/list",
        f"{_OWN}server": data.get("server"),
        c.CLEW_OUTPUT: _json(data.get("result")),
        c.CLEW_OUTPUT_JSON: True,
    }


def _audio(operation: str) -> Callable[[dict[str, Value]], tuple[str, Attributes]]:
    def read(data: dict[str, Value]) -> tuple[str, Attributes]:
        model = text(data.get("model"))
        return f"{operation} {model}", {
            c.GEN_AI_OPERATION_NAME: operation,
            c.GEN_AI_REQUEST_MODEL: model,
            c.CLEW_INPUT: _json(data.get("input")),
            c.CLEW_INPUT_JSON: True,
            c.CLEW_OUTPUT: _json(data.get("output")),
            c.CLEW_OUTPUT_JSON: True,
            f"{_OWN}first_content_at": data.get("first_content_at"),
        }

    return read


_READERS: dict[str, Callable[[dict[str, Value]], tuple[str, Attributes]]] = {
    "agent": _agent,
    "task": _task,
    "turn": _turn,
    "generation": _generation,
    "response": _response,
    "function": _function,
    "handoff": _handoff,
    "guardrail": _guardrail,
    "mcp_tools": _mcp_tools,
    "transcription": _audio("transcription"),
    "speech": _audio("speech"),
}
_PARAMETERS = ("temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty")
_USAGE = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cached_input_tokens": "cache_read.input_tokens",
    "cache_write_input_tokens": "cache_write.input_tokens",
    "reasoning_output_tokens": "reasoning.output_tokens",
}
_DETAILS = (
    ("input_tokens_details", "cached_tokens", "cache_read.input_tokens"),
    ("input_tokens_details", "cache_write_tokens", "cache_write.input_tokens"),
    ("output_tokens_details", "reasoning_tokens", "reasoning.output_tokens"),
)


def _usage(data: dict[str, Value], prefix: str) -> Attributes:
    usage = record(data.get("usage"))
    said: Attributes = {prefix + ours: usage.get(name) for name, ours in _USAGE.items()}
    for group, name, ours in _DETAILS:
        if (count := record(usage.get(group)).get(name)) is not None:
            said[prefix + ours] = count
    return said


def _metadata(metadata: dict[str, Value] | None) -> Attributes:
    return {f"{c.CLEW_METADATA}{name}": _plain(value) for name, value in (metadata or {}).items()}


def _message(error: _Error) -> str:
    why = text((error.data or {}).get("error"))
    return f"{error.message}: {why}" if why else error.message


def _said(attributes: Attributes) -> Attributes:
    return {name: value for name, value in attributes.items() if value not in _UNKNOWN}


def _plain(value: Value) -> Value:
    return _json(value) if isinstance(value, (dict, list)) else value


def _json(value: Value) -> str:
    return "" if value in _UNKNOWN else encode_json(value).decode()


def _time_ns(written: str | None) -> int | None:
    """Nanoseconds of an ISO 8601 time; None for anything else."""
    try:
        moment = datetime.fromisoformat(written or "")
    except ValueError:
        return None
    whole_s = int(moment.replace(microsecond=0).timestamp())
    return max(0, whole_s * 1_000_000_000 + moment.microsecond * 1000)


def _trace_id(given: str) -> str:
    """`trace_<32 hex digits>` without its prefix; the hash of any other id."""
    digits = given.removeprefix("trace_")
    return digits if _is_hex(digits, _TRACE_CHARS) else xxhash.xxh3_128_hexdigest(_bytes(given))


def _span_id(given: str) -> str:
    """The first 16 of the 24 random digits of `span_<24 hex digits>`: OTLP has room for no more."""
    digits = given.removeprefix("span_")[:_SPAN_CHARS]
    return digits if _is_hex(digits, _SPAN_CHARS) else xxhash.xxh3_64_hexdigest(_bytes(given))


def _root_id(trace_id: str) -> str:
    return xxhash.xxh3_64_hexdigest(f"{trace_id}\n{_ROOT}".encode())


def _is_hex(digits: str, size: int) -> bool:
    lowered = all(digit in "0123456789abcdef" for digit in digits)
    return len(digits) == size and lowered and digits.strip("0") != ""


def _bytes(value: str) -> bytes:
    return value.encode(errors="surrogatepass")
