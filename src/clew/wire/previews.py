"""Previews: at most 200 characters of what a person would read first, for lists and the tree.

Computed at ingest for every span, so only what is shown gets decoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from clew.span import Message
from clew.wire.messages import (
    last,
    message_text,
    of_user,
    parse,
    recognised_items,
    recognised_parts,
)
from clew.wire.values import decoded, decoded_json, encode_json, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clew.span import Part, Value

PREVIEW_CHARS = 200
_DECODED_BYTES = 32_768
"""JSON longer than this is shown as it is: decoding it would cost more than its preview says."""
_CALL_KEYS = frozenset({"args", "kwargs", "sanitize_inputs_outputs"})
_NOTHING = msgspec.Raw(b"null")


class Preview(NamedTuple):
    """What went in and came out; `refused` where the model's answer is a refusal."""

    input: str = ""
    output: str = ""
    refused: bool = False


class _Turn(msgspec.Struct):
    """The part of a message that tells whether to read the rest of it."""

    role: Any = None
    type: Any = None
    parts: msgspec.Raw = _NOTHING
    content: msgspec.Raw = _NOTHING


_turns = msgspec.json.Decoder(list[_Turn]).decode
_decode = msgspec.json.Decoder().decode


def fold(value: str) -> str:
    """The text on one line, cut to a preview's length."""
    head = value[: 2 * PREVIEW_CHARS]
    # Printable text has no white space but plain spaces; asking is far cheaper than splitting.
    plain = head.isprintable() and "  " not in head
    folded = head.strip() if plain else " ".join(head.split())
    if len(folded) <= PREVIEW_CHARS and len(value) <= 2 * PREVIEW_CHARS:
        return folded
    return folded[: PREVIEW_CHARS - 1].rstrip() + "…"


def of_prompt(value: Value) -> str:
    """The last thing a user said in a list of messages, else the last thing that was said."""
    if value is None:
        return ""
    turns = _turns_of(value)
    if turns is not None:
        return _last_user_turn(turns)
    asked = decoded(value).value
    items = recognised_items(asked)
    return _of_items(items) if items else of_conversation(parse(asked))


def of_answer(value: Value) -> tuple[str, bool]:
    """What the model answered, and whether that is a refusal."""
    if value is None:
        return "", False
    turns = _turns_of(value) if isinstance(value, str) and "refusal" not in value else None
    for turn in turns or ():
        said = _plain_text(turn)
        if said:
            return fold(said), False
    messages = parse(value, role="assistant")
    refused = any(part.type == "refusal" for message in messages for part in message.parts)
    return of_messages(messages), refused


def of_messages(messages: list[Message]) -> str:
    """The first text among the messages, else their tool calls, else what kind of part is there."""
    for message in messages:
        said = _said(message)
        if said:
            return fold(said)
    held = [part for message in messages for part in message.parts]
    calls = [_call(part) for part in held if part.type == "tool_call"]
    if calls:
        return fold("tool_call: " + ", ".join(calls))
    return fold(" ".join(filter(None, map(_stand_in, held))))


def of_input(value: Value) -> str:
    """What went in, as text: the last thing a user said where it is a conversation."""
    if value is None:
        return ""
    opened = _opened(value)
    items = recognised_items(opened) if isinstance(opened, (list, dict)) else []
    if items:
        return _of_items(items)
    asked = _unwrapped(opened)
    # A question with a picture is a list of parts.
    said = recognised_parts(asked)
    return of_messages([Message(role="user", parts=said)]) if said else fold(text(asked))


def of_output(value: Value) -> str:
    """What came out, as text: the last message where it is a conversation."""
    if value is None:
        return ""
    opened = _opened(value)
    items = recognised_items(opened) if isinstance(opened, (list, dict)) else []
    return _of_last(items) if items else fold(text(_unwrapped(opened, _ANSWERED)))


def of_arguments(value: Value) -> str:
    """Arguments of a tool or function call: as they are, or its only positional one."""
    value = _opened(value)
    if isinstance(value, dict) and value.keys() == {"args", "kwargs"}:
        return fold(text(_unwrapped(value)))
    if isinstance(value, dict) and "kwargs" in value and value.keys() <= _CALL_KEYS:
        return fold(text(value["kwargs"]))
    return fold(text(value))


def of_conversation(messages: list[Message]) -> str:
    """The last thing a user said, else the last thing that was said."""
    said = _of_user(message for message in reversed(messages) if message.role == "user")
    return of_messages(messages[-1:]) if said is None else said


