"""The fake model behind Gemini's generateContent: what it is asked in chat shape, and its answers.

FakeModel(script, apis=(gemini_api.API,))    # base URL: the model's `url` without /v1
"""

from __future__ import annotations

import json
import re
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
)

_PATH = re.compile(r"/v1(?:beta|alpha)?/models/([^:]+):(generate|streamGenerate)Content")
_REASONS = {"content_filter": "SAFETY", "length": "MAX_TOKENS"}


def _chat(path: str, body: Json) -> Json:
    found = _PATH.match(path)
    system = body.get("systemInstruction") or body.get("system_instruction")
    messages = [_chat_message({**cast("Json", system), "role": "system"})] if system else []
    messages += [_chat_message(content) for content in cast("list[Json]", body["contents"])]
    declared = [
        {"type": "function", "function": function}
        for tool in cast("list[Json]", body.get("tools", []))
        for function in cast("list[Json]", tool.get("functionDeclarations", []))
    ]
    return {
        **body,
        "model": found[1] if found else "",
        "stream": bool(found) and found[2] == "streamGenerate",
        "messages": messages,
        "tools": declared,
    }


def _chat_message(content: Json) -> Json:
    """A content of parts as one chat message; one that holds a result is of the tool."""
    role = {"model": "assistant"}.get(str(content.get("role")), str(content.get("role", "user")))
    parts = cast("list[Json]", content.get("parts", []))
    results = [part["functionResponse"] for part in parts if "functionResponse" in part]
    if results:
        result = cast("Json", results[0])
        said = json.dumps(result.get("response"), ensure_ascii=False)
        return {"role": "tool", "content": said, "tool_call_id": result.get("id")}
    calls = [cast("Json", part["functionCall"]) for part in parts if "functionCall" in part]
    more: Json = {"tool_calls": [{"type": "function", "function": _named(c)} for c in calls]}
    texts = [{"type": "text", "text": part["text"]} for part in parts if "text" in part]
    return {"role": role, "content": texts, **(more if calls else {})}


def _named(call: Json) -> Json:
    return {"name": call["name"], "arguments": json.dumps(call.get("args"), ensure_ascii=False)}


def _complete(request: Request, reply: Reply, answer_id: str) -> Json:
    said = reply.text or reply.refusal
    parts: list[Json] = [{"text": said}] if said else []
    for call in reply.tool_calls:
        asked: Json = {"name": call.name, "args": dict(call.arguments)}
        parts.append({"functionCall": asked})
    return _answer(request, reply, answer_id, parts, ended=True)


def _stream(request: Request, reply: Reply, answer_id: str) -> Iterator[str]:
    if reply.tool_calls:
        yield f"data: {json.dumps(_complete(request, reply, answer_id))}\r\n\r\n"
        return
    held = pieces(reply.text or reply.refusal)
    for index, piece in enumerate(held):
        ended = index == len(held) - 1
        answer = _answer(request, reply, answer_id, [{"text": piece}], ended=ended)
        yield f"data: {json.dumps(answer)}\r\n\r\n"


def _answer(
    request: Request, reply: Reply, answer_id: str, parts: list[Json], *, ended: bool
) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    if ended:
        candidate["finishReason"] = _REASONS.get(reply.reason, "STOP")
    read, written = input_tokens(request, reply), output_tokens(reply)
    return {
        "candidates": [candidate],
        "modelVersion": request.model,
        "responseId": answer_id[:24],
        "usageMetadata": {
            "promptTokenCount": read,
            "cachedContentTokenCount": reply.cached_tokens,
            "candidatesTokenCount": written - reply.reasoning_tokens,
            "thoughtsTokenCount": reply.reasoning_tokens,
            "totalTokenCount": read + written,
        },
    }


def _error(message: str, code: str) -> Json:
    return {"error": {"code": 400, "message": message, "status": code.upper()}}


def _serves(path: str) -> bool:
    return _PATH.match(path) is not None


API = Api(_serves, _chat, _complete, _stream, _error)
