"""`POST …/sql`: read-only SQL over the views of one project."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec

from clew.client import Rows
from clew.query.sql import DEFAULT_ROWS, MAX_ROWS, run_sql
from clew.server.api.parameters import AnyRequest
from clew.server.auth import Access
from clew.store.engine import Engine


class Query(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One SELECT over `spans`, `traces`, `contents` and `scores`, and how many rows to give."""

    query: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_ROWS)] = DEFAULT_ROWS


@post(
    "/api/projects/{project:str}/sql",
    tags=["sql"],
    status_code=200,
    responses={200: ResponseSpec(data_container=Rows, generate_examples=False)},
)
async def query_sql(
    project: str, data: Query, request: AnyRequest, access: Access, engine: Engine
) -> Response[bytes]:
    """The rows of a query; 422 says what in it isn't allowed."""
    await access.read(request.headers, project)
    body = await run_sql(engine, project, data.query, data.limit)
    return Response(body, media_type="application/json")


sql_routes = [query_sql]
