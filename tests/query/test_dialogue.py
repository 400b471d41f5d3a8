"""What was said in a run: each message once, and what each model call repeats, adds and drops."""

from __future__ import annotations

import json

import pytest

import make
from clew.errors import NotFound
from clew.ingest import Ingest
from clew.query.dialogue import Dialogue, get_dialogue, get_said
from clew.span import Span
from clew.store.embedded import EmbeddedEngine

pytestmark = pytest.mark.anyio

SYSTEM = json.dumps([{"type": "text", "content": "You book hotels, and nothing else, ever."}])
TOOLS = json.dumps([{"type": "function", "name": "find_hotels", "description": "By city"}])


def said(role: str, text: str) -> dict[str, object]:
    """A message in the form of the GenAI conventions."""
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def call(history: list[str], answer: str = "", parent: Span | str = "") -> Span:
    """A model call over a history of turns, of user and assistant in turn."""
    roles = ("user", "assistant")
    told = [said(roles[number % 2], text) for number, text in enumerate(history)]
    return make.llm(
        parent=parent,
        gen_ai__system_instructions=SYSTEM,
        gen_ai__tool__definitions=TOOLS,
        gen_ai__input__messages=json.dumps(told),
        gen_ai__output__messages=json.dumps([said("assistant", answer)]) if answer else "[]",
    )


def inputs(dialogue: Dialogue) -> list[list[str]]:
    """The whole input of each call, as previews."""
    whole: list[list[int]] = []
    calls = dialogue.calls
    for before, same, new in zip(calls.before, calls.same, calls.input, strict=True):
        whole.append([*(whole[before][:same] if before >= 0 else []), *new])
    return [[dialogue.messages.preview[number] for number in numbers] for numbers in whole]


async def test_each_message_is_told_once(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """A call says what it repeats, and names only what is new; its answer is known when it comes
    back."""
    root = make.agent()
    first = call(["Hello", "Hi", "Oslo?"], "Bristol", root)
    second = call(["Hello", "Hi", "Oslo?", "Bristol", "Book it"], "Booked", root)
    await make.store(ingest, project, root, first, second)
    dialogue = await get_dialogue(engine, project, root.trace_id)
    assert dialogue.calls.span_id == [first.span_id, second.span_id]
    assert (dialogue.calls.before, dialogue.calls.same) == ([-1, 0], [0, 3])
    assert inputs(dialogue) == [
        ["Hello", "Hi", "Oslo?"],
        ["Hello", "Hi", "Oslo?", "Bristol", "Book it"],
    ]
    assert dialogue.calls.input[1][0] == dialogue.calls.output[0][0]
    assert dialogue.calls.system[0] == dialogue.calls.system[1]
    assert dialogue.calls.tools[0] == dialogue.calls.tools[1]
    origins = dict(zip(dialogue.messages.preview, dialogue.messages.origin, strict=True))
    assert origins["You book hotels, and nothing else, ever."] == "system"
    assert (origins["By city"], origins["Bristol"]) == ("tools", "assistant")


async def test_compacted_history_goes_on_from_its_call(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Where all was summed up nothing is the same, and what came before is still known."""
    root = make.agent()
    long = call(["Hello", "Hi", "Oslo?"], "Bristol", root)
    short = call(["Summary: Bristol in Oslo"], "Fine", root)
    await make.store(ingest, project, root, long, short)
    dialogue = await get_dialogue(engine, project, root.trace_id)
    assert (dialogue.calls.before, dialogue.calls.same) == ([-1, 0], [0, 0])
    assert inputs(dialogue)[1] == ["Summary: Bristol in Oslo"]


async def test_agents_side_by_side_keep_their_own_thread(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Of two agents that talk in turns each goes on from its own last call."""
    root = make.agent()
    one, two = make.agent("one", parent=root), make.agent("two", parent=root)
    spans = [
        call(["First", "a"], parent=one),
        call(["Second", "b"], parent=two),
        call(["First", "a", "c"], parent=one),
        call(["Second", "b", "d"], parent=two),
    ]
    await make.store(ingest, project, root, one, two, *spans)
    dialogue = await get_dialogue(engine, project, root.trace_id)
    assert dialogue.calls.before == [-1, -1, 0, 1]
    assert inputs(dialogue)[3] == ["Second", "b", "d"]


async def test_one_call_says_only_what_is_new(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """With its system prompt and tools, which were there before."""
    root = make.agent()
    first, second = call(["Hello", "Hi"], "Ok", root), call(["Hello", "Hi", "Oslo?"], "Yes", root)
    await make.store(ingest, project, root, first, second)
    new = await get_said(
        engine, project, root.trace_id, second.span_id, after=first.span_id, same=2
    )
    assert [part.text for message in new.input for part in message.parts] == ["Oslo?"]
    assert new.output[0].parts[0].text == "Yes"
    assert (len(new.system), new.tools[0].name) == (1, "find_hotels")


async def test_run_without_model_calls_has_no_dialogue(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """There is nothing to read."""
    root = make.agent()
    await make.store(ingest, project, root)
    with pytest.raises(NotFound, match="has no model call"):
        await get_dialogue(engine, project, root.trace_id)
    with pytest.raises(NotFound, match="has no span"):
        await get_said(engine, project, root.trace_id, "no", after="", same=0)
