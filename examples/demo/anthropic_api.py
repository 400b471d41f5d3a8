"""The fake model behind Anthropic's Messages API: what it is asked in chat shape, and its answers.

    FakeModel(script, apis=(anthropic_api.API,))    # base URL: the model's `url` without /v1

Input tokens are told without the cached ones, as Anthropic does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

from demo.model import (
    Api,
    Json,
    Reply,
    Request,
    input_tokens,
    output_tokens,
    pieces,
    tool_calls,
)

_REASONS = {"tool_calls": "tool_use", "stop": "end_turn", "content_filter": "refusal"}


def _chat(_path: str, body: Json) -> Json:
    messages = cast("list[Json]", body.get("messages", []))
    system = body.get("system")
    told: list[Json] = [{"role": "system", "content": system}] if system else []
    for message in messages:
        told += _chat_messages(message)
    tools = [
        {"type": "function", "function": {**tool, "parameters": tool.get("input_schema")}}
        for tool in cast("list[Json]", body.get("tools", []))
    ]
    return {**body, "messages": told, **({"tools": tools} if tools else {})}


def _chat_messages(message: Json) -> Iterator[Json]:
    """A message of blocks as chat messages: results of tools are messages of their own there."""
    content = message.get("content")
    blocks = cast("list[Json]", content if isinstance(content, list) else [])
    for block in blocks:
        if block.get("type") == "tool_result":
            yield {
                "role": "tool",
                "tool_call_id": block.get("tool_use_id"),
                "content": block.get("content"),
            }
    calls = [
        {
            "id": block.get("id"),
            "type": "function",
            "function": {"name": block.get("name"), "arguments": json.dumps(block.get("input"))},
        }
        for block in blocks
        if block.get("type") == "tool_use"
    ]
    said = content if isinstance(content, str) else [b for b in blocks if b.get("type") == "text"]
    if said or calls:
        more: Json = {"tool_calls": calls} if calls else {}
        yield {"role": message.get("role"), "content": said, **more}


def _complete(request: Request, reply: Reply, answer_id: str) -> Json:
    return {
        "id": f"msg_{answer_id[:24]}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": _blocks(reply, answer_id),
        "stop_reason": _REASONS.get(reply.reason, reply.reason),
        "stop_sequence": None,
        "usage": _usage(request, reply),
    }


def _blocks(reply: Reply, answer_id: str) -> list[Json]:
    said = reply.text or reply.refusal
    held: list[Json] = [{"type": "text", "text": said}] if said else []
    for call in tool_calls(reply, answer_id):
        function = cast("Json", call["function"])
        held.append(
            {
                "type": "tool_use",
                "id": str(call["id"]).replace("call_", "toolu_"),
                "name": function["name"],
                "input": json.loads(str(function["arguments"])),
            }
        )
    return held


def _usage(request: Request, reply: Reply) -> Json:
    cached = reply.cached_tokens + reply.cache_written_tokens
    return {
        "input_tokens": max(input_tokens(request, reply) - cached, 0),
        "cache_read_input_tokens": reply.cached_tokens,
        "cache_creation_input_tokens": reply.cache_written_tokens,
        "output_tokens": output_tokens(reply),
    }


def _stream(request: Request, reply: Reply, answer_id: str) -> Iterator[str]:
    whole = _complete(request, reply, answer_id)
    usage = cast("Json", whole["usage"])
    started: Json = {**whole, "content": [], "stop_reason": None}
    started["usage"] = {**usage, "output_tokens": 1}
    yield _event({"type": "message_start", "message": started})
    for index, block in enumerate(cast("list[Json]", whole["content"])):
        empty: Json = {"text": ""} if block["type"] == "text" else {"input": {}}
        yield _event(
            {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
        )
        for delta in _deltas(block):
            yield _event({"type": "content_block_delta", "index": index, "delta": delta})
        yield _event({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield _event({"type": "message_delta", "delta": ended, "usage": usage})
    yield _event({"type": "message_stop"})


def _deltas(block: Json) -> Iterator[Json]:
    if block["type"] == "text":
        for piece in pieces(str(block["text"])):
            yield {"type": "text_delta", "text": piece}
    else:
        yield {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}


def _event(data: Json) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"


def _error(message: str, code: str) -> Json:
    return {"type": "error", "error": {"type": code, "message": message}}


API = Api("/v1/messages".__eq__, _chat, _complete, _stream, _error)
