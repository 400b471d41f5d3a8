"""What real instrumentors sent is understood as it was written down beside it.

`corpus.record` records anew, `corpus.expected` accepts what has changed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clew.wire.normalize import normalize
from clew.wire.otlp import decode_traces
from corpus import table
from corpus.expected import (
    agents,
    folders,
    folders_agents,
    folders_told,
    recorded,
    told,
    understood,
)
from corpus.happened import problems, read

FOLDERS = folders()
TOLD = [folder for folder in FOLDERS if (folder / "happened.json").exists()]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_recorded_body_becomes_what_is_written_beside_it(folder: Path) -> None:
    """Facts, conversations and scores of every span of every library."""
    expected: list[dict[str, Any]] = json.loads((folder / "expected.json").read_text("utf-8"))
    assert understood(folder) == expected


@pytest.mark.parametrize("folder", TOLD, ids=lambda folder: folder.name)
def test_a_recorded_program_is_understood_as_what_happened_in_it(folder: Path) -> None:
    """All that the model and the tools say happened, but what the library doesn't send; and that
    is really missing."""
    happened = read(folder)
    found = problems(happened, *recorded(folder))
    assert found.keys() == happened["unsent"].keys(), found


def test_the_page_of_dialects_says_what_the_recordings_prove() -> None:
    """`docs/dialects.md` is what `corpus.table` makes of them."""
    assert table.PAGE.read_text("utf-8") == table.page()


@pytest.mark.parametrize("name", ["openinference-openai", "openllmetry-openai", "genai-openai"])
def test_the_same_agent_is_understood_the_same_under_every_instrumentor(name: str) -> None:
    """Kind, model, provider, tokens, outcome, and what was asked, whoever watched."""
    (folder,) = [held for held in FOLDERS if held.name.rpartition("-")[0] == name]
    spans = decode_traces((folder / "traces.otlp.pb").read_bytes(), "protobuf").spans
    found = [normalize(span) for span in sorted(spans, key=lambda span: span.start_ns)]
    assert [facts.kind for facts in found] == [*["llm"] * 5, "embedding", "llm", "llm"]
    assert {facts.provider for facts in found} == {"openai"}
    assert {facts.model for facts in found} == {"gpt-4o-mini", "text-embedding-3-small"}
    told = [facts.usage for facts in found if facts.usage is not None]
    assert [usage.input_tokens for usage in told] == [68, 121, 12, 778, 13, 4, 12]
    assert [usage.output_tokens or 0 for usage in told] == [10, 6, 13, 6, 13, 0, 7]
    assert [facts.outcome for facts in found] == [*["success"] * 6, "refused", "error"]
    assert [facts.input_preview for facts in found][:3] == [
        *["What is the weather in Zürich?"] * 2,
        "think, then tell me",
    ]
    assert found[0].output_preview == 'tool_call: get_weather({"city":"Zürich"})'
    assert found[6].output_preview == "I can't help with that."
    assert all(facts.response_id for facts in found if facts.usage and facts.kind == "llm")


@pytest.mark.parametrize("folder", folders_told(), ids=lambda folder: folder.name)
def test_recorded_log_records_become_the_runs_written_beside_them(folder: Path) -> None:
    """Spans, parents, durations and facts of every run of every coding agent."""
    expected: list[dict[str, Any]] = json.loads((folder / "expected.json").read_text("utf-8"))
    assert told(folder) == expected


@pytest.mark.parametrize("folder", folders_agents(), ids=lambda folder: folder.name)
def test_bodies_of_the_agents_sdk_become_what_is_written_beside_them(folder: Path) -> None:
    """Spans, parents, durations, facts and conversations."""
    expected: list[dict[str, Any]] = json.loads((folder / "expected.json").read_text("utf-8"))
    assert agents(folder) == expected
