"""Spans as received become facts, conversations and scores."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew import conventions
from clew.span import Conversation, Event, Facts, Link, Log, Resource, Scope, Span
from clew.wire.normalize import DIALECTS, conversation, display_name, normalize, scores

SECOND = 1_000_000_000
SHARED = Path(__file__).parents[3] / "shared" / "data"


def span(attributes: dict[str, Any] | None = None, **given: Any) -> Span:
    made = Span(
        trace_id="1" * 32,
        span_id="2" * 16,
        name="work",
        start_ns=SECOND,
        end_ns=2 * SECOND,
        attributes=attributes or {},
    )
    return msgspec.structs.replace(made, **given)


def exception(kind: str, message: str = "", **attributes: Any) -> Event:
    said = {"exception.type": kind, "exception.message": message, **attributes}
    return Event(name="exception", attributes=said)


# Precedence.


def test_the_first_dialect_that_knows_a_field_decides_it() -> None:
    """Clew's own word, GenAI, OpenInference, old GenAI names, traceloop; with a note of who did."""
    said = {
        "traceloop.association.properties.session_id": "by-traceloop",
        "gen_ai.system": "anthropic",
        "session.id": "by-openinference",
        "llm.model_name": "by-openinference",
        "gen_ai.request.model": "by-genai",
        "gen_ai.conversation.id": "by-genai",
        "openinference.span.kind": "LLM",
    }
    facts = normalize(span(said))
    assert facts.session_id == "by-genai"
    assert facts.request_model == "by-genai"
    assert facts.provider == "anthropic"
    assert facts.rules["session_id"] == "genai: gen_ai.conversation.id"
    assert facts.rules["kind"] == "openinference: openinference.span.kind"
    assert facts.dialects == [
        *("openinference@1", "genai@1", "genai_legacy@1", "traceloop@1", "generic@1")
    ]
    assert normalize(span({**said, "clew.session.id": "ours"})).session_id == "ours"


def test_a_kind_that_was_chosen_outranks_one_that_follows_from_the_operation() -> None:
    """A decorator's word stands above what the instrumentor inside it does."""
    operation = {"gen_ai.operation.name": "invoke_agent"}
    assert normalize(span(operation)).kind == "agent"
    assert normalize(span({**operation, "traceloop.span.kind": "workflow"})).kind == "workflow"
    assert normalize(span({**operation, "openinference.span.kind": "CHAIN"})).kind == "step"
    assert normalize(span({**operation, "clew.kind": "plan"})).kind == "plan"


def test_tokens_are_put_together_from_every_dialect() -> None:
    """One says the input, another the reasoning: both are of this call."""
    usage = normalize(
        span(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.usage.input_tokens": "100",
                "gen_ai.usage.reasoning_tokens": 5,
                "llm.token_count.completion": 20.0,
            }
        )
    ).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens) == (100, 20, 5)


def test_tags_and_metadata_of_all_dialects_are_kept() -> None:
    """They add up; of one key the first dialect's value counts."""
    facts = normalize(
        span(
            {
                "clew.tags": ["a"],
                "tag.tags": ["a", "b"],
                "clew.metadata.tier": "gold",
                "metadata": '{"tier": "silver", "seat": 3, "deep": {"x": [1]}}',
                "traceloop.association.properties.team": "red",
            }
        )
    )
    assert facts.tags == ["a", "b"]
    assert facts.metadata == {"tier": "gold", "seat": "3", "deep": '{"x":[1]}', "team": "red"}


def test_every_dialect_has_one_name_and_one_version() -> None:
    """A name stands for the same version wherever it speaks."""
    assert len({dialect.name for dialect in DIALECTS}) == len(
        {(dialect.name, dialect.version) for dialect in DIALECTS}
    )


# Usage.


def test_input_includes_cached_tokens_whoever_sent_it() -> None:
    """More cached than input means that the sender left the cached ones out."""
    cached = {"gen_ai.usage.cache_read.input_tokens": 900, "gen_ai.usage.output_tokens": 5}
    apart = normalize(
        span(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.usage.input_tokens": 10,
                "gen_ai.usage.cache_creation.input_tokens": 90,
                "gen_ai.usage.total_tokens": 15,
                **cached,
            }
        )
    ).usage
    assert apart is not None
    assert (apart.input_tokens, apart.cache_write_tokens, apart.total_tokens) == (1000, 90, 1005)
    within = normalize(span({"gen_ai.usage.input_tokens": 1000, **cached})).usage
    assert within is not None
    assert within.input_tokens == 1000


