"""The logs of a trace, with or without a span."""

from __future__ import annotations

import msgspec

from clew.errors import NotFound
from clew.query import ask
from clew.query.times import render_time
from clew.query.values import readable
from clew.query.whole import whole_logs
from clew.span import Log
from clew.store.engine import Engine


class _SpanId(msgspec.Struct):
    span_id: str


async def get_logs(engine: Engine, project: str, trace_id: str) -> bytes:
    """All logs of a trace in order of time, as the JSON `{"logs": […]}`; `span_id` is empty where
    the sender gave none. NotFound where the trace has neither logs nor spans."""
    logs = await whole_logs(engine, project, trace_id)
    if not logs:
        params = {"project": project, "trace_id": trace_id}
        if not await ask.rows(engine, ask.sql("trace_spans"), params, _SpanId):
            raise NotFound(f"project {project} has no trace {trace_id}")
    return msgspec.json.encode({"logs": [{"span_id": log.span_id, **plain(log)} for log in logs]})


def plain(log: Log) -> dict[str, object]:
    """A log as the API tells it."""
    return {
        "time": render_time(log.time_ns or log.observed_ns),
        "severity": log.severity,
        "severity_number": log.severity_number,
        "event_name": log.event_name,
        "body": readable(log.body),
        "attributes": readable(log.attributes),
    }
