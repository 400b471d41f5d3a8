"""The conversations of real runs of nine frameworks, where that data is beside the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clew.span import Message, Scope, Span
from clew.wire.normalize import conversation

DATA = Path(__file__).parents[3] / "shared" / "data" / "framework_traces"
TRACES = sorted(DATA.glob("*.trace.json"))
_SHOWN_CHARS = 60


@pytest.mark.skipif(not TRACES, reason="the data is not here")
def test_real_runs_show_the_messages_and_tool_calls_that_they_must() -> None:
    """Of every model call whose conversation is known: the same words and calls in their order."""
    for path in TRACES:
        must = json.loads(path.with_name(path.name.replace(".trace.", ".chatml.")).read_text())
        for observation in json.loads(path.read_text())["observations"]:
            if observation["type"] == "GENERATION":
                _compare(observation, must.get(observation["id"], {}), path.name)


def _compare(observation: dict[str, Any], must: dict[str, Any], where: str) -> None:
    said = conversation(_span(observation))
    for side, messages in (
        ("input", [*said.system, *said.messages_in]),
        ("output", said.messages_out),
    ):
        if must.get(side, {}).get("success"):
            assert [*_told(messages)] == [*_must(must[side]["data"])], f"{where}: {side}"


def _span(observation: dict[str, Any]) -> Span:
    """The observation as the client of its backend sent it."""
    told = {side: observation[side] for side in ("input", "output") if observation[side]}
    return Span(
        trace_id="1" * 32,
        span_id="1" * 16,
        name=observation["name"],
        start_ns=1,
        end_ns=2,
        scope=Scope(name="langfuse-sdk"),
        attributes={
            "langfuse.observation.type": "generation",
            **{f"langfuse.observation.{side}": _json(value) for side, value in told.items()},
        },
    )


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _told(messages: list[Message]) -> Iterator[tuple[str, str]]:
    for message in messages:
        words = "\n".join(part.text for part in message.parts if part.type == "text").strip()
        if words:
            yield "words", words[:_SHOWN_CHARS]
        for part in message.parts:
            if part.type == "tool_call":
                yield "call", part.name
            elif part.type == "tool_call_response":
                yield "result", ""


def _must(messages: list[Any]) -> Iterator[tuple[str, str]]:
    for message in messages:
        content = message.get("content") or ""
        if isinstance(content, list):
            content = "\n".join(part.get("text", "") for part in content)
        # That page shows a result that Gemini was sent as what the user said.
        if message["role"] == "tool" or (message["role"] == "user" and content[:1] == "{"):
            yield "result", ""
            continue
        if content.strip():
            yield "words", content.strip()[:_SHOWN_CHARS]
        for call in message.get("tool_calls") or []:
            yield "call", call.get("name") or call["function"]["name"]
