"""`GET …/traces` and `GET …/traces/{trace_id}`: the list of runs, and one."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from clew.client import SpanColumns
from clew.query.lately import Lately
from clew.query.traces import Trace, get_skeleton, list_runs
from clew.score import Score
from clew.server.api.parameters import LISTED, AnyRequest, Listed
from clew.server.auth import Access
from clew.store.engine import Engine


class TraceList(msgspec.Struct, kw_only=True, frozen=True):
    """A page of runs; `next_cursor` is null on the last."""

    traces: list[Trace]
    next_cursor: str | None


class Skeleton(msgspec.Struct, kw_only=True, frozen=True):
    """A run with every span in columns. `start_ns` is text because it exceeds 2^53; `uncounted`
    are spans whose tokens and cost others repeat."""

    trace: Trace
    start_ns: str
    uncounted: list[str]
    scores: list[Score]
    log_count: int
    spans: SpanColumns


@get("/api/projects/{project:str}/traces", tags=["traces"], dependencies=LISTED)
async def list_traces(
    project: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    lately: Lately,
    listing: Listed,
) -> TraceList:
    """Runs that match, newest first or in another order."""
    await access.read(request.headers, project)
    page = await list_runs(engine, project, listing, lately)
    return TraceList(traces=[run.trace for run in page.items], next_cursor=page.next_cursor)


@get(
    "/api/projects/{project:str}/traces/{trace_id:str}",
    tags=["traces"],
    responses={200: ResponseSpec(data_container=Skeleton, generate_examples=False)},
)
async def get_trace(
    project: str, trace_id: str, request: AnyRequest, access: Access, engine: Engine
) -> Response[bytes]:
    """One run: totals, scores, and every span in columns, without what was said."""
    await access.read(request.headers, project)
    body = await get_skeleton(engine, project, trace_id)
    return Response(body, media_type="application/json")


trace_routes = [list_traces, get_trace]
