"""Log records of coding agents become the same runs, however they come in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.span import Attributes, Log, Scope, Span
from clew.wire.agent_logs import placed, spans_of
from clew.wire.normalize import normalize
from clew.wire.otlp import decode_logs
from corpus.expected import HERE, folders_told

T0 = 1_795_442_531_000_000_000
MS = 1_000_000
CLAUDE = Scope(name="com.anthropic.claude_code.events")


def recorded(folder: Path) -> dict[str, list[Log]]:
    """The placed records of a folder, by run."""
    runs: dict[str, list[Log]] = {}
    for log in decode_logs((folder / "logs.otlp.pb").read_bytes(), "protobuf").logs:
        there = placed(log)
        if there is not log:
            runs.setdefault(there.trace_id, []).append(there)
    return runs


def claude(name: str, at_ms: int, **said: Any) -> Log:
    """A record of Claude Code in session s, prompt p."""
    attributes = {"event.name": name, "session.id": "s", "prompt.id": "p", **said}
    return placed(Log(time_ns=T0 + at_ms * MS, scope=CLAUDE, attributes=attributes))


def named(spans: list[Span], name: str) -> Span:
    """The one span of this name."""
    (found,) = [span for span in spans if span.name == name]
    return found


RUNS = [logs for folder in folders_told() for logs in recorded(folder).values()]


@settings(max_examples=30)
@given(st.data())
def test_records_in_any_order_are_one_run(data: st.DataObject) -> None:
    """The spans don't depend on what came first."""
    logs = data.draw(st.sampled_from(RUNS))
    shuffled = data.draw(st.permutations(logs))
    assert sorted(spans_of(shuffled), key=_id) == sorted(spans_of(logs), key=_id)


@settings(max_examples=30)
@given(st.data())
def test_a_late_record_takes_no_span_away(data: st.DataObject) -> None:
    """What some of the records told, all of them tell too, under the same ids."""
    logs = data.draw(st.sampled_from(RUNS))
    kept = data.draw(st.sets(st.integers(0, len(logs) - 1), min_size=1))
    some = spans_of([logs[index] for index in kept])
    everything = {span.span_id for span in spans_of(logs)}
    assert {span.span_id for span in some} <= everything


def test_records_with_a_trace_stay_in_it() -> None:
    """Claude Code and Codex send spans then, which tell the same."""
    body = (HERE / "claude-code-2.1.197" / "logs.otlp.pb").read_bytes()
    log = decode_logs(body, "protobuf").logs[0]
    traced = Log(trace_id="1" * 32, span_id="2" * 16, scope=log.scope, attributes=log.attributes)
    assert placed(traced) is traced


def test_records_that_name_no_run_stay_as_they_are() -> None:
    """Those of another program, and those of before the first prompt."""
    other = Log(attributes={"event.name": "user_prompt", "session.id": "s", "prompt.id": "p"})
    early = Log(scope=CLAUDE, attributes={"event.name": "auth", "session.id": "s"})
    assert placed(other) is other
    assert placed(early) is early


def test_a_record_remembers_where_it_came_from() -> None:
    """Gemini CLI's calls are traces of their own: their ids are kept."""
    said: Attributes = {"event.name": "gemini_cli.tool_call", "session.id": "s", "prompt_id": "p"}
    log = placed(Log(trace_id="1" * 32, span_id="2" * 16, attributes=said))
    assert log.trace_id not in ("", "1" * 32)
    assert log.attributes["clew.log.trace_id"] == "1" * 32
    assert log.attributes["clew.log.span_id"] == "2" * 16


def test_a_failed_attempt_lies_below_the_call_that_succeeded() -> None:
    """`api_error`, then `api_request`: the call knows of its retry and began with the first try."""
    error = claude("api_error", 100, model="m", duration_ms=20, status_code=529, error="Overloaded")
    alone = spans_of([error])
    assert normalize(alone[0]).outcome == "error"
    done = claude("api_request", 900, model="m", duration_ms=30, request_id="r")
    spans = spans_of([error, done])
    call = next(span for span in spans if span.attributes.get("clew.retries") == 1)
    attempt = next(span for span in spans if span.parent_id == call.span_id)
    assert attempt.status_message == "Overloaded"
    assert attempt.span_id == alone[1].span_id
    assert call.start_ns == attempt.start_ns == T0 + 80 * MS
    assert normalize(spans[0]).outcome == "success"


def test_a_tool_that_was_not_allowed_is_blocked() -> None:
    """A decision without a result, and who took it."""
    no = claude(
        "tool_decision",
        5,
        tool_name="Bash",
        tool_use_id="t",
        decision="reject",
        source="user_reject",
    )
    tool = named(spans_of([claude("user_prompt", 0, prompt="rm"), no]), "execute_tool Bash")
    assert normalize(tool).outcome == "blocked"
    assert tool.attributes["clew.tool.decision.source"] == "user_reject"


def test_a_tool_without_a_result_runs_until_the_run_goes_on() -> None:
    """As the last thing told it is still going on."""
    yes = claude("tool_decision", 5, tool_name="Bash", tool_use_id="t", decision="accept")
    later = claude("api_request", 90, model="m", duration_ms=1, request_id="r")
    assert named(spans_of([yes]), "execute_tool Bash").end_ns is None
    assert named(spans_of([yes, later]), "execute_tool Bash").end_ns == T0 + 5 * MS


def test_input_includes_what_came_from_the_cache() -> None:
    """Claude Code counts it apart, also as strings."""
    call = claude(
        "api_request",
        9,
        model="claude-sonnet-4-5",
        request_id="r",
        input_tokens="10",
        output_tokens="5",
        cache_read_tokens="100",
        cache_creation_tokens="20",
        cost_usd=0.5,
    )
    facts = normalize(spans_of([call])[1])
    assert facts.usage is not None
    assert (facts.usage.input_tokens, facts.usage.cache_read_tokens) == (130, 100)
    assert facts.cost is not None
    assert (facts.cost.total_usd, facts.cost.source) == (0.5, "client")


@pytest.mark.parametrize("said", [{}, {"duration_ms": "x", "input_tokens": [1]}])
def test_odd_records_make_no_trouble(said: dict[str, Any]) -> None:
    """Whatever values they have."""
    names = ("api_request", "api_error", "tool_result", "subagent_completed", "compaction", "new")
    assert spans_of([claude(name, 1, **said) for name in names])


def _id(span: Span) -> str:
    return span.span_id
