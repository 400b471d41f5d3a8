"""`POST …/renormalize` and `POST …/reprice`: stored spans understood, or priced, again."""

from __future__ import annotations

from litestar import post

from clew import filter as filters
from clew.ingest import Ingest
from clew.renew import Asked, Renewed, renew
from clew.server.api.parameters import AnyRequest, Cursor, FilterText, From, To, read_range
from clew.server.auth import Access
from clew.store.engine import Engine


@post("/api/projects/{project:str}/renormalize", status_code=200, tags=["server"])
async def renormalize(
    project: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    ingest: Ingest,
    filter_: FilterText = "",
    from_: From = None,
    to: To = None,
    cursor: Cursor = None,
) -> Renewed:
    """Run the dialects over the next stored spans and write what they understand otherwise now.
    Ask again with `next_cursor` until it is null; asking for the same twice changes nothing."""
    await access.admin(request.headers, project)
    asked = Asked("everything", filters.parse(filter_), read_range(from_, to), cursor)
    return await renew(engine.unhurried(), ingest, project, asked)


@post("/api/projects/{project:str}/reprice", status_code=200, tags=["server"])
async def reprice(
    project: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    ingest: Ingest,
    filter_: FilterText = "",
    from_: From = None,
    to: To = None,
    cursor: Cursor = None,
) -> Renewed:
    """Give the next stored spans the cost that they have by the prices of now, each by those of
    its own date. What a sender said a call cost stays. Otherwise like `renormalize`."""
    await access.admin(request.headers, project)
    asked = Asked("prices", filters.parse(filter_), read_range(from_, to), cursor)
    return await renew(engine.unhurried(), ingest, project, asked)


renewal_routes = [renormalize, reprice]
