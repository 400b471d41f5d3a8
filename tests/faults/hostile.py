"""Exports that no honest program sends: each is a name, a body and the trace that it is about.

What they hold is legal OTLP, or near enough to be taken: it is stored, and must be readable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

import make
from clew.span import Event, Link, Span, Value
from clew.wire.otlp import encode_traces

LAST_NS = (1 << 63) - 2
"""In April 2262. One nanosecond later is the end of every range of time, which is outside it."""
PROTOBUF = "application/x-protobuf"
JSON = "application/json"


class Export(NamedTuple):
    """A body as it is sent, and the trace in it."""

    content_type: str
    body: bytes
    trace_id: str


def exports() -> dict[str, Callable[[], Export]]:
    """Every hostile export by name; each call of one makes a new trace."""
    return {
        "parents in a cycle": _cycle,
        "its own parent": _own_parent,
        "parents that never come": _orphans,
        "one id for every span": _one_id,
        "spans that end before they start": _negative,
        "nanosecond 0": lambda: _timed(0, 0),
        "the first nanosecond": lambda: _timed(1, 2),
        "the last nanosecond": lambda: _timed(LAST_NS, LAST_NS),
        "from 1970 to 2262": lambda: _timed(1, LAST_NS),
        "still running since 1970": lambda: _timed(1, None),
        "spans at both ends of time": _both_ends,
        "100,000 attributes": lambda: _said({f"key {n}": n for n in range(100_000)}),
        "an attribute of 10 MB": lambda: _said({"input.value": "word " * 2_000_000}),
        "an attribute of 10 MB without a space": lambda: _said({"input.value": "x" * 10_000_000}),
        "a name of 1 MB": lambda: _named("n" * 1_000_000),
        "names of 1 MB everywhere": _long_names,
        "NUL in every string": _nul,
        "lone surrogates": _surrogates,
        "bytes that are no UTF-8": _no_utf8,
        "a message nested 100,000 deep": lambda: _said({"gen_ai.input.messages": _deep(100_000)}),
        "a message nested 900 deep": lambda: _said({"gen_ai.input.messages": _deep(900)}),
        "a message in 900 messages": lambda: _said({"gen_ai.input.messages": _wrapped(900)}),
        "an object in 980 objects": lambda: _said({"input.value": _wrapped(980)}),
        "a value nested 60 deep": lambda: _said({"input.value": _nested(60)}),
        "a value nested 200 deep": lambda: _said({"input.value": _nested(200)}),
        "tokens beyond 64 bits": lambda: _usage(10**30),
        "as many tokens as 64 bits hold": lambda: _usage((1 << 63) - 1),
        "tokens below nothing": lambda: _usage(-5),
        "costs that are no numbers": _costs,
        "10,000 events and links": _events,
        "10,000 tags": lambda: _said({"tag.tags": [f"tag {n}" for n in range(10_000)]}),
        "an unknown kind and status": _unknown_enums,
        "keys that are SQL": lambda: _said({"'; DROP TABLE spans; --": "\\'\"`${x}{x:String}"}),
    }


def _sent(*spans: Span) -> Export:
    return Export(PROTOBUF, encode_traces(spans), spans[0].trace_id)


def _said(attributes: Mapping[str, Value]) -> Export:
    said = make.llm()
    span = make.span("chat", trace=said.trace_id)
    span.attributes.update(said.attributes)
    span.attributes.update(attributes)
    return _sent(span)


def _cycle() -> Export:
    trace = make.trace_id()
    ids = [f"{n:016x}" for n in range(1, 4)]
    return _sent(
        *(
            make.llm(trace=trace, span_id=own, parent=above)
            for own, above in zip(ids, [*ids[1:], ids[0]], strict=True)
        )
    )


def _own_parent() -> Export:
    return _sent(make.llm(span_id="00000000000000aa", parent="00000000000000aa"))


def _orphans() -> Export:
    trace = make.trace_id()
    return _sent(*(make.llm(trace=trace, parent=f"{n:016x}") for n in range(0xF000, 0xF003)))


def _one_id() -> Export:
    trace = make.trace_id()
    return _sent(*(make.llm(f"call {n}", trace=trace, span_id="0" * 15 + "1") for n in range(50)))


def _negative() -> Export:
    root = make.agent(seconds=-5.0)
    return _sent(root, make.llm(parent=root, seconds=-1e9))


def _timed(start_ns: int, end_ns: int | None) -> Export:
    seconds = None if end_ns is None else 0.0
    span = make.llm(start_ns=start_ns, seconds=seconds, gen_ai__input__messages=_deep(2))
    return _sent(replace(span, end_ns=end_ns))


def _both_ends() -> Export:
    root = make.agent(start_ns=1, seconds=0.0)
    return _sent(root, make.llm(parent=root, start_ns=LAST_NS, seconds=0.0))


def _named(name: str) -> Export:
    return _sent(make.span(name))


def _long_names() -> Export:
    long = "ab" * 500_000
    return _sent(
        make.span(
            error=long,
            session__id=long,
            user__id=long,
            gen_ai__request__model=long,
            gen_ai__operation__name="chat",
            gen_ai__provider__name=long,
            gen_ai__agent__name=long,
            gen_ai__response__id=long,
        )
    )


def _nul() -> Export:
    nul = "a\0b"
    root = make.agent(nul, session__id=nul, user__id=nul, input__value=nul, **{nul: nul})
    return _sent(root, make.llm(nul, parent=root, error=nul, gen_ai__input__messages=f'["{nul}"]'))


def _surrogates() -> Export:
    trace = make.trace_id()
    lone = "\ud800 and \udfff"
    attributes = {
        "gen_ai.input.messages": json.dumps([{"role": "user", "content": lone}]),
        "input.value": lone,
        "session.id": lone,
        lone: [lone],
    }
    span = {
        "traceId": trace,
        "spanId": "00000000000000ab",
        "name": lone,
        "startTimeUnixNano": str(make.T0),
        "endTimeUnixNano": str(make.T0 + 1),
        "status": {"code": 2, "message": lone},
        "attributes": [{"key": key, "value": _any(value)} for key, value in attributes.items()],
    }
    body = {"resourceSpans": [{"scopeSpans": [{"scope": {"name": lone}, "spans": [span]}]}]}
    return Export(JSON, json.dumps(body).encode(), trace)


def _any(value: object) -> dict[str, object]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_any(item) for item in value]}}
    return {"stringValue": value}


def _no_utf8() -> Export:
    span = make.agent("MARK", input__value="MARK", session__id="MARK")
    return Export(PROTOBUF, encode_traces([span]).replace(b"MARK", b"\xff\xfe\xc3("), span.trace_id)


def _deep(depth: int) -> str:
    return "[" * depth + '{"role":"user","content":"deep"}' + "]" * depth


def _wrapped(depth: int) -> str:
    return '{"message":' * depth + '{"role":"user","content":"deep"}' + "}" * depth


def _nested(depth: int) -> Value:
    value: Value = "deep"
    for level in range(depth):
        value = {"in": value} if level % 2 else [value]
    return value


def _usage(tokens: int) -> Export:
    return _sent(
        make.llm(gen_ai__usage__input_tokens=tokens, gen_ai__usage__output_tokens=str(tokens))
    )


def _costs() -> Export:
    root = make.agent()
    costs = [float("nan"), float("inf"), -1.0, 1e308, 1e308, "NaN", "1e999", "-0"]
    return _sent(
        root,
        *(make.llm(parent=root, gen_ai__usage__cost=cost, llm__cost__total=cost) for cost in costs),
    )


def _events() -> Export:
    span = make.agent()
    events = tuple(Event(name="e", time_ns=n, attributes={"n": n}) for n in range(10_000))
    links = tuple(Link(trace_id=f"{n:032x}", span_id=f"{n:016x}") for n in range(1, 10_001))
    return _sent(replace(span, events=events, links=links))


def _unknown_enums() -> Export:
    trace = make.trace_id()
    span = {
        "traceId": trace.upper(),
        "spanId": "00000000000000AC",
        "kind": 2_000_000_000,
        "flags": 4_294_967_295,
        "startTimeUnixNano": str(make.T0),
        "endTimeUnixNano": str(make.T0 + 1),
        "status": {"code": 77},
        "droppedAttributesCount": 4_294_967_295,
        "droppedEventsCount": 4_294_967_295,
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    return Export(JSON, json.dumps(body).encode(), trace)
