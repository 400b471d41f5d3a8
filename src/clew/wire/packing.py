"""A span ⇄ what is stored of it: a small document with references, and the contents.

Every payload (messages, tool arguments and results, inputs and outputs) and every long value is
taken out of the attributes and kept as contents, once a trace; see `contents`. All the rest goes
into the document as it came, so that the span can be given back whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, cast

import msgspec

from clew.span import (
    Attributes,
    Direction,
    Event,
    Link,
    Log,
    OtelKind,
    Resource,
    Scope,
    Span,
    Value,
)
from clew.span import Status as SpanStatus
from clew.wire.contents import group_of, join, split

INLINE_CHARS = 256
"""A longer value is a content, whatever its name."""

SHORT_LIST = 16
"""A longer list of numbers is a vector, which nobody reads, searches or filters by."""

Form = Literal["text", "json", "group"]


class Framed(msgspec.Struct, array_like=True):
    """An attribute whose value lies in contents: how to put it together again.

    `form` says what it was: a text, a structured value written as JSON, or the attributes of one
    element of an indexed list. `count` contents belong to it, the next of its direction.
    """

    key: str
    form: Form
    direction: Direction
    frame: str
    count: int


class Packed(msgspec.Struct, array_like=True):
    """Attributes without their contents."""

    kept: dict[str, Value]
    framed: list[Framed] = []


class Parts(msgspec.Struct):
    """The contents of one span or log, in the order in which its document refers to them."""

    input: list[bytes] = []
    output: list[bytes] = []
    other: list[bytes] = []

    def of(self, direction: Direction) -> list[bytes]:
        """The contents that go in one direction."""
        return cast("list[bytes]", getattr(self, direction))


class _PackedEvent(msgspec.Struct, array_like=True):
    name: str
    time_ns: int
    dropped_attributes_count: int
    attributes: Packed


class PackedSpan(msgspec.Struct, array_like=True):
    """A span without its contents: what its document holds."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    otel_kind: OtelKind
    start_ns: int
    end_ns: int | None
    status: SpanStatus
    status_message: str
    attributes: Packed
    events: list[_PackedEvent]
    links: tuple[Link, ...]
    resource: Resource
    scope: Scope
    trace_state: str
    flags: int
    dropped_attributes_count: int
    dropped_events_count: int
    dropped_links_count: int
    truncated: dict[str, int]


class _PackedLog(msgspec.Struct, array_like=True):
    log: Log
    attributes: Packed
    body: Packed


_SPAN = msgspec.msgpack.Decoder(PackedSpan)
_LOG = msgspec.msgpack.Decoder(_PackedLog)
_ENCODER = msgspec.msgpack.Encoder()


class Document(NamedTuple):
    """A span or log taken apart: its document, its contents, and those of its attributes that fit
    a column for filters and SQL, as text."""

    raw: bytes
    parts: Parts
    small: dict[str, str]


class Packer:
    """Takes apart the spans of one export. What they share is encoded once."""

    def __init__(self) -> None:
        self._shared: dict[int, tuple[Resource | Scope, msgspec.Raw]] = {}

    def span(self, span: Span) -> Document:
        """The document of `span`, its contents and its small values."""
        parts = Parts()
        packed, small = pack_attributes(span.attributes, parts)
        document = PackedSpan(
            trace_id=span.trace_id,
            span_id=span.span_id,
            parent_id=span.parent_id,
            name=span.name,
            otel_kind=span.otel_kind,
            start_ns=span.start_ns,
            end_ns=span.end_ns,
            status=span.status,
            status_message=span.status_message,
            attributes=packed,
            events=[_pack_event(event, parts) for event in span.events],
            links=span.links,
            resource=self._encoded(span.resource),
            scope=self._encoded(span.scope),
            trace_state=span.trace_state,
            flags=span.flags,
            dropped_attributes_count=span.dropped_attributes_count,
            dropped_events_count=span.dropped_events_count,
            dropped_links_count=span.dropped_links_count,
            truncated=span.truncated,
        )
        return Document(_ENCODER.encode(document), parts, small)

    def _encoded(self, shared: Resource | Scope) -> Any:
        """`shared` in its encoded form, which the encoder takes in its place."""
        known = self._shared.get(id(shared))
        if known is None:
            known = self._shared[id(shared)] = shared, msgspec.Raw(_ENCODER.encode(shared))
        return known[1]


def unpack_span(document: bytes, take: Callable[[Direction], str]) -> Span:
    """The span of `document`; `take` gives the next content of a direction."""
    return build_span(open_document(document), take)


def open_document(document: bytes) -> PackedSpan:
    """What a document holds of a span."""
    return _SPAN.decode(document)


