"""Claude Code's events: a prompt is a run.

https://code.claude.com/docs/en/monitoring-usage
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.wire.agent_logs.event import CodingAgent, Event, events, hashed_trace_id, tool_calls
from clew.wire.agent_logs.step import Step, holder, noted, retries, spans
from clew.wire.values import encode_json, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Attributes, Log, Span

NAME = "claude_code"
_SCOPE = "com.anthropic.claude_code.events"
_AGENT = "claude-code"
_BEHALF = "agent:"
"""How `query_source` begins where a sub-agent asks."""
_DELEGATING = frozenset({"Task", "Agent"})
"""Tools that start a sub-agent."""
_FAILURES = frozenset({"api_error", "api_retries_exhausted"})
_TOLD_BY_SPANS = frozenset(
    {
        "user_prompt",
        "assistant_response",
        "api_request",
        "api_error",
        "tool_decision",
        "tool_result",
        "subagent_completed",
        "compaction",
    }
)


def _wrote(log: Log) -> bool:
    return log.scope.name == _SCOPE


def _trace_id(log: Log) -> str:
    said = log.attributes
    return hashed_trace_id(NAME, text(said.get(c.SESSION_ID)), text(said.get("prompt.id")))


def _spans(logs: Sequence[Log]) -> list[Span]:
    told = events(logs, NAME)
    answers = {
        event.text("request_id"): event for event in told if event.name == "assistant_response"
    }
    calls = [_call(event, answers) for event in told if event.name == "api_request"]
    failed = [_failed(event) for event in told if event.name in _FAILURES]
    tools = _tools(told)
    agents = [_subagent(event) for event in told if event.name == "subagent_completed"]
    compactions = [_compaction(event) for event in told if event.name == "compaction"]
    retries(calls, failed)
    _place([*calls, *failed], tools, agents, compactions)
    steps = [*calls, *failed, *tools, *agents, *compactions]
    return spans(told[0], _root(told, steps, answers), steps)


def _root(told: Sequence[Event], steps: Sequence[Step], answers: dict[str, Event]) -> Step:
    prompt = next((event for event in told if event.name == "user_prompt"), None)
    said = [event for event in answers.values() if not _on_behalf(event)]
    last = next((event for event in reversed(told) if event.name.startswith("api_")), None)
    error = _message(last) if last and last.name in _FAILURES and not _on_behalf(last) else None
    first = told[0]
    return Step(
        key="prompt",
        kind="agent",
        subject=_AGENT,
        start_ns=min(first.time_ns, *[step.start_ns for step in steps], first.start_ns),
        end_ns=max(told[-1].time_ns, *[step.end_ns or 0 for step in steps], 0),
        attributes={
            c.GEN_AI_AGENT_NAME: _AGENT,
            c.CLEW_FRAMEWORK: _AGENT,
            c.CLEW_SESSION_ID: first.text(c.SESSION_ID),
            c.CLEW_USER_ID: first.text("user.email") or first.text(c.USER_ID),
            c.CLEW_INPUT: prompt.text("prompt") if prompt else "",
            c.CLEW_OUTPUT: said[-1].text("response") if said else "",
            f"{c.CLEW_METADATA}command": prompt.text("command_name") if prompt else "",
        },
        events=tuple([noted(event) for event in told if event.name not in _TOLD_BY_SPANS]),
        error=error,
        error_type=last.text("status_code") or "api_error" if last and error is not None else "",
    )


def _call(event: Event, answers: dict[str, Event]) -> Step:
    answer = answers.get(event.text("request_id"))
    read, written = event.whole("cache_read_tokens"), event.whole("cache_creation_tokens")
    sent = event.whole("input_tokens")
    return Step(
        key=f"request {event.text('request_id') or event.key}",
        kind="llm",
        subject=event.text("model"),
        start_ns=event.start_ns,
        end_ns=event.time_ns,
        attributes={
            **_of_call(event),
            # It counts what came from the cache apart.
            c.GEN_AI_USAGE_INPUT_TOKENS: None
            if sent is None
            else sent + (read or 0) + (written or 0),
            c.GEN_AI_USAGE_OUTPUT_TOKENS: event.whole("output_tokens"),
            c.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: read,
            c.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: written,
            c.CLEW_COST_TOTAL_USD: event.said.get("cost_usd"),
            c.CLEW_TTFT_MS: event.whole("ttft_ms"),
            c.GEN_AI_OUTPUT_MESSAGES: _message_out(answer.text("response")) if answer else "",
        },
    )


def _failed(event: Event) -> Step:
    """An attempt that failed: a span of its own, because another one may follow or not."""
    return Step(
        key=f"failed {event.key}",
        kind="llm",
        subject=event.text("model"),
        start_ns=event.start_ns,
        end_ns=event.time_ns,
        attributes={**_of_call(event), "attempt": event.whole("attempt")},
        error=_message(event),
        error_type=event.text("status_code") or event.name,
    )


def _of_call(event: Event) -> Attributes:
    return {
        c.GEN_AI_PROVIDER_NAME: "anthropic",
        c.GEN_AI_REQUEST_MODEL: event.text("model"),
        c.GEN_AI_AGENT_NAME: _on_behalf(event) or _AGENT,
        c.GEN_AI_REQUEST_REASONING_LEVEL: event.text("effort"),
        "request_id": event.text("request_id"),
        "query_source": event.text("query_source"),
    }


def _tools(told: Sequence[Event]) -> list[Step]:
    """Tool calls: a decision and a result with the same id, of which either may be missing."""
    last_ns = told[-1].time_ns
    return [
        _tool(tool_id, both.get("tool_decision"), both.get("tool_result"), last_ns)
        for tool_id, both in tool_calls(told, "tool_use_id").items()
    ]


def _tool(tool_id: str, decision: Event | None, result: Event | None, last_ns: int) -> Step:
    told = result or decision
    assert told is not None  # noqa: S101 - one of the two put it there
    name = told.text("tool_name")
    refused = decision is not None and decision.text("decision") == "reject"
    failed = result is not None and result.text("success") == "false" and not refused
    # Without a result it runs, unless the run went on, which it does only after one.
    runs = result is None and not refused and told.time_ns == last_ns
    return Step(
        key=f"tool {tool_id}",
        kind="tool",
        subject=name,
        start_ns=result.start_ns if result else told.time_ns,
        end_ns=None if runs else told.time_ns,
        attributes={
            c.GEN_AI_TOOL_NAME: name,
            c.GEN_AI_TOOL_CALL_ID: tool_id,
            c.GEN_AI_TOOL_CALL_ARGUMENTS: told.text("tool_input") or told.text("tool_parameters"),
            c.CLEW_OUTCOME: "blocked" if refused else "",
            c.CLEW_TOOL_DECISION: decision.text("decision") if decision else "",
            c.CLEW_TOOL_DECISION_SOURCE: decision.text("source") if decision else "",
            "tool_result_size_bytes": told.whole("tool_result_size_bytes"),
        },
        events=(noted(decision),) if decision else (),
        error=(told.text("error") or "the tool failed") if failed else None,
        error_type=(told.text("error_type") or "tool_error") if failed else "",
    )


def _subagent(event: Event) -> Step:
    name = event.text("agent_type")
    return Step(
        key=f"agent {event.key}",
        kind="agent",
        subject=name,
        start_ns=event.start_ns,
        end_ns=event.time_ns,
        attributes={c.GEN_AI_AGENT_NAME: name},
        events=(noted(event),),
    )


def _compaction(event: Event) -> Step:
    failed = event.text("success") == "false"
    return Step(
        key=f"compaction {event.key}",
        kind="step",
        subject="compaction",
        start_ns=event.start_ns,
        end_ns=event.time_ns,
        attributes={
            f"{c.CLEW_METADATA}trigger": event.text("trigger"),
            f"{c.CLEW_METADATA}tokens_before": event.text("pre_tokens"),
            f"{c.CLEW_METADATA}tokens_after": event.text("post_tokens"),
        },
        error=(event.text("error") or "the compaction failed") if failed else None,
    )


def _place(
    calls: Sequence[Step],
    tools: Sequence[Step],
    agents: Sequence[Step],
    compactions: Sequence[Step],
) -> None:
    """Put each step below the sub-agent, or what else, that it happened in."""
    delegating = [tool for tool in tools if tool.subject in _DELEGATING]
    for agent in agents:
        agent.parent = holder(agent, delegating)
    for call in calls:
        if call.parent is not None:
            continue
        behalf = call.attributes.get(c.GEN_AI_AGENT_NAME)
        if behalf != _AGENT:
            own = [agent for agent in agents if agent.subject == behalf]
            call.parent = holder(call, own) or holder(call, delegating)
        elif call.attributes.get("query_source") == "compact":
            call.parent = holder(call, compactions)
    for tool in tools:
        # A delegating tool is around its own agent, not in it.
        tool.parent = holder(tool, [agent for agent in agents if agent.parent is not tool])


def _on_behalf(event: Event) -> str:
    """The sub-agent that asked: `agent:builtin:general-purpose` is `general-purpose`."""
    source = event.text("query_source")
    return source.rpartition(":")[2] if source.startswith(_BEHALF) else ""


def _message(event: Event | None) -> str | None:
    return None if event is None else event.text("error") or "the request failed"


def _message_out(said: str) -> str:
    parts = [{"type": "text", "content": said}]
    return encode_json([{"role": "assistant", "parts": parts}]).decode() if said else ""


AGENT = CodingAgent(NAME, _wrote, _trace_id, _spans)
