"""Session files of Claude Code."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from clew.wire.normalize import conversation, normalize
from wire.imports.reading import FILES, Imported, imported

SESSION = "5f1c0b3e-0000-4000-8000-000000000001"


@pytest.fixture
def session() -> Imported:
    return imported(FILES / "claude_code.jsonl")


def test_a_prompt_is_a_run_and_the_session_holds_them(session: Imported) -> None:
    """Lines that keep the program's own state start none."""
    assert [record.name for record in session.records] == ["line 3", "line 18", "line 20"]
    roots = [session.root(index) for index in range(3)]
    assert {normalize(root).session_id for root in roots} == {SESSION}
    assert [normalize(root).input_preview for root in roots] == [
        "Sort the shelf.",
        "Write to Knut.",
        "Once more.",
    ]
    assert [normalize(root).output_preview for root in roots[::2]] == ["Knut has b.", "Written."]


def test_lines_of_one_message_are_one_call_with_tokens_once(session: Imported) -> None:
    """Three lines repeat the tokens of the first call; the last is complete."""
    first = session.spans("chat")[0]
    usage = normalize(first).usage
    assert usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (125, 100, 20)
    assert usage.output_tokens == 44
    parts = conversation(first).messages_out[0].parts
    assert [part.type for part in parts] == ["reasoning", "tool_call", "tool_call"]


def test_tools_side_by_side_are_both_heard(session: Imported) -> None:
    """Only one of the two answers is an ancestor of the next call."""
    heard = conversation(session.spans("chat")[1]).messages_in
    assert [m.role for m in heard] == ["user", "assistant", "tool", "tool"]
    assert [m.parts[0].response for m in heard[2:]] == ["Emma", "no such file"]


def test_a_tool_that_failed_says_so(session: Imported) -> None:
    """With the words that the model was told."""
    second = session.spans("execute_tool")[1]
    assert (second.status, second.status_message) == ("error", "no such file")


def test_a_subagent_stands_below_the_tool_that_started_it(session: Imported) -> None:
    """It hears only its own conversation."""
    by_id = {span.span_id: span for span in session.records[0].spans}
    _, subagent = session.spans("invoke_agent")
    assert subagent.name == "invoke_agent asker"
    assert by_id[subagent.parent_id].name == "execute_tool Task"
    below = [s for s in session.records[0].spans if s.parent_id == subagent.span_id]
    assert [s.name for s in below] == [
        "chat claude-haiku-4-5",
        "execute_tool Grep",
        "chat claude-haiku-4-5",
    ]
    heard = conversation(below[-1]).messages_in
    assert [m.role for m in heard] == ["user", "assistant", "tool"]


def test_a_later_prompt_hears_the_whole_session(session: Imported) -> None:
    """Also what the program told the model about it."""
    heard = conversation(session.spans("chat", 2)[0]).messages_in
    assert [m.role for m in heard][-3:] == ["user", "assistant", "user"]
    assert any("Caveat" in part.text for m in heard for part in m.parts)


def test_an_error_of_the_model_is_a_failed_call(session: Imported) -> None:
    """The program writes it as a message of its own; no model said it."""
    (call,) = session.spans("chat", 1)
    assert (call.status, call.status_message) == ("error", "API Error: 529 overloaded")
    assert normalize(call).usage is None
    assert normalize(call).model == ""


def test_a_broken_line_is_named_and_the_rest_goes_on(session: Imported) -> None:
    """With the place inside the line."""
    (broken,) = session.broken
    assert broken.name == "line 6"
    assert "$.message.content" in broken.message


@pytest.mark.parametrize("folder", ["", f"{SESSION}/subagents"])
def test_a_subagent_in_a_file_of_its_own_is_read_with_its_session(
    tmp_path: Path, folder: str
) -> None:
    """Beside the session, or in a folder with its name; alone it has no runs of its own."""
    lines = (FILES / "claude_code.jsonl").read_text().splitlines(keepends=True)
    own = [line for line in lines if '"isSidechain": true' in line]
    rest = [line for line in lines if line not in own]
    answer = next(i for i, line in enumerate(rest) if '"status": "completed"' in line)
    rest[answer] = rest[answer].replace('"status"', '"agentId": "abc", "status"')
    own = [line.replace('"isSidechain"', '"agentId": "abc", "isSidechain"') for line in own]
    agent = tmp_path / folder / "agent-abc.jsonl"
    agent.parent.mkdir(parents=True, exist_ok=True)
    agent.write_text("".join(own))
    session = tmp_path / f"{SESSION}.jsonl"
    session.write_text("".join(rest))
    names = [span.name for span in imported(session).records[0].spans]
    assert names.count("invoke_agent asker") == 1
    assert names.count("execute_tool Grep") == 1
    assert imported(agent).records == []
    session.unlink()
    (alone,) = imported(agent).records
    assert [span.name for span in alone.spans][-1] == "invoke_agent subagent"


def test_a_session_that_was_copied_gives_the_same_runs(tmp_path: Path) -> None:
    """Resuming copies lines into a new session: ids come from the lines."""
    copy = tmp_path / "copy.jsonl"
    shutil.copy(FILES / "claude_code.jsonl", copy)
    first, second = imported(FILES / "claude_code.jsonl"), imported(copy)
    assert first.records == second.records


def test_a_long_run_is_given_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call holds its whole input: the text of a run grows with the square of its steps."""
    whole = imported(FILES / "claude_code.jsonl")
    monkeypatch.setattr("clew.wire.imports.record.RECORD_BYTES", 500)
    parts = imported(FILES / "claude_code.jsonl")
    assert len(parts.records) > len(whole.records)
    assert [s for r in parts.records for s in r.spans] == [
        s for r in whole.records for s in r.spans
    ]


def test_a_prompt_whose_tools_answer_nonsense_is_named(tmp_path: Path) -> None:
    """The other prompts are read."""
    text = (FILES / "claude_code.jsonl").read_text()
    odd = text.replace('"content": [{"type": "text", "text": "Knut"}]', '"content": [7]')
    path = tmp_path / "odd.jsonl"
    path.write_text(odd)
    found = imported(path)
    assert [each.name for each in found.broken] == ["line 6", "line 3"]
    assert [record.name for record in found.records] == ["line 18", "line 20"]


def test_lines_without_a_tree_do_not_loop(tmp_path: Path) -> None:
    """A parent that is its own ancestor ends the conversation there."""
    line = {
        "type": "assistant",
        "uuid": "a",
        "parentUuid": "b",
        "sessionId": "s",
        "message": {"role": "assistant", "id": "m", "content": [{"type": "text", "text": "hi"}]},
    }
    other = {"type": "user", "uuid": "b", "parentUuid": "a", "message": {"content": "yo"}}
    path = tmp_path / "loop.jsonl"
    path.write_bytes(msgspec.json.encode(line) + b"\n" + msgspec.json.encode(other) + b"\n")
    assert len(imported(path).records) == 1
