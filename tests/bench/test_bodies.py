"""The bodies that every product is measured with."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

import bodies
from clew.span import Span
from clew.wire.normalize import normalize
from clew.wire.otlp import decode_traces

NEWEST_NS = 1_795_442_531_000_000_000


def run_of(spans: int = bodies.SPANS_A_RUN, number: int = 3) -> list[Span]:
    """The spans of one run, as they are received."""
    return received(bodies.encode_runs([(number, NEWEST_NS)], spans=spans))


def received(body: bytes) -> list[Span]:
    """The spans of a body in which nothing is rejected or warned about."""
    decoded = decode_traces(body, "protobuf")
    assert (decoded.rejected, decoded.messages) == (0, [])
    return decoded.spans


def size_bytes(number: int) -> float:
    """The average size of a span in run `number`."""
    return len(bodies.encode_runs([(number, NEWEST_NS)])) / bodies.SPANS_A_RUN


def test_same_run_is_the_same_bytes() -> None:
    """A run follows from its number, so that every machine measures the same."""
    assert bodies.encode_runs([(3, NEWEST_NS)]) == bodies.encode_runs([(3, NEWEST_NS)])
    assert bodies.encode_runs([(3, NEWEST_NS)]) != bodies.encode_runs([(4, NEWEST_NS)])


@pytest.mark.parametrize("number", [1, 7, 20, 1_007])
def test_span_is_about_five_kilobytes(number: int) -> None:
    """On average over a run, as it is sent."""
    assert 4_500 < size_bytes(number) < 5_500


def test_run_is_an_agent_with_its_model_and_tool_calls() -> None:
    """Twenty spans: the agent, ten model calls, and the tool calls between them."""
    spans = run_of()
    kinds = [normalize(span).kind for span in spans]
    assert kinds == [*["llm", "tool"] * 9, "llm", "agent"]
    assert len({span.span_id for span in spans}) == len(spans)
    root = spans[-1]
    assert (root.parent_id, root.trace_id) == ("", bodies.trace_id(3))
    assert {span.parent_id for span in spans[:-1]} == {root.span_id}
    assert all(root.start_ns <= span.start_ns <= (span.end_ns or 0) for span in spans)


def test_history_grows_to_twenty_messages() -> None:
    """Each model call repeats what was said so far; a long run forgets its oldest messages."""
    histories = [
        json.loads(text)
        for span in run_of(spans=60)
        if isinstance(text := span.attributes.get("gen_ai.input.messages"), str)
    ]
    assert [len(history) for history in histories] == [*range(2, 21, 2), *[20] * 20]
    for earlier, later in pairwise(histories[:10]):
        assert later[: len(earlier)] == earlier


def test_one_run_in_twenty_fails() -> None:
    """By one of its tools, and so as a whole."""
    assert [span.name.split()[0] for span in run_of(number=20) if span.status == "error"] == [
        "execute_tool",
        "invoke_agent",
    ]
    assert not any(span.status == "error" for span in run_of(number=21))


def test_rare_word_is_said_in_one_run_of_a_thousand() -> None:
    """The word to search for is nowhere else."""
    assert all(bodies.RARE_WORD not in word for word in bodies.vocabulary())
    said = [bodies.RARE_WORD.encode() in bodies.encode_runs([(n, NEWEST_NS)]) for n in range(12)]
    assert said.index(True) == 7
    assert said.count(True) == 1


def test_file_holds_the_bodies_one_after_the_other(tmp_path: Path) -> None:
    """Runs fill the day up to the given time, and each body can be read by its place."""
    made = bodies.write_bodies(tmp_path / "bodies.bin", spans=610, newest_ns=NEWEST_NS)
    content = made.path.read_bytes()
    spans = [
        span
        for place in made.places
        for span in received(content[place.offset : place.offset + place.size_bytes])
    ]
    assert (made.runs, made.spans, made.size_bytes) == (31, len(spans), len(content))
    starts = [span.start_ns for span in spans if not span.parent_id]
    assert starts == sorted(starts)
    assert NEWEST_NS - bodies.DAY_NS <= starts[0] < starts[-1] < NEWEST_NS
