"""A model call without what the one before it said: nothing new is lost, nothing old is told."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

import make
from clew.span import Attributes, Direction, Message, Span
from clew.wire.contents import content_hash
from clew.wire.normalize import conversation
from clew.wire.packing import Packer
from clew.wire.shorten import Sheet, build, is_mark, open_sheet, shorten

History = list[tuple[str, str]]


def _gen_ai(history: History) -> Attributes:
    said = [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in history]
    return {"gen_ai.input.messages": json.dumps(said)}


def _chat(history: History) -> Attributes:
    return {"gen_ai.input.messages": json.dumps([{"role": r, "content": t} for r, t in history])}


def _open_inference(history: History) -> Attributes:
    told: Attributes = {"openinference.span.kind": "LLM"}
    for number, (role, text) in enumerate(history):
        told[f"llm.input_messages.{number}.message.role"] = role
        told[f"llm.input_messages.{number}.message.content"] = text
    return told


def _openllmetry(history: History) -> Attributes:
    told: Attributes = {"llm.request.type": "chat"}
    for number, (role, text) in enumerate(history):
        told[f"gen_ai.prompt.{number}.role"] = role
        told[f"gen_ai.prompt.{number}.content"] = text
    return told


SHAPES = [_gen_ai, _chat, _open_inference, _openllmetry]
HISTORIES = st.lists(
    st.tuples(st.sampled_from(["user", "assistant"]), st.text('abc {}"', min_size=1, max_size=9)),
    min_size=1,
    max_size=6,
)


class Stored:
    """Spans as they are stored, with the texts of their contents by hash."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def sheet(self, span: Span) -> Sheet:
        """The stored form of a span."""
        raw, parts, _ = Packer().span(span)
        hashes: dict[Direction, list[str]] = {}
        for way in ("input", "output", "other"):
            hashes[way] = [content_hash(one).hex() for one in parts.of(way)]
            self.texts |= zip(hashes[way], map(bytes.decode, parts.of(way)), strict=True)
        return open_sheet(raw, hashes)


def _call(attributes: Attributes) -> Span:
    given: dict[str, object] = {key.replace(".", "__"): said for key, said in attributes.items()}
    return make.span(**given)  # type: ignore[arg-type] # attributes alone


def _spoken(messages: list[Message]) -> History:
    return [(one.role, "".join(part.text for part in one.parts)) for one in messages]


@settings(max_examples=40)
@given(st.sampled_from(SHAPES), HISTORIES, HISTORIES)
def test_only_what_is_new_is_read(
    shape: Callable[[History], Attributes], history: History, more: History
) -> None:
    """In every shape: the mark and the new messages, or the whole where nothing is gained."""
    stored = Stored()
    before = stored.sheet(_call(shape(history)))
    after = stored.sheet(_call(shape([*history, *more])))
    whole = conversation(build(after, stored.texts.__getitem__)).messages_in
    short = shorten(after, before, stored.texts.__getitem__)
    assert (short is None) == (len(history) == 1)
    if short is not None:
        mark, *new = conversation(short).messages_in
        assert is_mark(mark)
        assert _spoken(new) == _spoken(whole)[len(history) :]


@settings(max_examples=20)
@given(st.sampled_from(SHAPES), HISTORIES)
def test_rewritten_history_is_read_whole(
    shape: Callable[[History], Attributes], history: History
) -> None:
    """Where the first message differs, nothing goes on."""
    stored = Stored()
    before = stored.sheet(_call(shape(history)))
    after = stored.sheet(_call(shape([("user", "Summary of it"), *history[1:]])))
    assert shorten(after, before, stored.texts.__getitem__) is None


def test_tools_are_no_messages() -> None:
    """A list of tool definitions that repeats isn't taken for a conversation."""
    stored = Stored()
    tools = json.dumps([{"type": "function", "name": f"tool {n}" * 9} for n in range(3)])
    sheet = stored.sheet(make.llm(gen_ai__tool__definitions=tools))
    assert shorten(sheet, sheet, stored.texts.__getitem__) is None
