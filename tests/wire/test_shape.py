"""What is remembered of a shape changes nothing in what spans of that shape mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew import conventions
from clew.span import Event, Facts, Kind, Scope, Span
from clew.wire.normalize import normalize, speech, understand
from clew.wire.otlp import decode_traces
from clew.wire.previews import Preview
from clew.wire.shape import SHAPE_NAMES, SHAPES, Shape
from corpus.expected import body as body_of
from corpus.expected import folders

FOLDERS = folders()
NAMES = sorted(
    value
    for name, value in vars(conventions).items()
    if name.isupper() and isinstance(value, str) and "{" not in value
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 1 << 65),
    st.floats(),
    st.binary(max_size=3),
    st.sampled_from(
        ["", "LLM", "TOOL", "chat", "execute_tool", "12", "{", '{"error":"no"}', "[1]"]
    ),
    st.lists(st.text(max_size=3), max_size=2),
    st.text(max_size=9),
)
EVENTS = [name for name in NAMES if "event" in name or name.startswith("gen_ai.")]


def anew(span: Span) -> Facts:
    """The facts of `span`, with nothing remembered of other spans."""
    return understand(span, speech(Shape(span.scope.name, tuple(span.attributes), events_of(span))))


def events_of(span: Span) -> tuple[str, ...]:
    """The names of a span's events."""
    return tuple(event.name for event in span.events)


@st.composite
def alike(draw: st.DrawFn) -> list[Span]:
    """Spans of one shape, which say something else each."""
    names = draw(st.lists(st.sampled_from(NAMES), max_size=12, unique=True))
    events = draw(st.lists(st.sampled_from(EVENTS), max_size=2))
    scope = Scope(name=draw(st.sampled_from(["", "traceloop.tracer", "strands.agent", "crewai"])))

    def said() -> dict[str, Any]:
        return {name: draw(VALUES) for name in names}

    return [
        Span(
            trace_id="1" * 32,
            span_id="2" * 16,
            name=draw(st.sampled_from(["", "work", "invoke_agent planner", "a.task"])),
            start_ns=1,
            end_ns=draw(st.sampled_from([None, 10**9])),
            attributes=said(),
            events=tuple(Event(name=name, attributes=said()) for name in events),
            scope=scope,
        )
        for _ in range(3)
    ]


@given(alike())
def test_spans_of_a_known_shape_are_understood_like_the_first(spans: list[Span]) -> None:
    """Whatever their values are, and whatever those said that came before."""
    for span in spans:
        assert msgspec.json.encode(normalize(span)) == msgspec.json.encode(anew(span))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_recorded_spans_are_understood_the_same_every_time(folder: Path) -> None:
    """Once, again, and with nothing remembered."""
    body = body_of(folder, "traces")
    for span in decode_traces(body, "protobuf").spans:
        assert normalize(span) == normalize(span) == anew(span)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_dialects_that_are_not_asked_for_previews_have_none(folder: Path) -> None:
    """Whatever the span is: of a dialect whose content it lacks, there is nothing to show."""
    for span in decode_traces(body_of(folder, "traces"), "protobuf").spans:
        told = speech(Shape(span.scope.name, tuple(span.attributes), events_of(span)))
        silent = [dialect for dialect in told.dialects if dialect not in told.showing]
        shown = [dialect.previews(span, kind) for dialect in silent for kind in get_args(Kind)]
        assert all(preview == Preview() for preview in shown)


def test_a_change_of_facts_stays_with_its_span() -> None:
    """Lists and mappings of facts are their own, not those of the shape."""
    span = Span(trace_id="1", span_id="2", start_ns=1, attributes={"session.id": "a"})
    first = normalize(span)
    first.dialects.append("changed")
    first.rules["changed"] = "yes"
    assert normalize(span) == anew(span)


def test_shapes_without_end_are_understood() -> None:
    """More shapes than are remembered, and longer ones than are."""
    long: dict[str, Any] = {
        f"llm.input_messages.{at}.message.content": "x" for at in range(SHAPE_NAMES + 1)
    }
    told: list[dict[str, Any]] = [{f"key-{at}": 1, "session.id": "a"} for at in range(SHAPES + 2)]
    for said in (*told, {**long, "session.id": "a"}):
        span = Span(trace_id="1", span_id="2", start_ns=1, attributes=said)
        assert normalize(span).session_id == "a"