@pytest.mark.parametrize(
    ("kind", "scope"),
    [("llm", "leaf"), ("embedding", "leaf"), ("rerank", "leaf"), ("agent", "aggregate")],
)
def test_usage_of_what_is_no_model_call_is_a_sum(kind: str, scope: str) -> None:
    """Agents, workflows and steps repeat what runs below them."""
    usage = normalize(span({"clew.kind": kind, "gen_ai.usage.input_tokens": 3})).usage
    assert usage is not None
    assert usage.scope == scope


def test_reading_a_stored_response_tells_no_usage() -> None:
    """Its tokens were told when it was made."""
    facts = normalize(
        span({"gen_ai.operation.name": "fetch_response", "gen_ai.usage.input_tokens": 3})
    )
    assert (facts.kind, facts.usage) == ("other", None)


def test_a_cost_that_was_sent_is_kept_with_its_source() -> None:
    """In the shape of every dialect; halves are added up."""
    for said in ({"operation.cost": 0.5}, {"llm.cost.total": "0.5"}, {"clew.cost.total_usd": 0.5}):
        cost = normalize(span({"gen_ai.operation.name": "chat", **said})).cost
        assert cost is not None
        assert (cost.total_usd, cost.source) == (0.5, "client")
    halves = normalize(span({"llm.cost.prompt": 0.5, "llm.cost.completion": 0.25})).cost
    assert halves is None or halves.total_usd == 0.75


# Provider and framework.


@pytest.mark.parametrize(
    ("said", "provider", "framework"),
    [
        (
            {"gen_ai.provider.name": "langchain", "gen_ai.request.model": "gpt-4o"},
            "openai",
            "langchain",
        ),
        (
            {"gen_ai.system": "strands-agents", "gen_ai.request.model": "us.anthropic.claude-x"},
            "aws.bedrock",
            "strands",
        ),
        ({"gen_ai.system": "vertex_ai"}, "gcp.vertex_ai", ""),
        ({"gen_ai.system": "OpenAI"}, "openai", ""),
        ({"llm.provider": "azure", "openinference.span.kind": "LLM"}, "azure.ai.openai", ""),
        ({"gen_ai.request.model": "x", "server.address": "api.groq.com"}, "groq", ""),
        ({"gen_ai.request.model": "mistralai/mixtral-8x7b"}, "mistral_ai", ""),
        ({"gen_ai.request.model": "llama3"}, "", ""),
        ({"gen_ai.request.model": "o3-mini"}, "openai", ""),
    ],
)
def test_frameworks_are_told_apart_from_providers(
    said: dict[str, Any], provider: str, framework: str
) -> None:
    """Who served the model is named, or follows from the host or the model, or is unknown."""
    facts = normalize(span(said))
    assert (facts.provider, facts.framework) == (provider, framework)


# Outcome.

REFUSAL = '[{"role":"assistant","parts":[{"type":"refusal","content":"no"}]}]'


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("asyncio.exceptions.CancelledError", "cancelled"),
        ("KeyboardInterrupt", "cancelled"),
        ("GeneratorExit", "cancelled"),
        ("agents.exceptions.InputGuardrailTripwireTriggered", "blocked"),
        ("langgraph.errors.GraphInterrupt", "waiting"),
        ("ValueError", "error"),
    ],
)
def test_an_exception_tells_how_a_span_ended(kind: str, expected: str) -> None:
    """Cancelled, blocked and waiting are no errors although they are raised."""
    facts = normalize(span(status="error", events=(exception(kind, "why"),)))
    assert (facts.outcome, facts.error_type, facts.error_message) == (expected, kind, "why")


