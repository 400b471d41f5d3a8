"""Results of tau-bench."""

from __future__ import annotations

import pytest

from clew.wire.normalize import conversation, normalize
from wire.imports.reading import FILES, Imported, imported


@pytest.fixture
def results() -> Imported:
    return imported(FILES / "tau_bench.json")


def test_a_result_becomes_a_run_with_scores(results: Imported) -> None:
    """The reward and its known parts."""
    assert [(s.name, s.value) for s in results.records[0].scores] == [
        ("reward", 1.0),
        ("reward_actions", 1.0),
    ]
    assert [each.name for each in results.broken] == ["[2]"]


def test_the_system_message_is_the_instruction_of_every_call(results: Imported) -> None:
    """The agent's calls hear it; the user's hear the task."""
    user, first, second = map(conversation, results.spans("chat"))
    assert user.system[0].parts[0].text == "You are Ida."
    assert first.system[0].parts[0].text == second.system[0].parts[0].text == "Lend books."
    assert [m.role for m in second.messages_in] == ["user", "assistant", "tool"]


def test_a_tool_that_answers_with_an_error_failed(results: Imported) -> None:
    """The benchmark's tools begin with the word."""
    (tool,) = results.spans("execute_tool")
    assert (tool.status, tool.status_message) == ("error", "Error: all lent")
    assert conversation(tool).input == {"title": "Emma"}


def test_a_crashed_run_is_an_error(results: Imported) -> None:
    """It has no messages, and still a reward."""
    assert results.root(1).status_message == "the model's server hung up"
    assert [s.value for s in results.records[1].scores] == [0.0]


def test_the_release_is_the_name_of_the_file(results: Imported) -> None:
    """Two files compare as two releases of one service."""
    facts = normalize(results.root())
    assert (facts.service, facts.release) == ("tau-bench", "tau_bench")
