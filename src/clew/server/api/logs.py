"""`GET …/traces/{trace_id}/logs`: what a run logged, also outside of its spans."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from clew.query.logs import get_logs
from clew.server.api.parameters import AnyRequest
from clew.server.auth import Access
from clew.store.engine import Engine


class LogLine(msgspec.Struct, kw_only=True, frozen=True):
    """A log record; `span_id` is empty where the sender gave none."""

    span_id: str
    time: str
    severity: str
    severity_number: int
    event_name: str
    body: object
    attributes: dict[str, object]


class LogList(msgspec.Struct, kw_only=True, frozen=True):
    """All logs of a trace, in order of time."""

    logs: list[LogLine]


@get(
    "/api/projects/{project:str}/traces/{trace_id:str}/logs",
    tags=["traces"],
    responses={200: ResponseSpec(data_container=LogList, generate_examples=False)},
)
async def list_logs(
    project: str,
    trace_id: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
) -> Response[bytes]:
    """All logs of a trace, in order of time."""
    await access.read(request.headers, project)
    body = await get_logs(engine, project, trace_id)
    return Response(body, media_type="application/json")


log_routes = [list_logs]