def test_an_exception_that_was_handled_is_no_error() -> None:
    """Recorded on a span that ended well; one that escaped is an error even without a status."""
    handled = normalize(span(events=(exception("KeyError"),)))
    assert (handled.outcome, handled.error_type) == ("success", "")
    escaped = exception("KeyError", **{"exception.escaped": "True"})
    assert normalize(span(events=(escaped,))).outcome == "error"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"gen_ai.response.finish_reasons": ["content_filter"]}, "refused"),
        ({"gen_ai.response.finish_reasons": ["SAFETY"]}, "refused"),
        ({"gen_ai.response.finish_reasons": '["refusal"]'}, "refused"),
        ({"gen_ai.response.finish_reasons": ["error"]}, "error"),
        ({"gen_ai.response.finish_reasons": ["stop"]}, "success"),
        ({"gen_ai.output.messages": REFUSAL}, "refused"),
        ({"gen_ai.response.status": "requires_action"}, "waiting"),
        ({"gen_ai.response.status": "cancelled"}, "cancelled"),
        ({"error.type": "timeout"}, "error"),
        ({"clew.outcome": "waiting"}, "waiting"),
        ({"clew.outcome": "splendid"}, "success"),
    ],
)
def test_an_answer_tells_how_a_call_ended(said: dict[str, Any], expected: str) -> None:
    """Finish reasons, refusals, states of a response, the sender's own word."""
    assert normalize(span({"gen_ai.operation.name": "chat", **said})).outcome == expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ('{"content":[],"isError":true}', "error"),
        ({"is_error": "true"}, "error"),
        ('{"type":"tool","status":"error","content":"boom","tool_call_id":"c"}', "error"),
        ('{"error":"not found"}', "error"),
        ('{"error":null,"result":1}', "success"),
        ('{"error":"minor","result":[1]}', "success"),
        ("Errors are explained in chapter 2", "success"),
        ("20C", "success"),
    ],
)
def test_a_tool_that_returned_an_error_failed(result: Any, expected: str) -> None:
    """Although its span's status says nothing."""
    facts = normalize(
        span({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.result": result})
    )
    assert (facts.outcome, facts.tool_is_error) == (expected, expected == "error")
    assert facts.error_type == ("tool_error" if expected == "error" else "")


def test_a_running_span_has_no_outcome() -> None:
    """Whatever it says so far."""
    assert normalize(span({"error.type": "x"}, end_ns=None)).outcome == ""


def test_the_message_of_an_error_is_the_exceptions_else_the_statuss() -> None:
    """Both say it in most senders; one is enough."""
    assert normalize(span(status="error", status_message="down")).error_message == "down"


# Names and general attributes.


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("execute_tool refund", "tool", "refund"),
        ("invoke_agent planner", "agent", "planner"),
        ("chat gpt-4o", "llm", "gpt-4o"),
        ("plan_step.task", "step", "plan_step"),
        ("Agent.run-0190a7c2-1a2b-4c3d-8e4f-1234567890ab", "agent", "Agent.run"),
        ("chat room", "other", "chat room"),
        (".task", "step", ".task"),
        ("", "other", ""),
    ],
)
def test_a_name_is_shown_without_what_the_kind_says(name: str, kind: Any, shown: str) -> None:
    """And without the ids that frameworks append."""
    assert display_name(name, kind) == shown


def test_where_a_span_comes_from_is_read_from_its_resource() -> None:
    """Service, environment, release, project, session; the scope names the framework."""
    facts = normalize(
        span(
            resource=Resource(
                attributes={
                    "service.name": "booking",
                    "service.version": "1.4",
                    "deployment.environment": "production",
                    "openinference.project.name": "trips",
                    "session.id": "s",
                }
            ),
            scope=Scope(name="openinference.instrumentation.crewai"),
        )
    )
    assert (facts.service, facts.release, facts.environment) == ("booking", "1.4", "production")
    assert (facts.project, facts.session_id, facts.framework) == ("trips", "s", "crewai")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"http.request.method": "GET"}, "http"),
        ({"db.system": "postgresql"}, "db"),
        ({"db.system": "chroma", "db.operation": "query"}, "retrieval"),
        ({"db.system": "chroma", "db.operation": "upsert"}, "db"),
        ({"gen_ai.operation.name": "chat", "http.request.method": "POST"}, "llm"),
        ({"mcp.method.name": "tools/list"}, "mcp"),
        ({"mcp.method.name": "tools/call", "gen_ai.operation.name": "execute_tool"}, "tool"),
        ({"gen_ai.agent.name": "planner"}, "other"),
        ({"gen_ai.operation.name": "search_memory"}, "memory"),
        ({"gen_ai.operation.name": "novel"}, "other"),
        ({}, "other"),
    ],
)
def test_kinds_follow_from_what_is_there(said: dict[str, Any], kind: str) -> None:
    """An agent's name on a span never makes it an agent."""
    assert normalize(span(said)).kind == kind


def test_a_tool_that_transfers_is_a_handoff_edge() -> None:
    """From the agent that called it to the one in its name."""
    facts = normalize(
        span(
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "transfer_to_billing",
                "gen_ai.agent.name": "triage",
            }
        )
    )
    assert (facts.kind, facts.handoff_from, facts.handoff_to) == ("tool", "triage", "billing")


# Conversations.


def test_a_conversation_that_was_sent_as_input_becomes_messages() -> None:
    """A graph's state, a list of messages: a person reads a conversation, not JSON."""
    state = {"messages": [{"type": "human", "content": "hi"}, {"type": "ai", "content": "yes"}]}
    built = conversation(
        span({"input.value": json.dumps(state), "output.value": "done", "clew.kind": "agent"})
    )
    assert [message.role for message in built.messages_in] == ["user", "assistant"]
    assert (built.input, built.output) == (None, "done")