def build_span(packed: PackedSpan, take: Callable[[Direction], str]) -> Span:
    """The span of what a document held; `take` gives the next content of a direction."""
    return Span(
        trace_id=packed.trace_id,
        span_id=packed.span_id,
        parent_id=packed.parent_id,
        name=packed.name,
        otel_kind=packed.otel_kind,
        start_ns=packed.start_ns,
        end_ns=packed.end_ns,
        status=packed.status,
        status_message=packed.status_message,
        attributes=unpack_attributes(packed.attributes, take),
        events=tuple(
            Event(
                name=event.name,
                time_ns=event.time_ns,
                attributes=unpack_attributes(event.attributes, take),
                dropped_attributes_count=event.dropped_attributes_count,
            )
            for event in packed.events
        ),
        links=packed.links,
        resource=packed.resource,
        scope=packed.scope,
        trace_state=packed.trace_state,
        flags=packed.flags,
        dropped_attributes_count=packed.dropped_attributes_count,
        dropped_events_count=packed.dropped_events_count,
        dropped_links_count=packed.dropped_links_count,
        truncated=packed.truncated,
    )


def pack_log(log: Log) -> Document:
    """The document of `log`, its contents, all of them in the direction `other`, and its small
    values."""
    parts = Parts()
    attributes, small = pack_attributes(log.attributes, parts, _aside)
    packed = _PackedLog(
        log=msgspec.structs.replace(log, attributes={}, body=None),
        attributes=attributes,
        body=pack_attributes({"body": log.body}, parts, _aside)[0],
    )
    return Document(_ENCODER.encode(packed), parts, small)


def unpack_log(document: bytes, take: Callable[[Direction], str]) -> Log:
    """The log of `document`; `take` gives the next content of a direction."""
    packed = _LOG.decode(document)
    attributes = unpack_attributes(packed.attributes, take)
    body = unpack_attributes(packed.body, take)["body"]
    return msgspec.structs.replace(packed.log, attributes=attributes, body=body)


def taker(contents: Mapping[Direction, Iterator[str]]) -> Callable[[Direction], str]:
    """A `take` over one iterator a direction."""
    return lambda direction: next(contents[direction])


# --- attributes --------------------------------------------------------------------------------

_INPUT = re.compile(
    r"(^|[._])(inputs?|prompts?|arguments|args|parameters|query|messages|request"
    r"|system_instructions|definitions|instructions|tools|functions)([._]|$)",
)
_OUTPUT = re.compile(
    r"(^|[._])(outputs?|completions?|response|results?|choices|documents|all_messages)([._]|$)"
)
# What people said and tools returned: searchable however short it is.
_PAYLOAD = re.compile(
    r"""
      ^(gen_ai\.(input\.messages|output\.messages|system_instructions|tool\.definitions
        |tool\.call\.(arguments|result)|tool\.(input|output)|prompt|completion
        |retrieval\.(documents|query\.text)|memory\.(records|query\.text)|event\.content
        |task\.(input|output)|guardrail\.(input|output))
      |(input|output)\.value
      |(clew|traceloop\.entity|langfuse\.(observation|trace))\.(input|output)
      |tool\.parameters|llm\.(prompts|function_call|prompt_template\.template)
      |traceloop\.prompt\.template|reranker\.query
      |ai\.(prompt|response)(\.(messages|tools|text|object|toolCalls|reasoning))?
      |ai\.toolCall\.(args|result)
      |gcp\.vertex\.agent\.(llm_request|llm_response|tool_call_args|tool_response|data)
      |mlflow\.span(Inputs|Outputs)|mcp\.(request\.argument|response\.value)
      |exception\.message|body|content|message)$
    """,
    re.VERBOSE,
)
# The stems of indexed lists that hold messages, tools and documents.
_LISTED = re.compile(
    r"^(llm\.(input_messages|output_messages|prompts|choices|tools|request\.functions)"
    r"|gen_ai\.(prompt|completion)|(retrieval|input|output)\.documents"
    r"|reranker\.(input|output)_documents)\.\d+$"
)


class _Plan(msgspec.Struct, frozen=True):
    """What the name of an attribute says about how it is packed."""

    direction: Direction
    payload: bool
    group: str = ""
    rest: str = ""
    plain: bool = True
    """Neither a payload nor of a group."""


_plans: dict[str, _Plan] = {}
"""A program sends the same few hundred keys for ever."""
_PLANS_LIMIT = 50_000


def _plan(key: str) -> _Plan:
    """The plan for `key`, remembered."""
    plan = _plans.get(key)
    if plan is None:
        group = group_of(key)
        listed = group is not None and _LISTED.match(group[0]) is not None
        direction: Direction = "other"
        if _INPUT.search(key) and not _OUTPUT.search(key):
            direction = "input"
        elif _OUTPUT.search(key):
            direction = "output"
        payload = _PAYLOAD.match(key) is not None
        plan = _Plan(
            direction=direction,
            payload=payload,
            group=group[0] if group and listed else "",
            rest=group[1] if group and listed else "",
            plain=not payload and not listed,
        )
        if len(_plans) >= _PLANS_LIMIT:
            _plans.clear()
        _plans[key] = plan
    return plan


