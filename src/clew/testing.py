"""For tests of a program that records with `clew`: what it recorded, with ids that count and a
clock that ticks, so that two runs are equal.

    with clew.testing.capture() as captured:
        planner("A weekend in Oslo")
    assert captured.tree() == [("planner", [("search_flights", [])])]

Nothing global changes: spans reach the capture and no server. Other instrumentations join when
they are given `captured.provider`.
"""

from __future__ import annotations

import itertools
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, cast

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import format_span_id, format_trace_id

from clew import conventions as names
from clew._sdk.export import ContextProcessor
from clew._sdk.spans import Recorder, recorders

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from opentelemetry.sdk.trace import ReadableSpan

Tree: TypeAlias = "list[tuple[str, Tree]]"

_START_NS = 1_700_000_000_000_000_000


class CountingIds(IdGenerator):
    """Span ids 0…01, 0…02 and so on; trace ids count on their own."""

    def __init__(self) -> None:
        self._spans = itertools.count(1)
        self._traces = itertools.count(1)

    def generate_span_id(self) -> int:
        """The next span id."""
        return next(self._spans)

    def generate_trace_id(self) -> int:
        """The next trace id."""
        return next(self._traces)


class TickingClock:
    """A clock that moves by `tick_ns` each time it is read, and by `advance` when it is told to."""

    def __init__(self, start_ns: int = _START_NS, tick_ns: int = 1_000_000) -> None:
        self._now_ns = start_ns
        self._tick_ns = tick_ns

    def __call__(self) -> int:
        """The time, a tick later than it was."""
        self._now_ns += self._tick_ns
        return self._now_ns

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._now_ns += round(seconds * 1e9)


@dataclass(frozen=True, kw_only=True)
class CapturedSpan:
    """A span that ended. `input` and `output` are the values again where they were JSON, times
    are nanoseconds since the epoch, `error` is the message of a failed span, else empty."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    input: object
    output: object
    error: str
    attributes: Mapping[str, object]


@dataclass(frozen=True)
class Captured:
    """What was recorded while the capture was open."""

    provider: TracerProvider
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    @property
    def spans(self) -> list[CapturedSpan]:
        """Every span that has ended, in the order in which they started."""
        ended = sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)
        return [_captured(span) for span in ended]

    def named(self, name: str) -> CapturedSpan:
        """Exactly one span by its name; a LookupError lists the names that there are."""
        found = [span for span in self.spans if span.name == name]
        if len(found) != 1:
            there = ", ".join(span.name for span in self.spans) or "none"
            raise LookupError(f"{len(found)} spans are named {name!r}; captured: {there}")
        return found[0]

    def tree(self) -> Tree:
        """Names as (name, children), roots first; a span whose parent isn't here is a root."""
        spans = self.spans
        known = {span.span_id for span in spans}

        def below(parent_id: str) -> Tree:
            return [(s.name, below(s.span_id)) for s in spans if s.parent_id == parent_id]

        roots = [span for span in spans if span.parent_id not in known]
        return [(span.name, below(span.span_id)) for span in roots]


@contextmanager
def capture(clock: TickingClock | None = None) -> Generator[Captured]:
    """Record what runs inside, instead of sending it."""
    provider = TracerProvider(resource=Resource.get_empty(), id_generator=CountingIds())
    captured = Captured(provider)
    provider.add_span_processor(ContextProcessor())
    provider.add_span_processor(SimpleSpanProcessor(captured.exporter))
    recorder = Recorder(provider.get_tracer(names.CLEW_SCOPE), clock or TickingClock())
    recorders.append(recorder)
    try:
        yield captured
    finally:
        recorders.remove(recorder)
        provider.shutdown()


def _captured(span: ReadableSpan) -> CapturedSpan:
    attributes, context = dict(span.attributes or {}), span.get_span_context()
    return CapturedSpan(
        name=span.name,
        kind=str(attributes.get(names.CLEW_KIND, "")),
        trace_id=format_trace_id(context.trace_id if context else 0),
        span_id=format_span_id(context.span_id if context else 0),
        parent_id=format_span_id(span.parent.span_id) if span.parent else "",
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        input=_value(attributes, names.CLEW_INPUT, names.CLEW_INPUT_JSON),
        output=_value(attributes, names.CLEW_OUTPUT, names.CLEW_OUTPUT_JSON),
        error=span.status.description or "",
        attributes=cast("Mapping[str, object]", attributes),
    )


def _value(attributes: Mapping[str, object], name: str, json_name: str) -> object:
    value = attributes.get(name)
    return json.loads(str(value)) if attributes.get(json_name) else value
