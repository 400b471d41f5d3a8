"""Steps of a coding agent's run, and how they become spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import xxhash

from clew import conventions as c
from clew.span import Attributes, Event, Resource, Scope, Span, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clew.wire.agent_logs.event import Event as Told

SLACK_NS = 5_000_000
"""Records are written a little after what they tell of, and in whole milliseconds."""
_UNKNOWN: tuple[Value, ...] = (None, "", [])
_OPERATIONS = {"agent": "invoke_agent", "llm": "chat", "tool": "execute_tool"}


class Step(msgspec.Struct, kw_only=True):
    """Something the agent did. `key` names it within its run; `end_ns` is None while it goes on;
    `error` is None where all went well. Without `parent` it lies below the run's root."""

    key: str
    kind: Literal["agent", "llm", "tool", "step"]
    subject: str
    start_ns: int
    end_ns: int | None
    attributes: Attributes = {}
    events: tuple[Event, ...] = ()
    error: str | None = None
    error_type: str = ""
    parent: Step | None = None

    def holds(self, other: Step) -> bool:
        """Whether `other` happened while this went on."""
        if other is self or self.start_ns - SLACK_NS > other.start_ns:
            return False
        other_end_ns = other.start_ns if other.end_ns is None else other.end_ns
        return self.end_ns is None or other_end_ns <= self.end_ns + SLACK_NS


def holder(step: Step, among: Iterable[Step]) -> Step | None:
    """The shortest of the steps that `step` happened in."""
    around = [other for other in among if other.holds(step)]
    return min(around, key=_length_ns) if around else None


def _length_ns(step: Step) -> int:
    return (1 << 62) if step.end_ns is None else step.end_ns - step.start_ns


def spans(first: Told, root: Step, steps: Sequence[Step]) -> list[Span]:
    """The spans of a run: `root` and what lies below it. `first` is one of its events."""
    log = first.log
    resource, scope = log.resource, log.scope
    trace_id = log.trace_id
    return [
        _span(trace_id, step, "" if step is root else (step.parent or root).key, resource, scope)
        for step in (root, *steps)
    ]


def _span(trace_id: str, step: Step, parent_key: str, resource: Resource, scope: Scope) -> Span:
    said: Attributes = {**step.attributes, c.ERROR_TYPE: step.error_type}
    operation = _OPERATIONS.get(step.kind)
    if operation:
        said[c.GEN_AI_OPERATION_NAME] = operation
    else:
        said[c.CLEW_KIND] = step.kind
    return Span(
        trace_id=trace_id,
        span_id=_span_id(trace_id, step.key),
        parent_id=_span_id(trace_id, parent_key) if parent_key else "",
        name=f"{operation or ''} {step.subject}".strip(),
        otel_kind="client" if step.kind == "llm" else "internal",
        start_ns=max(step.start_ns, 0),
        end_ns=None if step.end_ns is None else max(step.start_ns, step.end_ns, 0),
        status="unset" if step.error is None else "error",
        status_message=step.error or "",
        attributes={name: value for name, value in said.items() if value not in _UNKNOWN},
        events=step.events,
        resource=resource,
        scope=scope,
    )


def noted(told: Told) -> Event:
    """A record that is no step of its own, as an event of a span."""
    return Event(name=told.log.event_name, time_ns=told.time_ns, attributes=told.said)


def _span_id(trace_id: str, key: str) -> str:
    return xxhash.xxh3_64_hexdigest(f"{trace_id}\n{key}".encode(errors="surrogatepass"))


def retries(calls: Sequence[Step], failed: Sequence[Step]) -> None:
    """Put the failed attempts of a call below it, and tell it how many there were: those that
    failed before it on the same behalf, and after the call before it."""
    for attempt in failed:
        on_behalf = attempt.attributes.get(c.GEN_AI_AGENT_NAME)
        later = [
            call
            for call in calls
            if call.start_ns >= attempt.start_ns
            and call.attributes.get(c.GEN_AI_AGENT_NAME) == on_behalf
        ]
        if not later:
            continue
        call = min(later, key=lambda step: step.start_ns)
        attempt.parent = call
        before = call.attributes.get(c.CLEW_RETRIES, 0)
        call.attributes[c.CLEW_RETRIES] = (before if isinstance(before, int) else 0) + 1
    for attempt in failed:
        if attempt.parent is not None:
            attempt.parent.start_ns = min(attempt.parent.start_ns, attempt.start_ns)
