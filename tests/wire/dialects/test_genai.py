"""OpenTelemetry GenAI: attributes, details events, log records, evaluations, older generations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clew.span import Event, Facts, Log, Part, Span
from clew.wire.normalize import conversation, normalize, scores

SECOND = 1_000_000_000
MESSAGES = [
    {"role": "user", "parts": [{"type": "text", "content": "weather in Paris?"}]},
    {"role": "assistant", "parts": [{"type": "tool_call", "id": "c", "name": "f"}]},
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "result": "20C"}]},
]
ANSWER = [{"role": "assistant", "parts": [{"type": "text", "content": "Sunny."}]}]


def span(attributes: dict[str, Any], events: tuple[Event, ...] = ()) -> Span:
    return Span(
        trace_id="1" * 32,
        span_id="2" * 16,
        name="chat gpt-4o",
        start_ns=SECOND,
        end_ns=2 * SECOND,
        attributes=attributes,
        events=events,
    )


def shown(made: Span, *logs: Log) -> list[tuple[str, str]]:
    built = conversation(made, logs)
    return [
        (message.role, part.text or str(part.response or part.name))
        for message in (*built.system, *built.messages_in, *built.messages_out)
        for part in message.parts
    ]


CHAT = [("user", "weather in Paris?"), ("assistant", "f"), ("tool", "20C"), ("assistant", "Sunny.")]


def test_every_current_attribute_of_a_model_call_is_understood() -> None:
    """Model, parameters, finish, timing, prompt, session, agent."""
    facts = normalize(
        span(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.model": "claude-sonnet-4-5",
                "gen_ai.response.model": "claude-sonnet-4-5-20250929",
                "gen_ai.response.id": "msg_1",
                "gen_ai.response.finish_reasons": ("end_turn",),
                "gen_ai.response.time_to_first_chunk": 0.25,
                "gen_ai.request.temperature": 0.5,
                "gen_ai.request.stop_sequences": ["x"],
                "gen_ai.request.stream": True,
                "gen_ai.conversation.id": "s1",
                "gen_ai.agent.id": "a1",
                "gen_ai.agent.name": "planner",
                "gen_ai.agent.version": "3",
                "gen_ai.prompt.name": "plan",
                "gen_ai.prompt.version": "7",
                "gen_ai.prompt.variable.city": "Paris",
                "gen_ai.usage.input_tokens": 100,
                "gen_ai.usage.output_tokens": 20,
                "gen_ai.usage.cache_read.input_tokens": 40,
                "gen_ai.usage.cache_write.input_tokens": 10,
                "gen_ai.usage.reasoning.output_tokens": 5,
                "gen_ai.usage.audio.input_tokens": 1,
            }
        )
    )
    usage = facts.usage
    assert usage is not None
    assert facts == Facts(
        kind="llm",
        rules={
            "kind": "genai: gen_ai.operation.name",
            "usage": "genai: gen_ai.usage.input_tokens",
            "model": "genai: gen_ai.response.model",
            "provider": "genai: gen_ai.provider.name",
            "session_id": "genai: gen_ai.conversation.id",
            "prompt": "genai: gen_ai.prompt.name",
        },
        dialects=["genai@1", "generic@1"],
        display_name="gpt-4o",
        outcome="success",
        provider="anthropic",
        request_model="claude-sonnet-4-5",
        response_model="claude-sonnet-4-5-20250929",
        response_id="msg_1",
        finish_reasons=["end_turn"],
        ttft_ns=SECOND // 4,
        model_parameters={"temperature": 0.5, "stop_sequences": ["x"]},
        stream=True,
        session_id="s1",
        agent_id="a1",
        agent_name="planner",
        agent_version="3",
        prompt_name="plan",
        prompt_version="7",
        prompt_variables={"city": "Paris"},
        usage=usage,
    )
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (40, 10)
    assert (usage.reasoning_tokens, usage.audio_input_tokens) == (5, 1)


DETAILS: dict[str, Any] = {"gen_ai.input.messages": MESSAGES, "gen_ai.output.messages": ANSWER}


@pytest.mark.parametrize("encode", [json.dumps, list])
def test_content_on_the_span_is_read_as_json_and_as_structure(encode: Any) -> None:
    """The convention allows both."""
    made = span({name: encode(value) for name, value in DETAILS.items()})
    assert shown(made) == CHAT
    assert normalize(made).input_preview == "weather in Paris?"
    assert normalize(made).output_preview == "Sunny."


def test_content_in_a_details_event_or_log_is_read() -> None:
    """In the attributes of a span event, of a log record, or in the log's body."""
    name = "gen_ai.client.inference.operation.details"
    on_event = span({}, (Event(name=name, attributes=DETAILS),))
    assert shown(on_event) == CHAT
    assert normalize(on_event).input_preview == "weather in Paris?"
    assert shown(span({}), Log(event_name=name, attributes=DETAILS)) == CHAT
    assert shown(span({}), Log(attributes={"event.name": name, **DETAILS})) == CHAT
    assert shown(span({}), Log(event_name=name, body=DETAILS)) == CHAT


