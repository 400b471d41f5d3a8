"""The quirks that dialects must even out, each on a body that a real library sent.

Where content lives, shapes of messages, cut-off JSON, double counting, cached tokens, units,
providers that are frameworks, agents' names on other spans, handoffs, sessions, errors.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
import pytest

from clew.span import Conversation, Facts, Log, Message, Span
from clew.wire.normalize import conversation, normalize, normalize_with_logs
from corpus.expected import HERE, recorded


@lru_cache
def body(name: str) -> tuple[list[Span], list[Log]]:
    """The spans and logs of the one folder whose name begins like this."""
    (folder,) = [held for held in HERE.glob(f"{name}*") if held.is_dir()]
    return recorded(folder)


def understood(name: str, kind: str) -> list[tuple[Span, Facts]]:
    """The spans of a kind in a folder, oldest first."""
    spans, logs = body(name)
    told = [
        (s, normalize_with_logs(s, [log for log in logs if log.span_id == s.span_id]))
        for s in spans
    ]
    return [(span, facts) for span, facts in told if facts.kind == kind]


def said(name: str, index: int) -> Conversation:
    """The conversation of the model call of this index."""
    span, _ = understood(name, "llm")[index]
    return conversation(span, [log for log in body(name)[1] if log.span_id == span.span_id])


def words(messages: list[Message]) -> str:
    return " ".join(part.text for message in messages for part in message.parts)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("genai-openai-1", 0),
        ("genai-openai-events", 0),
        ("openinference-openai", 0),
        ("strands", 0),
        ("google-adk-2.13.0-first-schema", 0),
        ("ai-sdk-5", 0),
        ("langgraph-1.2.24-langsmith", 0),
        ("langfuse", 0),
    ],
)
def test_content_is_found_wherever_it_lives(name: str, index: int) -> None:
    """In JSON of an attribute, in log records, in flattened attributes, in span events, in a
    request of the framework's own, and in a vendor's attributes."""
    assert "What is the weather in Zürich?" in words(said(name, index).messages_in)


def test_content_that_was_not_captured_is_empty() -> None:
    """No messages, and no error."""
    assert said("genai-openai-bare", 0) == Conversation()


@pytest.mark.parametrize(
    "name",
    [
        "pydantic-ai",
        "anthropic-2.14.0-openinference",
        "google-adk-2.13.0-first-schema",
        "ai-sdk-5",
        "langgraph-1.2.24-langsmith",
        "openinference-openai",
        "strands",
        "langfuse",
    ],
)
def test_calls_and_results_are_parts_in_every_shape_of_messages(name: str) -> None:
    """Parts, flattened Anthropic blocks, Gemini contents, AI SDK parts, LangChain's and OpenAI's
    messages, Bedrock's blocks: one shape in the end."""
    # A call that two layers report has its words on one of them.
    told = [said(name, index).messages_in for index in range(3)]
    second = [messages for messages in told if messages][1]
    parts = [part for message in second for part in message.parts]
    (call,) = [part for part in parts if part.type == "tool_call"]
    (result,) = [part for part in parts if part.type == "tool_call_response"]
    assert (call.name, call.arguments) == ("get_weather", {"city": "Zürich"})
    assert "20" in str(result.response)


def test_json_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    """A recorded conversation, cut in the middle of its last message, which is marked."""
    span, _ = understood("pydantic-ai", "llm")[1]
    whole = str(span.attributes["gen_ai.input.messages"])
    cut = {**span.attributes, "gen_ai.input.messages": whole[: len(whole) - 30]}
    told = conversation(msgspec.structs.replace(span, attributes=cut)).messages_in
    assert words(told[:1]) == "What is the weather in Zürich?"
    assert told[-1].truncated


def test_a_sum_is_marked_as_one() -> None:
    """An agent tells the tokens of the calls below it; a call its own."""
    scopes = {
        facts.kind: facts.usage.scope
        for name in ("pydantic-ai", "strands", "ai-sdk-5", "ai-sdk-7", "smolagents")
        for kind in ("agent", "llm")
        for _, facts in understood(name, kind)
        if facts.usage
    }
    assert scopes == {"agent": "aggregate", "llm": "leaf"}


