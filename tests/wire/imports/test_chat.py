"""Chats as JSON lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.wire.imports.times import untimed
from clew.wire.normalize import conversation, normalize
from wire.imports.reading import FILES, Imported, imported


@pytest.fixture
def chats() -> Imported:
    return imported(FILES / "chat.jsonl")


def test_every_message_of_the_assistant_is_a_call_with_all_before_it(chats: Imported) -> None:
    """System message and tools included."""
    first, second = map(conversation, chats.spans("chat"))
    assert first.system[0].parts[0].text == "Be brief."
    assert [m.role for m in first.messages_in] == ["user"]
    assert [m.role for m in second.messages_in] == ["user", "assistant", "tool"]
    assert [tool.name for tool in first.tools] == ["look"]
    assert second.messages_out[0].parts[0].text == "A bird."


def test_an_image_is_a_blob(chats: Imported) -> None:
    """With its media type, so that it can be shown."""
    blob = conversation(chats.spans("chat")[0]).messages_in[0].parts[1]
    assert (blob.type, blob.mime_type, blob.modality) == ("blob", "image/png", "image")


def test_a_tool_message_is_a_tool_call(chats: Imported) -> None:
    """Its arguments stand in the message that asked."""
    (tool,) = chats.spans("execute_tool")
    assert normalize(tool).tool_name == "look"
    assert conversation(tool).input == {"closer": True}
    assert conversation(tool).output == "a bird"


def test_what_the_line_says_besides_is_kept(chats: Imported) -> None:
    """Session, user, time, scores, and the rest as metadata."""
    facts = normalize(chats.root())
    assert (facts.session_id, facts.user_id) == ("s-1", "ida")
    assert facts.metadata == {"split": "train", "week": "9"}
    assert [(s.name, s.value) for s in chats.records[0].scores] == [("score", 0.5), ("tone", 1.0)]
    assert chats.root().start_ns == 1_772_366_400_000_000_000


def test_usage_is_that_of_the_last_call(chats: Imported) -> None:
    """A line says it once."""
    usages = [normalize(span).usage for span in chats.spans("chat")]
    assert usages[0] is None
    assert usages[1]
    assert usages[1].input_tokens == 30


def test_a_request_and_its_response_are_one_call(chats: Imported) -> None:
    """What the assistant had said before was said in other calls."""
    (call,) = chats.spans("chat", 1)
    facts = normalize(call)
    assert (facts.response_id, facts.response_model) == ("resp-1", "gpt-4o-2024-08-06")
    assert facts.model_parameters == {"temperature": 0.5}
    assert facts.usage
    assert (facts.usage.input_tokens, facts.usage.cache_read_tokens) == (12, 8)
    assert len(conversation(call).messages_in) == 3
    assert normalize(chats.root(1)).metadata == {"custom_id": "r-7"}


def test_a_number_that_cannot_be_a_time_is_none(tmp_path: Path) -> None:
    """The run is placed as one that says nothing of time."""
    path = tmp_path / "chat.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "hi"}], "created": 1e300}')
    assert imported(path).root().start_ns == untimed(0)


def test_broken_lines_are_named_by_their_number(chats: Imported) -> None:
    """One with the wrong type, one that is cut off; blank lines count."""
    assert [each.name for each in chats.broken] == ["line 4", "line 5"]
