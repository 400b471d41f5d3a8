"""Recording by hand: `with clew.span(...)`."""

import asyncio
import importlib
from typing import get_args

import pytest
from opentelemetry import trace

import clew
from clew._sdk import spans as verbs
from clew.testing import TickingClock, capture


def test_kinds_and_outcomes_are_those_of_the_noun() -> None:
    """The SDK offers exactly the kinds and outcomes that a span can have."""
    noun = importlib.import_module("clew.span")
    assert get_args(verbs.Kind) == get_args(noun.Kind)
    assert get_args(verbs.Outcome) == get_args(noun.Outcome)


def test_span_has_kind_input_and_output() -> None:
    """A span keeps its kind, text as text and anything else as JSON."""
    with capture() as captured, clew.span("look up", kind="step") as span:
        span.input("which city?").output({"city": "東京", "score": 0.5})
    recorded = captured.named("look up")
    assert (recorded.kind, recorded.input) == ("step", "which city?")
    assert recorded.output == {"city": "東京", "score": 0.5}
    assert "東京" in str(recorded.attributes["clew.output"])


def test_text_that_looks_like_json_stays_text() -> None:
    """The sender's text isn't taken for JSON because of how it looks."""
    with capture() as captured, clew.span("s") as span:
        span.input('{"a": 1}')
    assert captured.named("s").input == '{"a": 1}'


@pytest.mark.parametrize(
    ("kind", "name", "subject"),
    [
        ("agent", "invoke_agent planner", "gen_ai.agent.name"),
        ("tool", "execute_tool planner", "gen_ai.tool.name"),
        ("workflow", "invoke_workflow planner", "gen_ai.workflow.name"),
    ],
)
def test_names_follow_the_genai_conventions(kind: verbs.Kind, name: str, subject: str) -> None:
    """Agents, tools and workflows are named as other instrumentations name them."""
    with capture() as captured, clew.span("planner", kind=kind):
        pass
    recorded = captured.named(name)
    assert recorded.attributes[subject] == "planner"
    assert recorded.attributes["gen_ai.operation.name"] == name.split(maxsplit=1)[0]


def test_children_of_other_instrumentations_join() -> None:
    """A span that plain OpenTelemetry starts inside becomes a child, and the other way round."""
    with capture() as captured:
        other = captured.provider.get_tracer("other")
        with clew.span("outer"), other.start_as_current_span("middle"), clew.span("inner"):
            pass
    assert captured.tree() == [("outer", [("middle", [("inner", [])])])]


def test_what_runs_below_an_agent_carries_its_name() -> None:
    """A model call inside an agent is the agent's; an agent inside an agent is its own."""
    with capture() as captured, clew.span("outer", kind="agent"):
        captured.provider.get_tracer("other").start_span("chat").end()
        with clew.span("inner", kind="agent"), clew.span("note"):
            pass
    agents = {span.name: span.attributes["gen_ai.agent.name"] for span in captured.spans}
    assert agents == {
        "invoke_agent outer": "outer",
        "chat": "outer",
        "invoke_agent inner": "inner",
        "note": "inner",
    }


def test_exception_is_recorded_and_goes_on() -> None:
    """What fails inside is the program's to handle; the span keeps type, message and trace."""
    with (
        capture() as captured,
        pytest.raises(ValueError, match="no such city"),
        clew.span("s"),
    ):
        raise ValueError("no such city")
    recorded = captured.named("s")
    assert recorded.error == "ValueError: no such city"
    assert recorded.attributes["error.type"] == "ValueError"
    (event,) = captured.exporter.get_finished_spans()[0].events
    assert (event.attributes or {})["exception.message"] == "no such city"


def test_cancellation_is_an_outcome_and_no_error() -> None:
    """A cancelled task has not failed."""

    async def run() -> None:
        with clew.span("s"):
            await asyncio.sleep(60)

    async def cancel() -> None:
        task = asyncio.create_task(run())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with capture() as captured:
        asyncio.run(cancel())
    recorded = captured.named("s")
    assert recorded.attributes["clew.outcome"] == "cancelled"
    assert recorded.error == ""


def test_facts_are_set_by_name() -> None:
    """Facts go by their names in Clew, other attributes by their own."""
    with capture() as captured, clew.span("chat", kind="llm") as span:
        span.set({"shop": "oslo"}, model="gpt-5", input_tokens=12, outcome="refused", retries=0)
    attributes = captured.named("chat").attributes
    assert attributes["gen_ai.request.model"] == "gpt-5"
    assert attributes["gen_ai.usage.input_tokens"] == 12
    assert attributes["clew.outcome"] == "refused"
    assert attributes["clew.retries"] == 0
    assert attributes["shop"] == "oslo"
    assert "gen_ai.provider.name" not in attributes


def test_nothing_is_recorded_without_a_provider() -> None:
    """A program that never called `init` runs as before, its spans without an id."""
    with clew.span("s") as span:
        span.input({"a": 1}).set(outcome="success")
    assert span.trace_id == "0" * 32
    assert span.span_id == "0" * 16


def test_spans_know_their_ids() -> None:
    """Ids are lowercase hex, as they are stored, and count in a capture."""
    with capture() as captured, clew.span("s") as span:
        assert (span.trace_id, span.span_id) == ("0" * 31 + "1", "0" * 15 + "1")
        assert trace.get_current_span() is span.otel
    assert captured.named("s").span_id == span.span_id


def test_time_is_the_clocks() -> None:
    """A captured span lasts as long as the test's clock says."""
    clock = TickingClock(start_ns=0, tick_ns=1)
    with capture(clock) as captured, clew.span("s"):
        clock.advance(2.5)
    recorded = captured.named("s")
    assert (recorded.start_ns, recorded.end_ns) == (1, 2_500_000_002)


def test_named_says_what_there_is() -> None:
    """A name that isn't there is answered with those that are."""
    with capture() as captured, clew.span("a"):
        pass
    with pytest.raises(LookupError, match="0 spans are named 'b'; captured: a"):
        captured.named("b")
