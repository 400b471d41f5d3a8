"""The fake model behind the APIs of Anthropic and Gemini, asked over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from demo import anthropic_api, gemini_api
from demo.model import Failure, FakeModel, Reply, Request, ToolCall


def script(request: Request) -> Reply | Failure:
    """A tool first, then what the tool said; or a failure."""
    if request.user == "break":
        return Failure(status=400, message="no such thing", code="invalid_request_error")
    if request.tools and not request.tool_results:
        return Reply(tool_calls=(ToolCall(name=request.tools[0], arguments={"city": "Oslo"}),))
    said = f"{request.system}: {', '.join(request.tool_results) or request.user}"
    return Reply(text=said, cached_tokens=2)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client of a server that has both APIs."""
    with (
        FakeModel(script, apis=(anthropic_api.API, gemini_api.API)) as model,
        httpx.Client(base_url=model.url.removesuffix("/v1")) as opened,
    ):
        yield opened


def claude(messages: list[Any], **more: Any) -> dict[str, Any]:
    return {"model": "claude", "max_tokens": 9, "system": "Guide", "messages": messages, **more}


def test_messages_call_a_tool_and_read_its_result(client: httpx.Client) -> None:
    """Blocks of tool use and of results; input tokens without the cached ones."""
    asked = {"role": "user", "content": "weather?"}
    offered = [{"name": "get_weather", "input_schema": {"type": "object"}}]
    first = client.post("/v1/messages", json=claude([asked], tools=offered)).json()
    (use,) = first["content"]
    assert (use["type"], use["name"], use["input"]) == ("tool_use", "get_weather", {"city": "Oslo"})
    assert first["stop_reason"] == "tool_use"
    result = {"type": "tool_result", "tool_use_id": use["id"], "content": "Rain"}
    told = [asked, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    second = client.post("/v1/messages", json=claude(told, tools=offered)).json()
    assert second["content"] == [{"type": "text", "text": "Guide: Rain"}]
    assert second["usage"]["cache_read_input_tokens"] == 2


def test_streamed_messages_add_up(client: httpx.Client) -> None:
    """The deltas are the text, and the last usage is the whole."""
    body = claude([{"role": "user", "content": "Oslo"}], stream=True)
    lines = client.post("/v1/messages", json=body).text.splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(delta["text"] for delta in deltas) == "Guide: Oslo"
    assert [event["type"] for event in events][-1] == "message_stop"


def test_failures_have_the_shape_of_their_api(client: httpx.Client) -> None:
    """Status and message."""
    answer = client.post("/v1/messages", json=claude([{"role": "user", "content": "break"}]))
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "no such thing"


def test_contents_are_generated_whole_and_streamed(client: httpx.Client) -> None:
    """Parts of text and function calls, with the system instruction and tokens."""
    path = "/v1beta/models/gemini-2.5-flash"
    body: dict[str, Any] = {
        "systemInstruction": {"parts": [{"text": "Guide"}]},
        "contents": [{"role": "user", "parts": [{"text": "Oslo"}]}],
    }
    whole = client.post(f"{path}:generateContent", json=body).json()
    assert whole["candidates"][0]["content"]["parts"] == [{"text": "Guide: Oslo"}]
    assert whole["usageMetadata"]["cachedContentTokenCount"] == 2
    streamed = client.post(f"{path}:streamGenerateContent?alt=sse", json=body).text
    assert "Guide: Oslo" in streamed
    body["tools"] = [{"functionDeclarations": [{"name": "get_weather"}]}]
    called = client.post(f"{path}:generateContent", json=body).json()
    (part,) = called["candidates"][0]["content"]["parts"]
    assert part == {"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}}}