def test_system_messages_stand_apart_and_once() -> None:
    """The instructions and the system message that opens the list are often the same."""
    built = conversation(
        span(
            {
                "gen_ai.system_instructions": '[{"type":"text","content":"be nice"}]',
                "gen_ai.input.messages": json.dumps(
                    [
                        {"role": "system", "content": "be nice"},
                        {"role": "developer", "content": "be brief"},
                        {"role": "user", "content": "hi"},
                        {"role": "system", "content": "later"},
                    ]
                ),
            }
        )
    )
    assert [message.parts[0].text for message in built.system] == ["be nice", "be brief"]
    assert [message.role for message in built.messages_in] == ["user", "system"]


def test_a_message_that_was_cut_on_arrival_is_marked() -> None:
    """Also where what remained is not JSON."""
    built = conversation(
        span(
            {"gen_ai.input.messages": "plain text that was cut"},
            truncated={"gen_ai.input.messages": 100_000},
        )
    )
    assert [message.truncated for message in built.messages_in] == [True]


def test_a_span_that_says_nothing_has_an_empty_conversation() -> None:
    """Not an error."""
    assert conversation(span()) == Conversation()


# Anything at all.

CONSTANTS: list[str] = [
    value for name, value in vars(conventions).items() if name.isupper() and isinstance(value, str)
]
NAMES = [
    *CONSTANTS,
    *(name.format(0) for name in CONSTANTS if "{}" in name),
    *(name + "x" for name in CONSTANTS if name.endswith(".")),
    *("llm.input_messages.0.message.role", "llm.input_messages.0.message.contents.0"),
    *("llm.input_messages.0.message.contents.0.message_content.type", "llm.tools.0.tool"),
    *("llm.output_messages.0.message.tool_calls.0.tool_call.function.name", "gen_ai.prompt.0"),
    *("retrieval.documents.0.document.content", "annotations.0.annotation.name"),
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.sampled_from(
        ["LLM", "chat", "tool", "user", "[", '[{"role":"user"', '{"a":1}', "1e999", "execute_tool"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "id"]), inner, max_size=3)
    ),
    max_leaves=5,
)
ATTRIBUTES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12)
EVENTS = st.builds(
    Event,
    name=st.sampled_from([name for name in CONSTANTS if "event" in name or "message" in name])
    | st.sampled_from(["exception", "gen_ai.choice", "gen_ai.evaluation.result"]),
    time_ns=st.integers(0, 2**62),
    attributes=ATTRIBUTES,
)


@given(ATTRIBUTES, st.lists(EVENTS, max_size=2), VALUES, st.sampled_from([None, 9]))
def test_nothing_that_a_span_says_breaks_normalising(
    attributes: dict[str, Any], events: list[Event], body: Any, end_ns: int | None
) -> None:
    """Facts, conversation and scores of any span have the declared types and can be encoded."""
    made = span(
        attributes,
        events=tuple(events),
        end_ns=end_ns,
        links=(Link(trace_id="3" * 32, span_id="4" * 16),),
    )
    log = Log(event_name="gen_ai.user.message", body=body, attributes=attributes)
    facts = normalize(made)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=Facts).kind == facts.kind
    assert msgspec.json.encode([conversation(made, [log]), scores(made), scores(log)])
    assert len(facts.input_preview) <= 200
    assert len(facts.output_preview) <= 200


# What packages really sent, as printed in the folder beside the project.


def printed_spans(path: Path) -> list[Span]:
    """The spans of a printout: a head line each, then its attributes as Python values."""
    found: list[Span] = []
    head = re.compile(r"- \[(\S+)[^\]]*\] name='(.*?)' kind=\S+ status=(\S+) parent=(\S+) id=(\S+)")
    for line in path.read_text("utf-8").splitlines():
        match = head.match(line)
        if match:
            found.append(
                span(
                    {},
                    name=match[2],
                    scope=Scope(name=match[1]),
                    span_id=match[5],
                    status=match[3].lower(),
                )
            )
        elif found and line.startswith("     ") and " = " in line:
            name, _, value = line.strip().partition(" = ")
            found[-1].attributes[name] = ast.literal_eval(value)
    return found


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the printed spans beside the project")
def test_spans_printed_from_many_packages_have_kind_model_and_content() -> None:
    """OpenAI Agents under three instrumentors, OpenLLMetry, Anthropic, Pydantic AI."""
    for path in sorted((SHARED / "otel_spans").glob("*.txt")):
        for made in printed_spans(path):
            facts = normalize(made)
            assert facts.kind != "other", (path.name, made.name)
            if facts.kind == "llm":
                assert facts.model
                assert facts.provider
            if facts.kind == "tool":
                assert (facts.tool_name, facts.input_preview) == (
                    "get_weather",
                    facts.input_preview,
                )
                assert facts.input_preview