BODIES: list[tuple[str, dict[str, Any]]] = [
    ("gen_ai.system.message", {"content": "be nice"}),
    ("gen_ai.user.message", {"content": "weather in Paris?"}),
    (
        "gen_ai.assistant.message",
        {"tool_calls": [{"id": "c", "type": "function", "function": {"name": "f"}}]},
    ),
    ("gen_ai.tool.message", {"content": "20C", "id": "c"}),
    ("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"content": "Sunny."}}),
]


def test_an_event_or_log_a_message_is_read() -> None:
    """The generation before 1.37: bodies of log records, attributes of events, JSON in one."""
    expected = [("system", "be nice"), *CHAT]
    assert shown(span({}), *(Log(event_name=name, body=body) for name, body in BODIES)) == expected
    events = tuple(Event(name=name, attributes=body) for name, body in BODIES)
    assert shown(span({}, events)) == expected
    packed = tuple(
        Event(name=name, attributes={"gen_ai.event.content": json.dumps(body)})
        for name, body in BODIES
    )
    assert shown(span({}, packed)) == expected
    facts = normalize(span({}, packed))
    assert (facts.input_preview, facts.output_preview) == ("weather in Paris?", "Sunny.")
    assert conversation(span({}, events)).messages_out[0].finish_reason == "stop"


def test_blocks_that_were_serialised_into_event_attributes_are_read() -> None:
    """Strands sends its content blocks as JSON in `content` and `message`."""
    events = (
        Event(name="gen_ai.user.message", attributes={"content": '[{"text": "hi"}]'}),
        Event(
            name="gen_ai.choice",
            attributes={
                "message": '[{"text": "yes"}, {"toolUse": {"toolUseId": "c", "name": "f"}}]',
                "finish_reason": "tool_use",
            },
        ),
    )
    assert shown(span({}, events)) == [
        ("user", "hi"),
        ("assistant", "yes"),
        ("assistant", "f"),
    ]


def test_the_oldest_content_events_are_read() -> None:
    """`gen_ai.content.prompt` and `.completion` with JSON in one attribute."""
    events = (
        Event(
            name="gen_ai.content.prompt",
            attributes={"gen_ai.prompt": '[{"role": "user", "content": "hi"}]'},
        ),
        Event(
            name="gen_ai.content.completion",
            attributes={"gen_ai.completion": '[{"role": "assistant", "content": "yes"}]'},
        ),
    )
    assert shown(span({}, events)) == [("user", "hi"), ("assistant", "yes")]


INDEXED = {
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.prompt.0.role": "user",
    "gen_ai.prompt.0.content": "weather in Paris?",
    "gen_ai.prompt.1.role": "assistant",
    "gen_ai.prompt.1.tool_calls.0.id": "c",
    "gen_ai.prompt.1.tool_calls.0.name": "f",
    "gen_ai.prompt.1.tool_calls.0.arguments": '{"x": 1}',
    "gen_ai.prompt.2.role": "tool",
    "gen_ai.prompt.2.content": "20C",
    "gen_ai.prompt.2.tool_call_id": "c",
    "gen_ai.prompt.10.role": "user",
    "gen_ai.prompt.10.content": '[{"type": "text", "text": "and tomorrow?"}]',
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "Sunny.",
    "gen_ai.completion.0.finish_reason": "stop",
    "gen_ai.usage.prompt_tokens": "100",
    "gen_ai.usage.completion_tokens": 20,
    "gen_ai.prompt.name": "not a message",
}


def test_indexed_attributes_are_read_in_order() -> None:
    """By number, with tool calls and serialised blocks; `gen_ai.prompt.name` is something else."""
    made = span(INDEXED)
    assert shown(made) == [*CHAT[:3], ("user", "and tomorrow?"), CHAT[3]]
    built = conversation(made)
    assert built.messages_in[1].parts == [
        Part(type="tool_call", id="c", name="f", arguments={"x": 1})
    ]
    facts = normalize(made)
    assert (facts.kind, facts.provider, facts.prompt_name) == ("llm", "openai", "not a message")
    assert facts.finish_reasons == ["stop"]
    assert facts.usage is not None
    assert (facts.usage.input_tokens, facts.usage.output_tokens) == (100, 20)


def test_prompt_and_completion_as_json_are_read() -> None:
    """As LangSmith's exporter sends them."""
    made = span(
        {
            "gen_ai.prompt": '{"messages": [{"role": "user", "content": "hi"}]}',
            "gen_ai.completion": '{"choices": [{"message": {"content": "yes"}}]}',
        }
    )
    assert shown(made) == [("user", "hi"), ("assistant", "yes")]


def test_tools_retrieval_and_memory_have_input_and_output() -> None:
    """Arguments and result; query and documents; query and records."""
    tool = span(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "f",
            "gen_ai.tool.call.arguments": '{"city":"Paris"}',
            "gen_ai.tool.call.result": {"celsius": 20},
        }
    )
    facts, built = normalize(tool), conversation(tool)
    assert (facts.input_preview, facts.output_preview) == ('{"city":"Paris"}', "20")
    assert (built.input, built.output) == ({"city": "Paris"}, {"celsius": 20})
    search = span(
        {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.retrieval.query.text": "opening hours",
            "gen_ai.retrieval.documents": '[{"id": "d1", "score": "0.5", "text": "10-18"}]',
        }
    )
    built = conversation(search)
    assert normalize(search).input_preview == built.input == "opening hours"
    assert [(d.id, d.score, d.content) for d in built.documents] == [("d1", 0.5, "10-18")]


