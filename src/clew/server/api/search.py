"""`GET …/search`: full text."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter

from clew.query.search import Hit, list_hits
from clew.server.api.parameters import LISTED, AnyRequest, Listed
from clew.server.auth import Access
from clew.store.engine import Engine


class HitList(msgspec.Struct, kw_only=True, frozen=True):
    """A page of hits; `next_cursor` is null on the last."""

    hits: list[Hit]
    next_cursor: str | None


@get("/api/projects/{project:str}/search", tags=["search"], dependencies=LISTED)
async def search(
    project: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    listing: Listed,
    q: Annotated[str, Parameter(description='Words and "quoted phrases" that all must be said.')],
) -> HitList:
    """What was said, newest first, with the span that said it first."""
    await access.read(request.headers, project)
    page = await list_hits(engine, project, q, listing)
    return HitList(hits=page.items, next_cursor=page.next_cursor)


search_routes = [search]