def _of_items(items: list[dict[str, Value]]) -> str:
    """Like `of_conversation`, of messages as they were sent."""
    said = _of_user(of_user(items))
    return _of_last(items) if said is None else said


def _of_user(newest_first: Iterable[Message]) -> str | None:
    """What the first of them that says something says."""
    return next((fold(said) for message in newest_first if (said := _said(message))), None)


def _of_last(items: list[dict[str, Value]]) -> str:
    message = last(items)
    return of_messages([message]) if message else ""


def _turns_of(value: Value) -> list[_Turn] | None:
    """The messages of a JSON list, undecoded; None where it is anything else."""
    if not isinstance(value, str) or not value.startswith("["):
        return None
    try:
        return _turns(value)
    except msgspec.MsgspecError:
        return None


def _last_user_turn(turns: list[_Turn]) -> str:
    for turn in reversed(turns):
        if turn.role == "user" or (turn.role or turn.type) == "human":
            said = _plain_text(turn) or " ".join(map(_said, _read(turn)))
            if said:
                return fold(said)
    return of_messages(_read(turns[-1])) if turns else ""


def _plain_text(turn: _Turn) -> str:
    """The text of a message in the two most common shapes, without the way through `parse`."""
    held = _decode(turn.content if turn.parts is _NOTHING else turn.parts)
    if isinstance(held, str):
        return "" if held.startswith(("[", "{")) else held
    if not isinstance(held, list):
        return ""
    said = [part.get("content") or part.get("text") for part in held if _is_text(part)]
    return " ".join(filter(None, said)) if all(isinstance(text, str) for text in said) else ""


def _is_text(part: Value) -> bool:
    return isinstance(part, dict) and part.get("type") == "text"


def _read(turn: _Turn) -> list[Message]:
    message: dict[str, Value] = {"role": text(turn.role or turn.type)}
    for key, raw in (("parts", turn.parts), ("content", turn.content)):
        held = _decode(raw)
        if held is not None:
            message[key] = held
    return parse([message])


def _said(message: Message) -> str:
    return message_text(message) or next(
        (part.text for part in message.parts if part.type == "refusal"), ""
    )


def _call(part: Part) -> str:
    given = "" if part.arguments in (None, {}, "") else text(part.arguments)
    return f"{part.name}({given})"


def _stand_in(part: Part) -> str:
    """What to show for a part that has no text of its own."""
    if part.type == "tool_call_response":
        return of_output(part.response)
    if part.type == "json":
        return encode_json(part.data).decode()
    if part.type in ("blob", "uri", "file"):
        return f"[{part.mime_type or part.modality or part.type}]"
    return part.text


def _opened(value: Value) -> Value:
    if isinstance(value, str):
        if len(value) > _DECODED_BYTES:
            return value
        return decoded_json(value).value if value.startswith('"') else decoded(value).value
    return value


# What programs call the text that a person gave or gets, beside other arguments and results.
_ASKED = tuple(
    "question query user_input user_message input message prompt text task request content"
    " instruction instructions topic".split()
)
_ANSWERED = tuple("answer final_output output result response text message content summary".split())


def _unwrapped(value: Value, names: tuple[str, ...] = _ASKED) -> Value:
    while True:
        if isinstance(value, dict) and value.keys() == {"args", "kwargs"}:
            args, kwargs = value["args"], value["kwargs"]
            if isinstance(args, list) and args and isinstance(kwargs, dict) and kwargs:
                return ", ".join([*map(text, args), *(f"{k}={text(v)}" for k, v in kwargs.items())])
            value = args or kwargs
        elif isinstance(value, (dict, list)) and (inner := _chosen(value, names)) is not None:
            value = inner
        else:
            return value


def _chosen(value: dict[str, Value] | list[Value], names: tuple[str, ...]) -> Value:
    """The one value in it that says something, or the one of these names; None for neither."""
    held = list(value.values() if isinstance(value, dict) else value)
    full = [inner for inner in held if inner not in (None, "", [], {})]
    if len(full) == 1:
        return full[0]
    if isinstance(value, dict):
        named = (value.get(key) for key in names)
        return next((said for said in named if isinstance(said, str) and said), None)
    # A question and what came before it, as positional arguments.
    rest = full[1:]
    if full and isinstance(full[0], str) and not any(isinstance(inner, str) for inner in rest):
        return full[0] if all(isinstance(inner, list) for inner in rest) else None
    return None
