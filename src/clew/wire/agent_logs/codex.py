"""Codex's events: a conversation is a run, because it names no turn; a prompt is a step of it.

https://developers.openai.com/codex/config-advanced#observability-and-telemetry
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.wire.agent_logs.event import CodingAgent, Event, events, hashed_trace_id, tool_calls
from clew.wire.agent_logs.step import Step, noted, retries, spans
from clew.wire.values import number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Attributes, Log, Span

NAME = "codex"
_AGENT = "codex"
_CONVERSATION = "conversation.id"
_REQUESTS = frozenset({"api_request", "websocket_request", "websocket_connect"})
_STREAM = frozenset({"sse_event", "websocket_event"})
_SERVER_SAYS_NO = 400
_REFUSED = frozenset({"denied", "abort", "timed_out"})
_NOTED = frozenset({"conversation_starts", "startup_phase", "sandbox_outcome"})


def _wrote(log: Log) -> bool:
    return text(log.attributes.get(c.EVENT_NAME)).startswith(f"{NAME}.")


def _trace_id(log: Log) -> str:
    return hashed_trace_id(NAME, text(log.attributes.get(_CONVERSATION)))


def _spans(logs: Sequence[Log]) -> list[Span]:
    """None without a prompt: then the agent sends its own spans and these are left over."""
    told = events(logs, NAME)
    prompts = [event for event in told if event.name == "user_prompt"]
    if not prompts:
        return []
    steps: list[Step] = []
    for number_, prompt in enumerate(prompts):
        end_ns = prompts[number_ + 1].time_ns if number_ + 1 < len(prompts) else None
        within = [
            event
            for event in told
            if event.time_ns >= prompt.time_ns and (end_ns is None or event.time_ns < end_ns)
        ]
        steps += _turn(number_ + 1, prompt, within)
    return spans(told[0], _root(told, prompts, steps), steps)


def _root(told: Sequence[Event], prompts: Sequence[Event], steps: Sequence[Step]) -> Step:
    first = prompts[0]
    return Step(
        key="conversation",
        kind="agent",
        subject=_AGENT,
        start_ns=min(told[0].time_ns, *[step.start_ns for step in steps]),
        end_ns=max(told[-1].time_ns, *[step.end_ns or 0 for step in steps]),
        attributes={
            c.GEN_AI_AGENT_NAME: _AGENT,
            c.CLEW_FRAMEWORK: _AGENT,
            c.CLEW_SESSION_ID: first.text(_CONVERSATION),
            c.CLEW_USER_ID: first.text("user.email") or first.text("user.account_id"),
            c.CLEW_INPUT: first.text("prompt"),
        },
        events=tuple([noted(event) for event in told if event.name in _NOTED]),
    )


def _turn(turn_number: int, prompt: Event, within: Sequence[Event]) -> list[Step]:
    calls, failed = _calls(within)
    tools = _tools(within)
    retries(calls, failed)
    given_up = failed and failed[-1].parent is None
    turn = Step(
        key=f"turn {prompt.key}",
        kind="step",
        subject=f"turn {turn_number}",
        start_ns=prompt.time_ns,
        end_ns=within[-1].time_ns,
        attributes={c.CLEW_INPUT: prompt.text("prompt")},
        error=failed[-1].error if given_up else None,
        error_type=failed[-1].error_type if given_up else "",
    )
    below = [*calls, *failed, *tools]
    for step in below:
        step.parent = step.parent or turn
    return [turn, *below]


def _calls(within: Sequence[Event]) -> tuple[list[Step], list[Step]]:
    """Calls that were answered, and attempts that failed. A request is told when its answer begins,
    its tokens when that ends."""
    calls: list[Step] = []
    failed: list[Step] = []
    request: Event | None = None
    for event in within:
        if event.name in _REQUESTS:
            if _says_no(event):
                failed.append(_failed(event))
            elif event.name != "websocket_connect":
                request = event
        elif event.name in _STREAM and event.text("event.kind") == "response.completed":
            # It is told twice: as an event of the stream, and with what was counted.
            if event.whole("input_token_count") is not None:
                calls.append(_call(event, request))
                request = None
        elif event.name in _STREAM and event.text("event.kind") == "response.failed":
            failed.append(_failed(event))
    return calls, failed


def _call(done: Event, request: Event | None) -> Step:
    return Step(
        key=f"call {done.key}",
        kind="llm",
        subject=done.text("model"),
        start_ns=min(request.start_ns, done.start_ns) if request else done.start_ns,
        end_ns=done.time_ns,
        attributes={
            **_of_call(done),
            c.GEN_AI_USAGE_INPUT_TOKENS: done.whole("input_token_count"),
            c.GEN_AI_USAGE_OUTPUT_TOKENS: done.whole("output_token_count"),
            c.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: done.whole("cached_token_count"),
            c.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: done.whole("cache_write_token_count"),
            c.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: done.whole("reasoning_token_count"),
            c.CLEW_TTFT_MS: done.whole("ttft_ms"),
        },
    )


def _failed(event: Event) -> Step:
    return Step(
        key=f"failed {event.key}",
        kind="llm",
        subject=event.text("model"),
        start_ns=event.start_ns,
        end_ns=event.time_ns,
        attributes={**_of_call(event), "attempt": event.whole("attempt")},
        error=event.text(c.ERROR_MESSAGE) or "the request failed",
        error_type=event.text(c.HTTP_RESPONSE_STATUS_CODE) or event.name,
    )


def _of_call(event: Event) -> Attributes:
    return {
        c.GEN_AI_PROVIDER_NAME: "openai",
        c.GEN_AI_REQUEST_MODEL: event.text("model"),
        c.GEN_AI_AGENT_NAME: _AGENT,
    }


def _says_no(event: Event) -> bool:
    status = number(event.said.get(c.HTTP_RESPONSE_STATUS_CODE))
    refused = status is not None and status >= _SERVER_SAYS_NO
    return refused or bool(event.text(c.ERROR_MESSAGE)) or event.text("success") == "false"


def _tools(within: Sequence[Event]) -> list[Step]:
    last_ns = within[-1].time_ns
    return [
        _tool(call_id, both.get("tool_decision"), both.get("tool_result"), last_ns)
        for call_id, both in tool_calls(within, "call_id").items()
    ]


def _tool(call_id: str, decision: Event | None, result: Event | None, last_ns: int) -> Step:
    told = result or decision
    assert told is not None  # noqa: S101 - one of the two put it there
    name = told.text("tool_name")
    refused = decision is not None and decision.text("decision") in _REFUSED
    failed = result is not None and result.text("success") == "false" and not refused
    runs = result is None and not refused and told.time_ns == last_ns
    return Step(
        key=f"tool {call_id}",
        kind="tool",
        subject=name,
        start_ns=result.start_ns if result else told.time_ns,
        end_ns=None if runs else told.time_ns,
        attributes={
            c.GEN_AI_TOOL_NAME: name,
            c.GEN_AI_TOOL_CALL_ID: call_id,
            c.GEN_AI_TOOL_CALL_ARGUMENTS: told.text("arguments"),
            c.GEN_AI_TOOL_CALL_RESULT: told.text("output"),
            c.CLEW_OUTCOME: "blocked" if refused else "",
            c.CLEW_TOOL_DECISION: decision.text("decision") if decision else "",
            c.CLEW_TOOL_DECISION_SOURCE: decision.text("source") if decision else "",
            f"{c.CLEW_METADATA}mcp_server": told.text("mcp_server"),
        },
        events=(noted(decision),) if decision else (),
        error=(told.text("output") or "the tool failed") if failed else None,
        error_type="tool_error" if failed else "",
    )


AGENT = CodingAgent(NAME, _wrote, _trace_id, _spans)
