"""`GET …/traces/{trace_id}/dialogue`: what was said in a run, and `…/said`: by one call."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import Parameter

from clew.query import dialogue as query
from clew.query.dialogue import Dialogue, Said
from clew.server.api.parameters import AnyRequest
from clew.server.auth import Access
from clew.store.engine import Engine


@get("/api/projects/{project:str}/traces/{trace_id:str}/dialogue", tags=["traces"])
async def get_dialogue(
    project: str, trace_id: str, request: AnyRequest, access: Access, engine: Engine
) -> Dialogue:
    """What was said in a run: every message once, and by model call which were sent again."""
    await access.read(request.headers, project)
    return await query.get_dialogue(engine, project, trace_id)


@get("/api/projects/{project:str}/traces/{trace_id:str}/spans/{span_id:str}/said", tags=["spans"])
async def get_said(
    project: str,
    trace_id: str,
    span_id: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    after: str = "",
    same: Annotated[int, Parameter(ge=0)] = 0,
) -> Said:
    """What one model call said, without the `same` messages with which it goes on from `after`."""
    await access.read(request.headers, project)
    return await query.get_said(engine, project, trace_id, span_id, after=after, same=same)


dialogue_routes = [get_dialogue, get_said]