def _aside(_key: str) -> Direction:
    return "other"


def _direction(key: str) -> Direction:
    return _plan(key).direction


def pack_attributes(
    attributes: Attributes, parts: Parts, direction_of: Callable[[str], Direction] = _direction
) -> tuple[Packed, dict[str, str]]:
    """`attributes` without their contents, which are appended to `parts`; and those that are
    small, as text."""
    kept: Attributes = {}
    packed = Packed(kept, [])
    small: dict[str, str] = {}
    groups: dict[str, Attributes] = {}
    for key, value in attributes.items():
        plan = _plans.get(key) or _plan(key)
        # Most attributes are told apart without a call.
        if plan.plain:
            if type(value) is str and len(value) <= INLINE_CHARS:
                kept[key] = small[key] = value
                continue
            if type(value) is int:
                kept[key] = value
                small[key] = repr(value)
                continue
        if (text := _small_text(value)) is not None:
            small[key] = text
        if plan.group:
            groups.setdefault(plan.group, {})[plan.rest] = value
        elif (taken := _payload(value, is_named=plan.payload)) is not None:
            payload, form = taken
            frame, contents = split(payload)
            _put(packed, parts, Framed(key, form, direction_of(key), frame, 0), contents)
        else:
            kept[key] = value
    for stem, members in groups.items():
        encoded = _json(members)
        if encoded is None:
            kept.update({f"{stem}.{rest}": value for rest, value in members.items()})
            continue
        framed = Framed(stem, "group", direction_of(stem), "\x01", 0)
        _put(packed, parts, framed, [encoded.encode()])
    return packed, small


def _payload(value: Value, *, is_named: bool) -> tuple[str, Form] | None:
    """The text of a value that is a payload by its name or by its length, and its form."""
    if isinstance(value, str):
        return (value, "text") if len(value) > INLINE_CHARS or (is_named and value) else None
    if isinstance(value, list | dict) and (encoded := _json(value)) is not None:
        return (encoded, "json") if is_named or len(encoded) > INLINE_CHARS else None
    return None


def unpack_attributes(packed: Packed, take: Callable[[Direction], str]) -> Attributes:
    """The attributes that `pack_attributes` took apart."""
    attributes = dict(packed.kept)
    for framed in packed.framed:
        text = join(framed.frame, [take(framed.direction) for _ in range(framed.count)])
        if framed.form == "text":
            attributes[framed.key] = text
        elif framed.form == "json":
            attributes[framed.key] = msgspec.json.decode(text)
        else:
            members = cast("Attributes", msgspec.json.decode(text))
            attributes.update({f"{framed.key}.{rest}": value for rest, value in members.items()})
    return attributes


def _put(packed: Packed, parts: Parts, framed: Framed, contents: list[bytes]) -> None:
    framed.count = len(contents)
    packed.framed.append(framed)
    parts.of(framed.direction).extend(contents)


def _pack_event(event: Event, parts: Parts) -> _PackedEvent:
    return _PackedEvent(
        name=event.name,
        time_ns=event.time_ns,
        dropped_attributes_count=event.dropped_attributes_count,
        attributes=pack_attributes(event.attributes, parts, _aside)[0],
    )


def _json(value: Value) -> str | None:
    """`value` as JSON, if that gives it back as it is: bytes and numbers that JSON has no word for
    don't, nor do long lists of numbers, which nobody reads or searches."""
    if not _is_plain(value, 0):
        return None
    return msgspec.json.encode(value).decode()


_PLAIN_DEPTH = 64


def _is_plain(value: Value, depth: int) -> bool:
    if isinstance(value, str | bool | int) or value is None:
        return True
    if isinstance(value, float):
        return value - value == 0
    if isinstance(value, bytes) or depth > _PLAIN_DEPTH:
        return False
    if isinstance(value, dict):
        return all(_is_plain(inner, depth + 1) for inner in value.values())
    if len(value) > SHORT_LIST and isinstance(value[0], int | float):
        return False
    return all(_is_plain(inner, depth + 1) for inner in value)


# --- columns -----------------------------------------------------------------------------------


def small_values(attributes: Attributes) -> dict[str, str]:
    """The attributes that fit a column for filters and SQL: scalars and short lists, as text."""
    small: dict[str, str] = {}
    for key, value in attributes.items():
        if (text := _small_text(value)) is not None:
            small[key] = text
    return small


def _small_text(value: Value) -> str | None:
    if isinstance(value, str):
        return value if len(value) <= INLINE_CHARS else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list) and 0 < len(value) <= SHORT_LIST:
        encoded = _json(value)
        if encoded is not None and len(encoded) <= INLINE_CHARS:
            return encoded
    return None
