"""Results of tau2-bench."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from clew.errors import BadInput
from clew.wire.imports import tau2
from clew.wire.normalize import conversation, normalize
from wire.imports.reading import FILES, Imported, imported


@pytest.fixture
def results() -> Imported:
    return imported(FILES / "tau2.json")


def test_a_simulation_that_cannot_be_read_is_named_and_the_rest_goes_on(results: Imported) -> None:
    """The second of three simulations has no messages."""
    assert [record.name for record in results.records] == ["simulations[0]", "simulations[2]"]
    assert [(each.name, each.message) for each in results.broken] == [
        ("simulations[1]", "Expected `array`, got `null` - at `$.messages`")
    ]


def test_the_user_simulator_is_an_agent_of_its_own(results: Imported) -> None:
    """Its model calls and tools stand below its invocations, and carry its own cost."""
    root, first, second = results.spans("invoke_agent")
    assert [span.name for span in (root, first, second)] == [
        "invoke_agent library_agent",
        "invoke_agent user_simulator",
        "invoke_agent user_simulator",
    ]
    assert first.parent_id == second.parent_id == root.span_id
    below = [span.name for span in results.records[0].spans if span.parent_id == second.span_id]
    assert below == ["chat gpt-4.1", "execute_tool look_at_card", "chat gpt-4.1"]
    costs: dict[str, float] = {}
    for call in map(normalize, results.spans("chat")):
        assert call.cost
        costs[call.agent_name] = costs.get(call.agent_name, 0.0) + (call.cost.total_usd or 0.0)
    assert costs == pytest.approx({"library_agent": 0.022, "user_simulator": 0.003})


def test_a_model_call_has_the_input_that_its_side_had_heard(results: Imported) -> None:
    """The agent hears the policy, the user and its own tools, never the user's tools."""
    said = conversation(results.spans("chat")[2])
    assert [message.parts[0].text for message in said.system] == ["Renew a loan once."]
    assert [tool.name for tool in said.tools] == ["find_loan"]
    assert [(m.role, m.parts[0].type) for m in said.messages_in] == [
        ("assistant", "text"),
        ("user", "text"),
        ("assistant", "tool_call"),
        ("tool", "tool_call_response"),
    ]
    assert [part.type for part in said.messages_out[0].parts] == ["reasoning", "text"]


def test_the_user_simulator_hears_the_dialogue_from_its_side(results: Imported) -> None:
    """The agent's words are the user's to it; its scenario is its instruction."""
    said = conversation(results.spans("chat")[-1])
    assert [m.role for m in said.messages_in] == ["user", "assistant", "user", "assistant", "tool"]
    assert "Renew your loan" in said.system[0].parts[-1].text


def test_the_greeting_of_the_benchmark_is_no_model_call(results: Imported) -> None:
    """Five messages were written by models, the first one wasn't."""
    assert len(results.spans("chat")) == 5


def test_a_tool_call_has_arguments_result_time_and_error(results: Imported) -> None:
    """The tool failed: its span says so, the run's doesn't."""
    tool = results.spans("execute_tool")[0]
    facts = normalize(tool)
    assert (facts.kind, facts.tool_name, facts.tool_call_id) == ("tool", "find_loan", "c1")
    assert conversation(tool).input == {"card": "12"}
    assert (tool.status, tool.status_message) == ("error", "No such loan")
    assert tool.end_ns == tool.start_ns + 250_000_000
    assert results.root().status == "unset"


def test_a_model_call_is_understood(results: Imported) -> None:
    """Model, provider, tokens, cost and what the raw answer said."""
    facts = normalize(results.spans("chat")[1])
    assert (facts.provider, facts.request_model) == ("azure.ai.openai", "gpt-4o")
    assert (facts.response_model, facts.response_id) == ("gpt-4o-2024-11-20", "r-1")
    assert facts.usage
    assert (facts.usage.input_tokens, facts.usage.output_tokens) == (300, 20)
    assert facts.cost
    assert (facts.cost.total_usd, facts.cost.source) == (0.01, "client")
    assert facts.finish_reasons == ["tool_calls"]
    assert facts.release == "azure/gpt-4o"


def test_rewards_and_the_end_become_scores(results: Imported) -> None:
    """Parts of the reward too; an unknown part isn't there."""
    scores = [(s.name, s.data_type, s.value, s.label) for s in results.records[0].scores]
    assert scores == [
        ("reward", "number", 1.0, ""),
        ("reward_db", "number", 1.0, ""),
        ("reward_communicate", "number", 0.5, ""),
        ("termination_reason", "category", None, "user_stop"),
    ]
    assert {s.trace_id for s in results.records[0].scores} == {results.root().trace_id}


def test_a_run_that_ended_by_an_error_is_an_error(results: Imported) -> None:
    """A reward of 0 alone is none."""
    root = results.root(1)
    assert (root.status, root.status_message) == ("error", "ended by agent_error")
    failed = results.spans("chat", 1)[-1]
    assert (failed.status, failed.status_message) == ("error", "the message is empty")


def test_a_price_of_nothing_is_unknown(results: Imported) -> None:
    """The benchmark writes 0 for a model that it knows no price for."""
    assert normalize(results.spans("chat", 1)[-1]).cost is None


def test_the_run_says_what_task_it_was(results: Imported) -> None:
    """Metadata and tags stand on the root."""
    facts = normalize(results.root())
    assert facts.metadata["task_id"] == "7"
    assert facts.metadata["trial"] == "0"
    assert facts.tags == ["tau2", "library"]


def test_without_times_steps_are_a_second_apart(results: Imported) -> None:
    """The third simulation has no timestamps."""
    root = results.root(1)
    assert root.end_ns == root.start_ns + 3_000_000_000


def test_a_results_file_that_is_cut_off_gives_the_runs_before_the_cut(tmp_path: Path) -> None:
    """The simulation at the cut is named."""
    whole = (FILES / "tau2.json").read_bytes()
    cut = tmp_path / "cut.json"
    cut.write_bytes(whole[: whole.index(b'"sim-b"')])
    found = imported(cut)
    assert [record.name for record in found.records] == ["simulations[0]"]
    assert [each.name for each in found.broken] == ["simulations[1]"]


def test_a_file_without_its_parts_is_refused(tmp_path: Path) -> None:
    """Nothing can be said about simulations without `info`."""
    path = tmp_path / "results.json"
    path.write_bytes(msgspec.json.encode({"simulations": []}))
    with pytest.raises(BadInput, match="`info` and `simulations`"):
        list(tau2.read(path))