def test_one_call_seen_by_two_has_one_response_id() -> None:
    """By it the two reports are known to be one."""
    ids = [facts.response_id for _, facts in understood("anthropic-2.14.0-twice", "llm")]
    told = [response_id for response_id in ids if response_id]
    assert len(told) == 2 * len(set(told)) == 12


@pytest.mark.parametrize("watcher", ["", "-openinference", "-openllmetry"])
def test_input_tokens_include_cached_ones(watcher: str) -> None:
    """The provider tells them apart, whoever watches."""
    (folder,) = [
        held for held in HERE.glob(f"anthropic-*{watcher}") if held.name.endswith(f"0{watcher}")
    ]
    spans, _ = recorded(folder)
    usage = [normalize(span).usage for span in spans][1]
    assert usage is not None
    assert (usage.input_tokens, usage.cache_read_tokens) == (233, 4)


@pytest.mark.parametrize("name", ["strands", "ai-sdk-5", "ai-sdk-7", "openllmetry-openai"])
def test_a_first_token_comes_within_its_call(name: str) -> None:
    """Seconds, milliseconds, or the time of an event."""
    told = [(span, facts.ttft_ns) for span, facts in understood(name, "llm") if facts.ttft_ns]
    assert told
    assert all(0 < ttft_ns <= (span.end_ns or 0) - span.start_ns for span, ttft_ns in told)


@pytest.mark.parametrize(
    ("name", "framework", "provider"),
    [
        ("strands", "strands", "openai"),
        ("google-adk-2.13.0-first-schema", "google_adk", "gcp.gemini"),
        ("langgraph-1.2.24-openllmetry", "langchain", "openai"),
        ("ai-sdk-5", "ai_sdk", "openai"),
    ],
)
def test_a_framework_is_no_provider(name: str, framework: str, provider: str) -> None:
    """Also where it stands in the provider's place, and where the provider has a suffix."""
    spans, _ = body(name)
    told = [normalize(span) for span in spans]
    assert framework in {facts.framework for facts in told}
    assert provider in {facts.provider for facts in told if facts.kind == "llm"}
    assert not {facts.provider for facts in told} & {"strands-agents", "langgraph", "langchain"}


def test_the_name_of_an_agent_makes_no_agent() -> None:
    """It is on the model calls and tools below it too."""
    for name in ("google-adk-2.13.0", "pydantic-ai"):
        folder = next(held for held in HERE.glob(f"{name}*") if "first" not in held.name)
        named = [normalize(span) for span in recorded(folder)[0]]
        kinds = {facts.kind for facts in named if facts.agent_name == "weather_desk"}
        assert kinds == {"agent", "llm", "tool"}


@pytest.mark.parametrize(
    "name", ["openai-agents-0.24.0-openinference", "google-adk-2.13.0-first-schema"]
)
def test_a_handoff_knows_both_agents(name: str) -> None:
    """A tool without a name, and one that is called with the name."""
    handed = {
        (facts.handoff_from, facts.handoff_to)
        for span in body(name)[0]
        if (facts := normalize(span)).handoff_to
    }
    assert handed == {("weather_desk", "poet")}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("pydantic-ai", "gen_ai.conversation.id"),
        ("strands", "session.id"),
        ("langgraph-1.2.24-openllmetry", "traceloop.association.properties.thread_id"),
        ("langgraph-1.2.24-langsmith", "langsmith.metadata.thread_id"),
        ("ai-sdk-5", "ai.telemetry.metadata.sessionId"),
        ("google-adk-2.13.0-first-schema", "gcp.vertex.agent.session_id"),
    ],
)
def test_a_session_is_known_by_every_name_of_it(name: str, rule: str) -> None:
    """And the attribute that decided is told."""
    facts = [normalize(span) for span in body(name)[0]]
    told = {one.rules.get("session_id", "") for one in facts if one.session_id == "session-1"}
    assert any(rule in one for one in told)


@pytest.mark.parametrize("name", ["agno", "google-adk-2.13.0-first-schema", "ai-sdk-7", "dspy"])
def test_a_tool_that_failed_is_an_error(name: str) -> None:
    """Whether it raised or returned its error, and once only: the second try worked."""
    outcomes = [f.outcome for _, f in understood(name, "tool") if f.tool_name == "get_alerts"]
    assert outcomes == ["error", "success"]
