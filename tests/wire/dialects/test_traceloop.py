"""OpenLLMetry and the traceloop SDK."""

from __future__ import annotations

from typing import Any

import pytest

from clew.span import Document, Event, Scope, Span, ToolDefinition
from clew.wire.normalize import conversation, normalize

SECOND = 1_000_000_000


def span(attributes: dict[str, Any], name: str = "work", **given: Any) -> Span:
    return Span(
        trace_id="1" * 32,
        span_id="2" * 16,
        name=name,
        start_ns=SECOND,
        end_ns=2 * SECOND,
        attributes=attributes,
        **given,
    )


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"traceloop.span.kind": "workflow"}, "workflow"),
        ({"traceloop.span.kind": "task"}, "step"),
        ({"traceloop.span.kind": "agent"}, "agent"),
        ({"traceloop.span.kind": "tool"}, "tool"),
        ({"traceloop.span.kind": "handoff"}, "handoff"),
        ({"traceloop.span.kind": "server"}, "mcp"),
        ({"traceloop.span.kind": "unknown"}, "other"),
        (
            {"traceloop.span.kind": "task", "gen_ai.operation.name": "vector_db_retrieve"},
            "retrieval",
        ),
        ({"traceloop.span.kind": "task", "gen_ai.operation.name": "execute_task"}, "step"),
        ({"traceloop.span.kind": "workflow", "gen_ai.operation.name": "invoke_agent"}, "workflow"),
        ({"llm.request.type": "chat"}, "llm"),
        ({"llm.request.type": "embedding"}, "embedding"),
        ({"llm.request.type": "rerank"}, "rerank"),
        ({"db.system": "chroma", "db.vector.query.top_k": 3}, "retrieval"),
        ({"gen_ai.guardrail.status": "PASSED"}, "guardrail"),
    ],
)
def test_decorators_and_requests_have_kinds(said: dict[str, Any], kind: str) -> None:
    """A task that does a known operation is what it does."""
    assert normalize(span(said)).kind == kind


def test_the_suffix_of_a_decorators_name_is_its_kind() -> None:
    """Where the attributes were dropped."""
    bare = span({}, name="plan.agent", scope=Scope(name="traceloop.tracer"))
    assert (normalize(bare).kind, normalize(bare).display_name) == ("agent", "plan")
    assert normalize(span({}, name="plan.agent")).kind == "other"


def test_association_properties_are_session_user_and_metadata() -> None:
    """The prompt is pinned by key and version, which are strings."""
    facts = normalize(
        span(
            {
                "traceloop.workflow.name": "morning",
                "traceloop.association.properties.thread_id": "t1",
                "traceloop.association.properties.customer_id": "c1",
                "traceloop.association.properties.tier": "gold",
                "traceloop.prompt.managed": "True",
                "traceloop.prompt.key": "plan",
                "traceloop.prompt.version": "3",
                "traceloop.prompt.template_variables.city": "Paris",
            }
        )
    )
    assert (facts.session_id, facts.user_id, facts.workflow_name) == ("t1", "c1", "morning")
    assert facts.metadata == {"thread_id": "t1", "customer_id": "c1", "tier": "gold"}
    assert (facts.prompt_name, facts.prompt_version) == ("plan", "3")
    assert facts.prompt_variables == {"city": "Paris"}
    assert facts.rules["prompt"] == "traceloop: traceloop.prompt.key"


def test_a_decorated_call_shows_what_went_in_and_came_out() -> None:
    """Without args and kwargs around it; cut JSON is read as far as it goes."""
    whole = span(
        {
            "traceloop.span.kind": "tool",
            "traceloop.entity.name": "get_weather",
            "traceloop.entity.input": '{"args": ["Paris"], "kwargs": {}}',
            "traceloop.entity.output": '{"celsius": 20}',
        }
    )
    facts = normalize(whole)
    assert (facts.tool_name, facts.input_preview, facts.output_preview) == (
        *("get_weather", "Paris", "20"),
    )
    assert conversation(whole).output == {"celsius": 20}
    cut = span(
        {
            "traceloop.span.kind": "task",
            "traceloop.entity.input": '{"args": ["what is the wea',
            "traceloop.entity.output": '"It is su',
        }
    )
    assert normalize(cut).input_preview == "what is the wea"
    assert normalize(cut).output_preview == "It is su"
    assert conversation(cut).output == "It is su"


def test_a_handoff_knows_both_agents() -> None:
    """From the OpenAI Agents instrumentor and from LangGraph commands."""
    agents = normalize(
        span(
            {
                "traceloop.span.kind": "handoff",
                "gen_ai.operation.name": "handoff",
                "gen_ai.handoff.from_agent": "triage",
                "gen_ai.handoff.to_agent": "billing",
            }
        )
    )
    assert (agents.kind, agents.handoff_from, agents.handoff_to) == ("handoff", "triage", "billing")
    graph = normalize(
        span({"langgraph.command.source_node": "a", "langgraph.command.goto_node": "b"})
    )
    assert (graph.handoff_from, graph.handoff_to) == ("a", "b")


def test_a_guard_that_failed_blocked_and_one_that_broke_is_an_error() -> None:
    """The status says FAILED in both cases."""
    failed = {"gen_ai.guardrail.name": "pii", "gen_ai.guardrail.status": "FAILED"}
    assert normalize(span(failed)).outcome == "blocked"
    assert normalize(span({**failed, "gen_ai.guardrail.status": "PASSED"})).outcome == "success"
    broke = span({**failed, "gen_ai.guardrail.error.type": "TimeoutError"}, status="error")
    assert (normalize(broke).outcome, normalize(broke).error_type) == ("error", "TimeoutError")


def test_early_versions_are_understood() -> None:
    """`llm.*` names for what GenAI names now."""
    made = span(
        {
            "llm.request.type": "chat",
            "gen_ai.system": "Anthropic",
            "gen_ai.request.model": "claude-3-opus",
            "llm.usage.total_tokens": 120,
            "gen_ai.usage.prompt_tokens": 100,
            "gen_ai.usage.completion_tokens": 20,
            "llm.is_streaming": "True",
            "llm.top_k": 5,
            "llm.user": "u1",
            "llm.request.functions.0.name": "f",
            "llm.request.functions.0.description": "does f",
            "llm.request.functions.0.parameters": '{"type": "object"}',
        },
        events=(Event(name="llm.content.completion.chunk", time_ns=SECOND + 9),),
    )
    facts = normalize(made)
    assert (facts.kind, facts.provider, facts.user_id) == ("llm", "anthropic", "u1")
    assert (facts.stream, facts.model_parameters, facts.ttft_ns) == (True, {"top_k": 5}, 9)
    assert facts.usage is not None
    assert (facts.usage.input_tokens, facts.usage.total_tokens) == (100, 120)
    assert conversation(made).tools == [
        ToolDefinition(name="f", description="does f", parameters={"type": "object"})
    ]


def test_results_of_a_vector_database_are_documents() -> None:
    """One event a result."""
    made = span(
        {"db.system": "chroma", "db.operation": "query", "db.vector.query.top_k": 1},
        events=(
            Event(
                name="db.query.result",
                attributes={
                    "db.query.result.id": "d1",
                    "db.query.result.distance": 0.25,
                    "db.query.result.document": "10-18",
                    "db.query.result.metadata": '{"page": 3}',
                },
            ),
        ),
    )
    assert conversation(made).documents == [
        Document(id="d1", content="10-18", score=0.25, metadata={"page": 3})
    ]
    assert normalize(made).output_preview == "10-18"
