"""Messages of any known shape become canonical messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.span import Message, Part, ToolDefinition, Value
from clew.wire.messages import content_parts, parse, recognised, tool_definitions

CALL = Part(type="tool_call", id="c1", name="get_weather", arguments={"city": "Paris"})
SHARED = Path(__file__).parents[3] / "shared" / "data"


def only(value: Any) -> Message:
    (message,) = parse(value)
    return message


@pytest.mark.parametrize(
    "message",
    [
        {
            "role": "assistant",
            "parts": [
                {
                    "type": "tool_call",
                    "id": "c1",
                    "name": "get_weather",
                    "arguments": {"city": "Paris"},
                }
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
                }
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "c1", "name": "get_weather", "input": {"city": "Paris"}}
            ],
        },
        {
            "role": "assistant",
            "content": [
                {
                    "type": "tool-call",
                    "toolCallId": "c1",
                    "toolName": "get_weather",
                    "args": {"city": "Paris"},
                }
            ],
        },
        {
            "type": "function_call",
            "call_id": "c1",
            "id": "fc_1",
            "name": "get_weather",
            "arguments": '{"city":"Paris"}',
        },
        {
            "role": "model",
            "parts": [
                {"functionCall": {"id": "c1", "name": "get_weather", "args": {"city": "Paris"}}}
            ],
        },
        {
            "role": "assistant",
            "content": [
                {
                    "toolUse": {
                        "toolUseId": "c1",
                        "name": "get_weather",
                        "input": {"city": "Paris"},
                    }
                }
            ],
        },
        {
            "type": "ai",
            "content": "",
            "tool_calls": [
                {"name": "get_weather", "args": {"city": "Paris"}, "id": "c1", "type": "tool_call"}
            ],
        },
        {
            "type": "ai",
            "data": {
                "content": "",
                "tool_calls": [{"name": "get_weather", "args": {"city": "Paris"}, "id": "c1"}],
            },
        },
        {
            "lc": 1,
            "type": "constructor",
            "id": ["langchain", "schema", "messages", "AIMessage"],
            "kwargs": {
                "content": [
                    {
                        "type": "tool_use",
                        "id": "c1",
                        "name": "get_weather",
                        "input": {"city": "Paris"},
                    }
                ],
                "tool_calls": [{"name": "get_weather", "args": {"city": "Paris"}, "id": "c1"}],
            },
        },
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "c1",
                        "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
                    }
                ],
            },
        },
    ],
    ids=[
        "genai",
        "openai",
        "anthropic",
        "vercel",
        "responses",
        "gemini",
        "bedrock",
        "langgraph",
        "langchain-data",
        "langchain-lc",
        "choice",
    ],
)
def test_a_tool_call_is_one_thing_in_every_shape(message: Any) -> None:
    """Id, name and arguments, decoded, said once."""
    assert only(message) == Message(role="assistant", parts=[CALL])
    assert only(json.dumps([message])) == only(message)


@pytest.mark.parametrize(
    "message",
    [
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "c1", "response": "20C"}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "result": "20C"}]},
        {"role": "tool", "tool_call_id": "c1", "content": "20C"},
        {"type": "function_call_output", "call_id": "c1", "output": "20C"},
        {"type": "tool", "tool_call_id": "c1", "content": "20C"},
        {
            "role": "tool",
            "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "20C"}],
        },
        {
            "role": "tool",
            "content": [{"type": "tool-result", "toolCallId": "c1", "output": "20C"}],
        },
        {"role": "tool", "content": [{"toolResult": {"toolUseId": "c1", "content": "20C"}}]},
    ],
)
def test_a_tools_answer_is_one_thing_in_every_shape(message: Any) -> None:
    """The id of the call and the response as it was sent."""
    expected = Part(type="tool_call_response", id="c1", response="20C")
    assert only(message) == Message(role="tool", parts=[expected])


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            Part(type="blob", mime_type="image/png", modality="image", data="AAAA"),
        ),
        (
            {"type": "input_image", "image_url": "https://x.org/a.png"},
            Part(type="uri", uri="https://x.org/a.png", modality="image"),
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/jpeg", "data": "AAAA"},
            },
            Part(type="blob", mime_type="image/jpeg", modality="image", data="AAAA"),
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x.org/a.png"}},
            Part(type="uri", uri="https://x.org/a.png", modality="image"),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            Part(type="blob", mime_type="audio/wav", modality="audio", data="AAAA"),
        ),
        (
            {"inlineData": {"mimeType": "image/webp", "data": "AAAA"}},
            Part(type="blob", mime_type="image/webp", modality="image", data="AAAA"),
        ),
        (
            {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://b/v.mp4"}},
            Part(type="uri", uri="gs://b/v.mp4", mime_type="video/mp4", modality="video"),
        ),
        (
            {"type": "file", "file": {"file_id": "f1", "filename": "a.pdf"}},
            Part(type="file", file_id="f1", name="a.pdf"),
        ),
        (
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
            Part(type="blob", mime_type="image/png", modality="image", data="AAAA"),
        ),
        (
            {"type": "uri", "modality": "image", "uri": "https://x.org/a.png"},
            Part(type="uri", uri="https://x.org/a.png", modality="image"),
        ),
        (
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            Part(type="reasoning", text="hm"),
        ),
        (
            {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": "hm"}]},
            Part(type="reasoning", id="r1", text="hm"),
        ),
        ({"text": "hm", "thought": True}, Part(type="reasoning", text="hm")),
        ({"type": "refusal", "refusal": "no"}, Part(type="refusal", text="no")),
        ({"type": "compaction", "content": "short"}, Part(type="compaction", text="short")),
        ({"type": "novel", "x": 1}, Part(type="json", data={"type": "novel", "x": 1})),
        (
            {
                "type": "server_tool_call",
                "id": "w",
                "name": "web_search",
                "server_tool_call": {"type": "web_search", "query": "x"},
            },
            Part(
                type="tool_call",
                id="w",
                name="web_search",
                arguments={"type": "web_search", "query": "x"},
            ),
        ),
    ],
)
def test_a_block_of_any_provider_becomes_a_part(block: Any, expected: Part) -> None:
    """Media, reasoning, refusals; what nobody knows is kept whole."""
    assert content_parts([block]) == [expected]


def test_a_turn_of_the_responses_api_is_one_message() -> None:
    """Reasoning, calls and their answers come as items; a turn is a message."""
    items: list[Any] = [
        {"role": "user", "content": "weather?"},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "x"},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "sunny"}],
        },
    ]
    messages = parse(items)
    assert [message.role for message in messages] == ["user", "assistant", "tool", "assistant"]
    assert [part.type for part in messages[1].parts] == ["reasoning", "tool_call", "tool_call"]


def test_requests_and_responses_give_their_messages() -> None:
    """A whole request has its system text first; a response has its choices."""
    request: Any = {
        "model": "m",
        "system": "be nice",
        "messages": [{"role": "user", "content": "hi"}],
    }
    assert [(m.role, m.parts[0].text) for m in parse(request)] == [
        ("system", "be nice"),
        ("user", "hi"),
    ]
    response: Any = {
        "choices": [{"message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}]
    }
    assert only(response) == Message(
        role="assistant", parts=[Part(type="text", text="yes")], finish_reason="stop"
    )
    gemini: Any = {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "yes"}]}, "finishReason": "STOP"}
        ]
    }
    assert only(gemini).finish_reason == "STOP"
    assert only(gemini).parts == [Part(type="text", text="yes")]


def test_text_is_one_message() -> None:
    """Where a sender put mere text, it is what the given role said."""
    assert parse("hello", role="assistant") == [
        Message(role="assistant", parts=[Part(type="text", text="hello")])
    ]
    assert parse(None) == parse("") == []


def test_messages_out_of_cut_json_are_marked() -> None:
    """The last message is the one that was cut."""
    first, last = parse('[{"role":"user","content":"a"},{"role":"user","content":"bbb')
    assert (first.truncated, last.truncated) == (False, True)
    assert last.parts[0].text == "bbb"


@pytest.mark.parametrize(
    "value", ["hello", '{"city":"Paris"}', ["a", "b"], [], {}, None, {"role": "admin"}, 5]
)
def test_what_is_no_conversation_is_not_taken_for_one(value: Any) -> None:
    """Arguments and records stay values."""
    assert recognised(value) == []


def test_tools_are_read_in_the_shape_of_any_provider() -> None:
    """OpenAI, GenAI, Anthropic, Gemini, Bedrock, JSON strings; built-in tools have only a type."""
    schema: Value = {"type": "object"}
    shapes: list[Any] = [
        {"type": "function", "function": {"name": "f", "parameters": schema}},
        {"type": "function", "name": "f", "parameters": schema},
        {"name": "f", "input_schema": schema},
        {"function_declarations": [{"name": "f", "parameters": schema}]},
        {"toolSpec": {"name": "f", "inputSchema": {"json": schema}}},
        json.dumps({"type": "function", "name": "f", "inputSchema": schema}),
    ]
    expected = ToolDefinition(name="f", parameters=schema)
    assert [tool_definitions([shape]) for shape in shapes] == [[expected]] * len(shapes)
    assert tool_definitions([{"type": "web_search"}])[0].name == "web_search"


KEYS = [
    *("role", "content", "parts", "type", "text", "data", "kwargs", "message", "id", "lc"),
    *("tool_calls", "function", "image", "source", "messages", "input", "url", "arguments"),
    *("summary", "tool_call_id", "name", "inlineData", "candidates", "refusal", "output"),
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner | st.sampled_from(["user", "tool", "image", "reasoning", "ai", "function_call"]),
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(ANYTHING)
def test_nothing_that_a_sender_says_breaks_the_parser(value: Any) -> None:
    """Any value gives messages that can be encoded."""
    assert msgspec.json.encode(parse(value)) is not None
    assert msgspec.json.encode([recognised(value), tool_definitions(value)]) is not None


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real runs beside the project")
def test_real_conversations_keep_all_of_their_text() -> None:
    """Nothing that was said in real runs is lost or turned into raw JSON."""
    for path in sorted((SHARED / "tau_bench").glob("*.json")):
        for run in json.loads(path.read_text("utf-8"))[:20]:
            messages = parse(run["traj"])
            assert len(messages) == len(run["traj"])
            said = "".join(part.text for message in messages for part in message.parts)
            assert all(m["content"] in said for m in run["traj"] if m["role"] == "user")
            assert not any(part.type == "json" for m in messages for part in m.parts)


def test_lists_in_lists_are_read_however_deep_they_are() -> None:
    """A sender decides that, and no depth is an error."""
    deep = "[" * 900 + '{"role": "user", "content": "found"}' + "]" * 900
    [message] = parse(deep)
    assert [part.text for part in message.parts] == ["found"]
