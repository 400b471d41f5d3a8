"""Deleting a trace, a session or a user's data: gone for good when the answer comes."""

from __future__ import annotations

from typing import Any, TypeAlias

from litestar import Request, delete

from clew.ingest import Ingest
from clew.server.api.paths import last_id
from clew.server.auth import Access
from clew.store import deletion
from clew.store.engine import Engine

AnyRequest: TypeAlias = "Request[Any, Any, Any]"


@delete("/api/projects/{project:str}/traces/{trace_id:str}", tags=["deletion"])
async def delete_trace(
    project: str,
    trace_id: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    ingest: Ingest,
) -> None:
    """Remove a trace with its contents, logs and scores. One that isn't there is no error."""
    await access.admin(request.headers, project)
    async with ingest.paused(project, {trace_id}):
        await deletion.delete_traces(engine, project, [trace_id])


@delete("/api/projects/{project:str}/sessions/{session_id:path}", tags=["deletion"])
async def delete_session(
    project: str,
    session_id: str,  # noqa: ARG001 - for the route, see `last_id`
    request: AnyRequest,
    access: Access,
    engine: Engine,
    ingest: Ingest,
) -> None:
    """Remove every trace of a session, and the session's scores."""
    await access.admin(request.headers, project)
    async with ingest.paused(project):
        await deletion.delete_session(engine, project, last_id(request))


@delete("/api/projects/{project:str}/users/{user_id:path}", tags=["deletion"])
async def delete_user(
    project: str,
    user_id: str,  # noqa: ARG001 - for the route, see `last_id`
    request: AnyRequest,
    access: Access,
    engine: Engine,
    ingest: Ingest,
) -> None:
    """Remove every trace of a user."""
    await access.admin(request.headers, project)
    async with ingest.paused(project):
        await deletion.delete_user(engine, project, last_id(request))


deletion_routes = [delete_trace, delete_session, delete_user]
