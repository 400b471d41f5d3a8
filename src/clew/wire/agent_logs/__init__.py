"""Coding agents that tell what they do in log records, without traces: their records → runs.

    Log ─► placed: given the trace id of its run ─► stored
    all logs of a run ─► spans_of: one pure function an agent ─► Span

Trace and span ids are hashes of the agent's own ids (session, prompt, request, tool call), so a
record that comes late or again lands on the same spans. A record that has a trace id belongs to
spans that the agent sends itself and stays with them, but for Gemini CLI, whose every call is a
trace of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from clew import conventions as c
from clew.wire.agent_logs import claude_code, codex, gemini_cli
from clew.wire.agent_logs.event import full_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Attributes, Log, Span
    from clew.wire.agent_logs.event import CodingAgent

AGENTS: Final[tuple[CodingAgent, ...]] = (claude_code.AGENT, codex.AGENT, gemini_cli.AGENT)
PREFIXES: Final = tuple(f"{agent.name}." for agent in AGENTS)
"""How the event names of placed records begin."""


def placed(log: Log) -> Log:
    """`log` in the run that it tells of, under its event's full name; `log` itself where it is no
    coding agent's or doesn't say which run it belongs to."""
    agent = _agent_of(log)
    if agent is None or (log.trace_id and not agent.scattered):
        return log
    trace_id = agent.trace_id(log)
    if not trace_id:
        return log
    return msgspec.structs.replace(
        log,
        trace_id=trace_id,
        span_id="",
        event_name=full_name(log, agent.name),
        attributes={**log.attributes, **_origin(log)},
    )


def spans_of(logs: Sequence[Log]) -> list[Span]:
    """The spans of a run whose placed records these are, in any order; none where they don't make
    one."""
    for agent in AGENTS:
        told = [log for log in logs if log.event_name.startswith(f"{agent.name}.")]
        if told:
            return agent.spans(told)
    return []


def _agent_of(log: Log) -> CodingAgent | None:
    for agent in AGENTS:
        if agent.wrote(log):
            return agent
    return None


def _origin(log: Log) -> Attributes:
    """What placing replaces, kept beside it."""
    was: Attributes = {
        c.CLEW_LOG_TRACE_ID: log.trace_id,
        c.CLEW_LOG_SPAN_ID: log.span_id,
        c.CLEW_LOG_EVENT_NAME: log.event_name,
    }
    return {name: value for name, value in was.items() if value}
