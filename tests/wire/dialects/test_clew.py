"""What Clew's own SDK says."""

from __future__ import annotations

from typing import Any

from clew.span import Span
from clew.wire.normalize import conversation, normalize

SAID: dict[str, Any] = {
    "clew.kind": "llm",
    "clew.input": '[{"role": "user", "content": "hi"}]',
    "clew.input.json": True,
    "clew.output": '{"not": "json"}',
    "clew.outcome": "refused",
    "clew.level": "warning",
    "clew.tags": ["beta"],
    "clew.metadata.tier": "gold",
    "clew.metadata.seat": 3,
    "clew.session.id": "s1",
    "clew.user.id": "u1",
    "clew.environment": "production",
    "clew.release": "1.4",
    "clew.framework": "ours",
    "clew.agent.name": "planner",
    "clew.workflow.name": "trip",
    "clew.prompt.name": "plan",
    "clew.prompt.version": "7",
    "clew.prompt.variable.city": "Paris",
    "clew.handoff.from": "a",
    "clew.handoff.to": "b",
    "clew.cost.total_usd": 0.25,
    "clew.ttft_ms": 1.5,
    "clew.queue_ms": 2,
    "clew.retries": 2,
}


def span() -> Span:
    return Span(trace_id="1" * 32, span_id="2" * 16, start_ns=1, end_ns=2, attributes=SAID)


def test_every_name_of_the_sdk_has_its_field() -> None:
    """All of it is explicit, so all of it counts."""
    facts = normalize(span())
    assert (facts.kind, facts.outcome, facts.level) == ("llm", "refused", "warning")
    assert (facts.tags, facts.metadata) == (["beta"], {"tier": "gold", "seat": "3"})
    assert (facts.session_id, facts.user_id) == ("s1", "u1")
    assert (facts.environment, facts.release, facts.framework) == ("production", "1.4", "ours")
    assert (facts.agent_name, facts.workflow_name) == ("planner", "trip")
    assert (facts.prompt_name, facts.prompt_version) == ("plan", "7")
    assert facts.prompt_variables == {"city": "Paris"}
    assert (facts.handoff_from, facts.handoff_to) == ("a", "b")
    assert (facts.ttft_ns, facts.queue_ns, facts.retries) == (1_500_000, 2_000_000, 2)
    assert facts.cost is not None
    assert (facts.cost.total_usd, facts.cost.source) == (0.25, "client")
    assert facts.rules["kind"] == "clew: clew.kind"


def test_text_that_looks_like_json_stays_text() -> None:
    """The SDK says which of its payloads are JSON."""
    built = conversation(span())
    assert [message.role for message in built.messages_in] == ["user"]
    assert built.output == '{"not": "json"}'
    facts = normalize(span())
    assert (facts.input_preview, facts.output_preview) == ("hi", '{"not": "json"}')
