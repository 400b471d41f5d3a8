"""`GET …/spans` and `GET …/traces/{trace_id}/spans/{span_id}`: spans of all runs, and one whole."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from clew.client import SpanDetail
from clew.query import spans as query
from clew.query.lately import Lately
from clew.query.spans import SpanRow
from clew.server.api.parameters import LISTED, AnyRequest, Listed
from clew.server.auth import Access
from clew.store.engine import Engine


class SpanList(msgspec.Struct, kw_only=True, frozen=True):
    """A page of spans; `next_cursor` is null on the last."""

    spans: list[SpanRow]
    next_cursor: str | None


@get("/api/projects/{project:str}/spans", tags=["spans"], dependencies=LISTED)
async def list_spans(
    project: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    lately: Lately,
    listing: Listed,
) -> SpanList:
    """Spans that match, newest first or in another order."""
    await access.read(request.headers, project)
    page = await query.list_spans(engine, project, listing, lately)
    return SpanList(spans=page.items, next_cursor=page.next_cursor)


@get(
    "/api/projects/{project:str}/traces/{trace_id:str}/spans/{span_id:str}",
    tags=["spans"],
    responses={200: ResponseSpec(data_container=SpanDetail, generate_examples=False)},
)
async def get_span(
    project: str,
    trace_id: str,
    span_id: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
) -> Response[bytes]:
    """One whole span: what was said, and everything that came in."""
    await access.read(request.headers, project)
    body = await query.get_span(engine, project, trace_id, span_id)
    return Response(body, media_type="application/json")


span_routes = [list_spans, get_span]
