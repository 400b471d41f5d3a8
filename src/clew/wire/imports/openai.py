"""Chat messages in OpenAI's shape: the shape in which most files keep conversations."""

from __future__ import annotations

import msgspec

from clew import conventions as names
from clew.span import Attributes
from clew.wire.imports import messages as made
from clew.wire.imports.messages import Message, Part


class Function(msgspec.Struct, kw_only=True):
    """The function of a tool call; `arguments` is JSON in a string, or the value itself."""

    name: str = ""
    arguments: object = None


class ToolCall(msgspec.Struct, kw_only=True):
    """A tool call of an assistant's message."""

    id: str | None = None
    function: Function


class ChatMessage(msgspec.Struct, kw_only=True):
    """One message. `content` is text, or parts with a `type`."""

    role: str
    content: str | list[dict[str, object]] | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    function_call: Function | None = None
    reasoning_content: str | None = None
    refusal: str | None = None

    def calls(self) -> list[ToolCall]:
        """Its tool calls; the single function call of older files is one."""
        if self.function_call:
            return [ToolCall(id=self.function_call.name, function=self.function_call)]
        return self.tool_calls or []


def message(said: ChatMessage) -> Message:
    """The message in the parts schema."""
    if said.role in ("tool", "function"):
        call_id = said.tool_call_id or said.name or ""
        return made.message("tool", [made.tool_response(call_id, response(said))])
    parts = [made.reasoning(said.reasoning_content)] if said.reasoning_content else []
    parts += _content(said.content)
    if said.refusal:
        parts.append({"type": "refusal", "content": said.refusal})
    parts += [
        made.tool_call(call.id or "", call.function.name, call.function.arguments)
        for call in said.calls()
    ]
    return made.message(said.role, parts, name=said.name or "")


def response(said: ChatMessage) -> object:
    """What a tool's message answers."""
    return said.content if said.content is not None else ""


def words(said: ChatMessage) -> str:
    """The text of a message, without its other parts."""
    if not isinstance(said.content, list):
        return said.content or ""
    return "\n".join(str(part["text"]) for part in said.content if "text" in part)


def _content(content: str | list[dict[str, object]] | None) -> list[Part]:
    if isinstance(content, list):
        return [_part(part) for part in content]
    return [made.text(content)] if content else []


def _part(part: dict[str, object]) -> Part:
    match part:
        case {"type": "text" | "input_text" | "output_text", "text": str(words)}:
            return made.text(words)
        case {"type": "image_url", "image_url": {"url": str(url)}}:
            return _image(url)
        case {"type": "input_audio", "input_audio": {"data": data, "format": str(form)}}:
            return {
                "type": "blob",
                "modality": "audio",
                "mime_type": f"audio/{form}",
                "content": data,
            }
        case {"type": "file", "file": {"file_id": str(file_id)}}:
            return {"type": "file", "modality": "document", "file_id": file_id}
        case _:
            return part


def _image(url: str) -> Part:
    if not url.startswith("data:"):
        return {"type": "uri", "modality": "image", "uri": url}
    media, _, data = url.removeprefix("data:").partition(";base64,")
    return {"type": "blob", "modality": "image", "mime_type": media, "content": data}


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    audio_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class Usage(msgspec.Struct, kw_only=True):
    """Tokens of one call. `prompt_tokens` includes cached ones."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


def usage(given: Usage | None) -> Attributes:
    """Tokens as attributes; what isn't said is left out."""
    if given is None:
        return {}
    inputs = given.prompt_tokens_details or _InputDetails()
    outputs = given.completion_tokens_details or _OutputDetails()
    said = {
        names.GEN_AI_USAGE_INPUT_TOKENS: given.prompt_tokens,
        names.GEN_AI_USAGE_OUTPUT_TOKENS: given.completion_tokens,
        names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: inputs.cached_tokens,
        names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS: inputs.audio_tokens,
        names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: outputs.reasoning_tokens,
        names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: outputs.audio_tokens,
    }
    return {key: value for key, value in said.items() if value is not None}
