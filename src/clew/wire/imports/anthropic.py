"""Content blocks and tokens in Anthropic's shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from clew import conventions as names
from clew.span import Attributes
from clew.wire.imports import messages as made
from clew.wire.imports.messages import Message, Part

Block: TypeAlias = "dict[str, object]"
"""One block of a message's content, as JSON says it."""


class Usage(msgspec.Struct, kw_only=True):
    """Tokens of one call. `input_tokens` leaves out those read from and written to the cache."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


def usage(given: Usage | None) -> Attributes:
    """Tokens as attributes, the input with cached ones; what isn't said is left out."""
    if given is None:
        return {}
    inputs = (given.input_tokens, given.cache_read_input_tokens, given.cache_creation_input_tokens)
    said = {
        names.GEN_AI_USAGE_INPUT_TOKENS: (
            None if given.input_tokens is None else sum(tokens or 0 for tokens in inputs)
        ),
        names.GEN_AI_USAGE_OUTPUT_TOKENS: given.output_tokens,
        names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: given.cache_read_input_tokens,
        names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: given.cache_creation_input_tokens,
    }
    return {key: value for key, value in said.items() if value is not None}


def words(blocks: Iterable[Block]) -> str:
    """The text of a message, without its other blocks."""
    return "\n".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")


def tool_uses(blocks: Iterable[Block]) -> list[Block]:
    """The tool calls of an assistant's message."""
    return [block for block in blocks if block.get("type") == "tool_use"]


def assistant_message(blocks: Iterable[Block]) -> Message:
    """The model's message."""
    return made.message("assistant", [_part(block) for block in blocks])


def user_messages(blocks: list[Block]) -> list[Message]:
    """A message to the model: the answers of tools, each by itself, then what else it says."""
    answers = [block for block in blocks if block.get("type") == "tool_result"]
    rest = [_part(block) for block in blocks if block.get("type") != "tool_result"]
    messages = [
        made.message(
            "tool", [made.tool_response(str(block.get("tool_use_id")), tool_answer(block))]
        )
        for block in answers
    ]
    return [*messages, made.message("user", rest)] if rest else messages


def tool_answer(block: Block) -> object:
    """What a tool answered: its words where it said only words, else its parts."""
    content = block.get("content")
    if not isinstance(content, list):
        return content if content is not None else ""
    blocks = msgspec.convert(content, list[dict[str, object]])
    if all(block.get("type") == "text" for block in blocks):
        return words(blocks)
    return [_part(block) for block in blocks]


def _part(block: Block) -> Part:
    match block:
        case {"type": "text", "text": str(said)}:
            return made.text(said)
        case {"type": "thinking", "thinking": str(thought)}:
            return made.reasoning(thought)
        case {"type": "tool_use", "id": str(call_id), "name": str(name)}:
            return made.tool_call(call_id, name, block.get("input"))
        case {
            "type": "image" | "document" as modality,
            "source": {"type": "base64", "media_type": media, "data": data},
        }:
            return {"type": "blob", "modality": modality, "mime_type": media, "content": data}
        case {"type": "image" | "document" as modality, "source": {"type": "url", "url": url}}:
            return {"type": "uri", "modality": modality, "uri": url}
        case _:
            return block
