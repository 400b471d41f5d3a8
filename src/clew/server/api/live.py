"""`GET /api/projects/{project}/live`: server-sent events with the ids of runs that changed."""

from __future__ import annotations

from typing import Any, TypeAlias

from litestar import Request, get
from litestar.response import Stream

from clew.server.auth import Access
from clew.server.live import Live

AnyRequest: TypeAlias = "Request[Any, Any, Any]"


@get("/api/projects/{project:str}/live", tags=["traces"])
async def get_live(project: str, request: AnyRequest, access: Access, live: Live) -> Stream:
    """Events named `runs`: `{"trace_ids": […], "many": false}`; `many` means too many to name."""
    await access.read(request.headers, project)
    return Stream(
        live.stream(project),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


live_routes = [get_live]
