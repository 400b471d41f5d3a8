"""Messages in the parts schema of the GenAI conventions, from the shapes that files keep them in.

A message is made once, as JSON; the input of every later call joins the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

Message: TypeAlias = msgspec.Raw
"""One message, encoded."""

Part: TypeAlias = "dict[str, object]"
"""One part of a message, as JSON says it."""


def message(role: str, parts: list[Part], *, name: str = "") -> Message:
    """One message of `role`. Why the model stopped stands on the span, not here: an output must be
    the same text as in the inputs that repeat it, so that it is stored once."""
    said: dict[str, object] = {"role": role}
    if name:
        said["name"] = name
    said["parts"] = parts
    return msgspec.Raw(msgspec.json.encode(said))


def joined(messages: Sequence[Message]) -> str:
    """A list of messages as the text of an attribute."""
    return msgspec.json.encode(messages).decode()


def text(content: str) -> Part:
    """Words."""
    return {"type": "text", "content": content}


def reasoning(content: str) -> Part:
    """What the model thought before it spoke."""
    return {"type": "reasoning", "content": content}


def tool_call(call_id: str, name: str, arguments: object) -> Part:
    """A tool that the model asks for. Arguments that are JSON in a string are opened."""
    return {
        "type": "tool_call",
        "id": call_id,
        "name": name,
        "arguments": opened(arguments),
    }


def tool_response(call_id: str, response: object) -> Part:
    """What a tool answered."""
    return {"type": "tool_call_response", "id": call_id, "response": response}


def opened(value: object) -> object:
    """JSON in a string as the value it says; any other text and value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value


def as_text(value: object) -> str:
    """A value as the text of an attribute: text as it is, all else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def instructions(texts: Iterable[str]) -> str:
    """System instructions as the text of an attribute."""
    return msgspec.json.encode([text(content) for content in texts]).decode()


def definitions(tools: Iterable[dict[str, object]]) -> str:
    """Tool definitions, flat or in OpenAI's nesting, as the text of an attribute."""
    return msgspec.json.encode([_definition(tool) for tool in tools]).decode()


def _definition(tool: dict[str, object]) -> dict[str, object]:
    inner = tool.get("function")
    if isinstance(inner, dict):
        return {"type": "function", **inner}
    return {"type": "function", **tool}
