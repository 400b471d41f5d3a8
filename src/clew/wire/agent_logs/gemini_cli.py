"""Gemini CLI's events: a prompt is a run.

https://github.com/google-gemini/gemini-cli/blob/main/docs/cli/telemetry.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.wire.agent_logs.event import CodingAgent, Event, events, hashed_trace_id
from clew.wire.agent_logs.step import Step, holder, noted, retries, spans
from clew.wire.values import boolean, encode_json, record, records, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Attributes, Log, Span

NAME = "gemini_cli"
_AGENT = "gemini-cli"
_TOLD_BY_SPANS = frozenset(
    {
        "user_prompt",
        "api_request",
        "api_response",
        "api_error",
        "tool_call",
        "agent.start",
        "agent.finish",
        "chat_compression",
    }
)


def _wrote(log: Log) -> bool:
    return text(log.attributes.get(c.EVENT_NAME)).startswith(f"{NAME}.")


def _trace_id(log: Log) -> str:
    session_id = text(log.attributes.get(c.SESSION_ID) or log.resource.attributes.get(c.SESSION_ID))
    return hashed_trace_id(NAME, session_id, text(log.attributes.get("prompt_id")))


def _spans(logs: Sequence[Log]) -> list[Span]:
    told = events(logs, NAME)
    asked = [event for event in told if event.name == "api_request"]
    calls = [_call(event, asked) for event in told if event.name == "api_response"]
    failed = [_failed(event) for event in told if event.name == "api_error"]
    tools = [_tool(event) for event in told if event.name == "tool_call"]
    agents = [_subagent(event) for event in told if event.name == "agent.finish"]
    compressions = [_compression(event) for event in told if event.name == "chat_compression"]
    retries(calls, failed)
    for step in (*calls, *failed, *tools):
        step.parent = step.parent or holder(step, agents)
    steps = [*calls, *failed, *tools, *agents, *compressions]
    return spans(told[0], _root(told, steps, failed), steps)


def _root(told: Sequence[Event], steps: Sequence[Step], failed: Sequence[Step]) -> Step:
    prompt = next((event for event in told if event.name == "user_prompt"), None)
    answers = [event for event in told if event.name == "api_response"]
    first = told[0]
    last = next(
        (event for event in reversed(told) if event.name in ("api_response", "api_error")), None
    )
    given_up = failed[-1] if failed and last is not None and last.name == "api_error" else None
    session_id = first.said.get(c.SESSION_ID) or first.log.resource.attributes.get(c.SESSION_ID)
    return Step(
        key="prompt",
        kind="agent",
        subject=_AGENT,
        start_ns=min(first.time_ns, *[step.start_ns for step in steps], first.start_ns),
        end_ns=max(told[-1].time_ns, *[step.end_ns or 0 for step in steps], 0),
        attributes={
            c.GEN_AI_AGENT_NAME: _AGENT,
            c.CLEW_FRAMEWORK: _AGENT,
            c.CLEW_SESSION_ID: text(session_id),
            c.CLEW_USER_ID: first.text("user.email"),
            c.CLEW_INPUT: prompt.text("prompt") if prompt else "",
            c.CLEW_OUTPUT: _answer(answers[-1]) if answers else "",
        },
        events=tuple([noted(event) for event in told if event.name not in _TOLD_BY_SPANS]),
        error=given_up.error if given_up else None,
        error_type=given_up.error_type if given_up else "",
    )


def _call(event: Event, asked: Sequence[Event]) -> Step:
    # The request is told when it is sent: the last one before this began, at most a moment later.
    before = [one for one in asked if one.time_ns <= event.start_ns + 5_000_000]
    written, thought = event.whole("output_token_count"), event.whole("thoughts_token_count")
    return Step(
        key=f"call {event.key}",
        kind="llm",
        subject=event.text("model"),
        start_ns=event.start_ns,
        end_ns=event.time_ns,
        attributes={
            **_of_call(event),
            c.GEN_AI_RESPONSE_FINISH_REASONS: event.said.get("finish_reasons"),
            c.GEN_AI_USAGE_INPUT_TOKENS: event.whole("input_token_count"),
            # It counts thoughts apart from what it says.
            c.GEN_AI_USAGE_OUTPUT_TOKENS: None if written is None else written + (thought or 0),
            c.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: event.whole("cached_content_token_count"),
            c.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: thought,
            c.GEN_AI_INPUT_MESSAGES: before[-1].text("request_text") if before else "",
            c.GEN_AI_OUTPUT_MESSAGES: _contents(event.text("response_text")),
        },
    )


def _failed(event: Event) -> Step:
    return Step(
        key=f"failed {event.key}",
        kind="llm",
        subject=event.text("model"),
        start_ns=event.start_ns,
        end_ns=event.time_ns,
        attributes=_of_call(event),
        error=event.text("error") or event.text(c.ERROR_MESSAGE) or "the request failed",
        error_type=event.text("status_code") or event.text("error_type") or "api_error",
    )


def _of_call(event: Event) -> Attributes:
    return {
        c.GEN_AI_PROVIDER_NAME: "gcp.gen_ai",
        c.GEN_AI_REQUEST_MODEL: event.text("model"),
        c.GEN_AI_AGENT_NAME: _AGENT,
        "role": event.text("role"),
    }


def _tool(event: Event) -> Step:
    name = event.text("function_name")
    refused = event.text("decision") == "reject"
    failed = boolean(event.said.get("success")) is False and not refused
    return Step(
        key=f"tool {event.key}",
        kind="tool",
        subject=name,
        start_ns=event.start_ns,
        end_ns=event.time_ns,
        attributes={
            c.GEN_AI_TOOL_NAME: name,
            c.GEN_AI_TOOL_TYPE: event.text("tool_type"),
            c.GEN_AI_TOOL_CALL_ARGUMENTS: event.text("function_args"),
            c.CLEW_OUTCOME: "blocked" if refused else "",
            c.CLEW_TOOL_DECISION: event.text("decision"),
            f"{c.CLEW_METADATA}mcp_server": event.text("mcp_server_name"),
        },
        error=(event.text("error") or "the tool failed") if failed else None,
        error_type=(event.text("error_type") or "tool_error") if failed else "",
    )


def _subagent(event: Event) -> Step:
    name = event.text("agent_name")
    return Step(
        key=f"agent {event.text('agent_id') or event.key}",
        kind="agent",
        subject=name,
        start_ns=event.start_ns,
        end_ns=event.time_ns,
        attributes={c.GEN_AI_AGENT_NAME: name},
        events=(noted(event),),
    )


def _compression(event: Event) -> Step:
    return Step(
        key=f"compaction {event.key}",
        kind="step",
        subject="compaction",
        start_ns=event.start_ns,
        end_ns=event.time_ns,
        attributes={
            f"{c.CLEW_METADATA}tokens_before": event.text("tokens_before"),
            f"{c.CLEW_METADATA}tokens_after": event.text("tokens_after"),
        },
    )


def _answer(event: Event) -> str:
    """The text of a response: of all its chunks, without thoughts and function calls."""
    return "".join(
        text(part.get("text"))
        for content in _chunks(event.text("response_text"))
        for part in content
        if not part.get("thought")
    )


def _contents(response_text: str) -> str:
    """The response as one message in the shape that the provider has for it."""
    parts = [part for content in _chunks(response_text) for part in content]
    return encode_json([{"role": "model", "parts": parts}]).decode() if parts else ""


def _chunks(response_text: str) -> list[list[Attributes]]:
    """The parts of each chunk of a streamed response: `[{"candidates": [{"content": …}]}, …]`."""
    found: list[list[Attributes]] = []
    for chunk in records(response_text):
        candidates = records(chunk.get("candidates"))
        content = record(candidates[0].get("content")) if candidates else {}
        found.append(records(content.get("parts")))
    return found


AGENT = CodingAgent(NAME, _wrote, _trace_id, _spans, scattered=True)
