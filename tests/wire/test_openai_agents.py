"""The OpenAI Agents SDK's own bodies become runs, in any order and however often they come."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.errors import BadInput
from clew.span import Span
from clew.wire.limits import Limits
from clew.wire.merge import merge
from clew.wire.normalize import normalize
from clew.wire.openai_agents import decode
from corpus.expected import HERE

BODIES: list[Any] = json.loads((HERE / "openai-agents-0.24.0" / "ingest.json").read_text("utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KINDS = "agent task turn generation response function handoff guardrail mcp_tools custom".split()


def spans(bodies: Any) -> dict[str, Span]:
    """The spans of bodies that come in one after the other, by id."""
    known: dict[str, Span] = {}
    for body in bodies:
        for span in decode(json.dumps(body).encode()).spans:
            before = known.get(span.span_id)
            known[span.span_id] = merge(before, span) if before else span
    return known


def item(data: Any, **more: Any) -> dict[str, Any]:
    """A span of trace 1."""
    return {
        "object": "trace.span",
        "id": "span_" + "a" * 24,
        "trace_id": "trace_" + "1" * 32,
        "started_at": "2026-11-23T14:02:11.000001+00:00",
        "ended_at": "2026-11-23T14:02:12+00:00",
        "span_data": data,
        **more,
    }


def test_bodies_in_any_order_and_repeated_are_the_same_runs() -> None:
    """Two of the three of a run swapped, and all of them again."""
    whole = spans(BODIES)
    for order in permutations(BODIES[:3]):
        again = spans([*order, *BODIES[3:], *BODIES[3:]])
        assert again.keys() == whole.keys()
        for span_id, span in whole.items():
            assert again[span_id].start_ns == span.start_ns
            assert again[span_id].attributes == span.attributes


def test_a_tripped_guardrail_blocks_the_run() -> None:
    """The workflow is blocked, and not failed."""
    workflow = next(span for span in spans(BODIES).values() if span.name == "Danger")
    assert normalize(workflow).outcome == "blocked"


def test_a_failed_agent_fails_the_run() -> None:
    """With the message of what was raised."""
    workflow = next(span for span in spans(BODIES).values() if span.name == "Broken")
    facts = normalize(workflow)
    assert facts.outcome == "error"
    assert facts.error_message.startswith("Error in agent run")


def test_a_failed_tool_fails_no_run() -> None:
    """The agent was told, and went on."""
    failed = item({"type": "function", "name": "f"}, error={"message": "no", "data": None})
    failed["parent_id"] = "span_" + "b" * 24
    tool, root = decode(json.dumps({"data": [failed]}).encode()).spans
    assert (tool.status, root.status) == ("error", "unset")


def test_an_item_that_cannot_be_read_rejects_itself() -> None:
    """The others of the body are kept."""
    body = {"data": [{"id": 1}, item({"type": "agent", "name": "a"}, started_at=""), item({})]}
    found = decode(json.dumps(body).encode())
    assert found.rejected == 2
    assert len(found.spans) == 2


def test_an_oversized_value_is_cut() -> None:
    """And named."""
    body = {"data": [item({"type": "function", "name": "f", "output": "x" * 100})]}
    span = decode(json.dumps(body).encode(), Limits(value_bytes=50)).spans[0]
    assert span.attributes["gen_ai.tool.call.result"] == "x" * 50
    assert span.truncated == {"gen_ai.tool.call.result": 100}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": 1}', b"\xff"])
def test_what_is_no_body_is_refused(body: bytes) -> None:
    """With a sentence."""
    with pytest.raises(BadInput, match="data"):
        decode(body)


@given(st.sampled_from(KINDS), st.dictionaries(st.text(), JSON, max_size=4), JSON)
def test_odd_spans_make_no_trouble(kind: str, data: dict[str, Any], odd: Any) -> None:
    """Whatever the SDK, or somebody in its name, puts there."""
    told = {**data, "type": kind, "usage": odd, "name": odd, "input": odd, "model_config": odd}
    for span in decode(json.dumps({"data": [item(told)]}).encode()).spans:
        normalize(span)
