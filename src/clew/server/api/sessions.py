"""`GET …/sessions` and `GET …/sessions/{session_id}`: runs that belong together."""

from __future__ import annotations

import msgspec
from litestar import get

from clew.query import sessions as query
from clew.query.lately import Lately
from clew.query.sessions import Session, WholeSession
from clew.server.api.parameters import LISTED, AnyRequest, Listed
from clew.server.api.paths import last_id
from clew.server.auth import Access
from clew.store.engine import Engine


class SessionList(msgspec.Struct, kw_only=True, frozen=True):
    """A page of sessions; `next_cursor` is null on the last."""

    sessions: list[Session]
    next_cursor: str | None


@get("/api/projects/{project:str}/sessions", tags=["sessions"], dependencies=LISTED)
async def list_sessions(
    project: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    lately: Lately,
    listing: Listed,
) -> SessionList:
    """Sessions with a run that matches, the one with the newest such run first."""
    await access.read(request.headers, project)
    page = await query.list_sessions(engine, project, listing, lately)
    return SessionList(sessions=page.items, next_cursor=page.next_cursor)


@get("/api/projects/{project:str}/sessions/{session_id:path}", tags=["sessions"])
async def get_session(
    project: str,
    session_id: str,  # noqa: ARG001 - for the route; what the sender wrote is in the raw path
    request: AnyRequest,
    access: Access,
    engine: Engine,
    lately: Lately,
) -> WholeSession:
    """One session with its runs, oldest first."""
    await access.read(request.headers, project)
    return await query.get_session(engine, project, last_id(request), lately)


session_routes = [list_sessions, get_session]
