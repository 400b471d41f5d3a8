"""Trajectories of SWE-agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew import conventions as names
from clew.wire.normalize import conversation, normalize
from wire.imports.reading import FILES, Imported, imported


@pytest.fixture
def trajectory() -> Imported:
    return imported(FILES / "swe_agent.traj")


def test_a_demonstration_is_no_model_call(trajectory: Imported) -> None:
    """It is heard by the calls that follow."""
    first, *rest = trajectory.spans("chat")
    assert len(rest) == 2
    heard = conversation(first)
    assert [m.parts[0].text for m in heard.messages_in] == [
        "An example.",
        "Shown, not said.",
        "a.py fails.",
    ]


def test_a_query_that_was_kept_is_the_input(trajectory: Imported) -> None:
    """SWE-agent shortens what it sends: the step says to what."""
    heard = conversation(trajectory.spans("chat")[1])
    assert [m.parts[0].text for m in heard.messages_in] == ["(shortened)"]


def test_a_function_call_and_a_command_as_text_are_tools(trajectory: Imported) -> None:
    """A command that isn't one of the agent's own ran in the shell."""
    function, command = trajectory.spans("execute_tool")
    assert normalize(function).tool_name == "open"
    assert conversation(function).output == "1:x"
    assert normalize(command).tool_name == "bash"
    assert conversation(command).input == {"command": "ls\n"}
    assert command.end_ns == command.start_ns + 500_000_000


def test_a_run_that_did_not_submit_is_an_error(trajectory: Imported) -> None:
    """How it ended is a score too."""
    assert trajectory.root().status_message == "ended by exit_cost"
    assert [(s.name, s.label) for s in trajectory.records[0].scores] == [
        ("exit_status", "exit_cost")
    ]


def test_totals_stand_on_the_run_where_calls_say_nothing(trajectory: Imported) -> None:
    """Tokens and cost of the whole run."""
    root = trajectory.root().attributes
    assert root[names.GEN_AI_USAGE_INPUT_TOKENS] == 900
    assert root[names.CLEW_COST_TOTAL_USD] == 3.01
    assert all(
        names.GEN_AI_USAGE_INPUT_TOKENS not in span.attributes for span in trajectory.spans("chat")
    )


def test_the_setup_is_read_also_as_json_in_a_string(trajectory: Imported) -> None:
    """Model, parser and task come from it, and the functions that were offered."""
    facts = normalize(trajectory.root())
    assert facts.release == "gpt-4o/function_calling"
    assert facts.metadata["task_id"] == "demo-1"
    offered = conversation(trajectory.spans("chat")[0]).tools
    assert [(tool.name, tool.description) for tool in offered] == [
        ("open", "opens a file"),
        ("submit", "hands in"),
    ]


def test_a_file_that_is_not_a_trajectory_is_named(tmp_path: Path) -> None:
    """One run a file: it is broken as a whole."""
    path = tmp_path / "empty.traj"
    path.write_text('{"trajectory": []}')
    found = imported(path)
    assert found.records == []
    assert found.broken[0].message == "Object missing required field `history`"