def test_time_to_first_token_is_nanoseconds_from_any_source() -> None:
    """Seconds, milliseconds where seconds can't be meant, a chunk event."""
    assert normalize(span({"gen_ai.server.time_to_first_token": 400})).ttft_ns is None
    chat = {"gen_ai.operation.name": "chat"}
    for said in (
        {"gen_ai.response.time_to_first_chunk": "0.4"},
        {"gen_ai.client.operation.time_to_first_chunk": 400},
        {"gen_ai.server.time_to_first_token": 400},
    ):
        assert normalize(span({**chat, **said})).ttft_ns == 400_000_000
    chunk = Event(name="gen_ai.content.completion.chunk", time_ns=SECOND + 7)
    assert normalize(span(chat, (chunk, chunk))).ttft_ns == 7


def test_an_aggregated_usage_is_an_aggregate() -> None:
    """Pydantic AI says so in the name."""
    usage = normalize(
        span({"gen_ai.operation.name": "invoke_agent", "gen_ai.aggregated_usage.input_tokens": 9})
    ).usage
    assert usage is not None
    assert (usage.input_tokens, usage.scope) == (9, "aggregate")


def test_an_evaluation_is_a_score() -> None:
    """From a log record or an event on the span it judges; the same one twice is the same score."""
    said: dict[str, Any] = {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 0.9,
        "gen_ai.evaluation.score.label": "good",
        "gen_ai.evaluation.explanation": "on topic",
    }
    log = Log(
        trace_id="1" * 32,
        span_id="2" * 16,
        time_ns=5,
        event_name="gen_ai.evaluation.result",
        attributes=said,
    )
    event = Event(name="gen_ai.evaluation.result", time_ns=5, attributes=said)
    (from_log,), (from_event,) = scores(log), scores(span({}, (event,)))
    assert from_log == from_event
    assert (from_log.name, from_log.value, from_log.label, from_log.comment) == (
        *("relevance", 0.9, "good", "on topic"),
    )
    assert (from_log.trace_id, from_log.span_id, from_log.data_type) == (
        *("1" * 32, "2" * 16, "number"),
    )
    assert scores(Log(event_name="gen_ai.evaluation.result")) == []
