"""`GET …/ingest-health`: what was sent and not understood, cut, rejected, late or orphaned."""

from __future__ import annotations

import time

import msgspec
from litestar import get

from clew.health import Unknown
from clew.ingest import Ingest
from clew.query import ask
from clew.query.times import HOUR_NS, render_time
from clew.server.api.parameters import AnyRequest
from clew.server.auth import Access
from clew.store.engine import Engine

PARENTS_SINCE_H = 24
"""How long before its child a parent may have begun and still be looked for."""


class Scope(msgspec.Struct, kw_only=True, frozen=True):
    """An instrumentation scope, an example of its spans, and the attributes that nothing reads, the
    most frequent first."""

    scope: str
    spans: int
    understood: bool
    dialects: list[str]
    trace_id: str
    span_id: str
    unknown: list[Unknown]


class Rejection(msgspec.Struct, kw_only=True, frozen=True):
    """Why items were not kept, and in how many exports that happened."""

    reason: str
    exports: int


class Orphans(msgspec.Struct, kw_only=True, frozen=True):
    """Spans of the last hour whose parent isn't there, and one of them."""

    orphans: int
    trace_id: str
    span_id: str


class IngestHealth(msgspec.Struct, kw_only=True, frozen=True):
    """What a project was sent since the server's start; `orphaned` is of the last hour."""

    since: str
    spans: int
    logs: int
    points: int
    rejected: int
    rejections: list[Rejection]
    truncated: int
    dropped: int
    late: int
    orphaned: Orphans
    scopes: list[Scope]


@get("/api/projects/{project:str}/ingest-health", tags=["server"])
async def get_ingest_health(
    project: str, request: AnyRequest, access: Access, engine: Engine, ingest: Ingest
) -> IngestHealth:
    """What came in and how much of it was understood, with an example span of each."""
    await access.read(request.headers, project)
    report = ingest.health.report(project)
    seen = report.seen
    return IngestHealth(
        since=render_time(report.since_ns),
        spans=seen.spans,
        logs=seen.logs,
        points=seen.points,
        rejected=report.rejected,
        rejections=[Rejection(reason=why, exports=count) for why, count in report.rejections],
        truncated=seen.truncated,
        dropped=seen.dropped,
        late=seen.late,
        orphaned=await _orphans(engine, project),
        scopes=sorted(
            (
                Scope(
                    scope=scope.scope,
                    spans=scope.spans,
                    understood=scope.understood,
                    dialects=scope.dialects,
                    trace_id=scope.trace_id,
                    span_id=scope.span_id,
                    unknown=sorted(scope.unknown.values(), key=lambda one: (-one.spans, one.name)),
                )
                for scope in seen.scopes.values()
            ),
            key=lambda scope: (scope.understood, -scope.spans),
        ),
    )


async def _orphans(engine: Engine, project: str) -> Orphans:
    from_ns = time.time_ns() - HOUR_NS
    hour = from_ns // HOUR_NS
    params = {
        "project": project,
        "from_ns": from_ns,
        "hour": hour,
        "first_hour": hour - PARENTS_SINCE_H,
    }
    return (await ask.rows(engine, ask.sql("orphans"), params, Orphans))[0]


ingest_health_routes = [get_ingest_health]
