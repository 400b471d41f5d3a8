"""Saved views of a project's lists: `/api/projects/{project}/views`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
from litestar import Request, delete, get, patch, post

from clew import filter as filters
from clew.records import Records, views
from clew.records.views import NewView, View, ViewChange
from clew.server.auth import Access

AnyRequest: TypeAlias = "Request[Any, Any, Any]"


class ViewList(msgspec.Struct, kw_only=True, frozen=True):
    """Views, by name."""

    views: list[View]


@get("/api/projects/{project:str}/views", tags=["views"])
async def list_views(
    project: str, request: AnyRequest, access: Access, records: Records
) -> ViewList:
    """The saved views, which everyone with the project shares."""
    await access.read(request.headers, project)
    return ViewList(views=await records.read(views.list_all, project))


@get("/api/projects/{project:str}/views/{view_id:str}", tags=["views"])
async def get_view(
    project: str, view_id: str, request: AnyRequest, access: Access, records: Records
) -> View:
    """One view."""
    await access.read(request.headers, project)
    return await records.read(views.get, project, view_id)


@post("/api/projects/{project:str}/views", tags=["views"])
async def create_view(
    project: str, data: NewView, request: AnyRequest, access: Access, records: Records
) -> View:
    """Save a view. Its filter has to parse."""
    await access.admin(request.headers, project)
    filters.parse(data.shows.filter)
    now = datetime.now(UTC)
    return await records.write(views.create, project, data, now)


@patch("/api/projects/{project:str}/views/{view_id:str}", tags=["views"])
async def change_view(
    project: str,
    view_id: str,
    data: ViewChange,
    request: AnyRequest,
    access: Access,
    records: Records,
) -> View:
    """Give a view another name, or let it show something else."""
    await access.admin(request.headers, project)
    if data.shows:
        filters.parse(data.shows.filter)
    now = datetime.now(UTC)
    return await records.write(views.change, project, view_id, data, now)


@delete("/api/projects/{project:str}/views/{view_id:str}", tags=["views"])
async def delete_view(
    project: str, view_id: str, request: AnyRequest, access: Access, records: Records
) -> None:
    """Remove a view, for everyone."""
    await access.admin(request.headers, project)
    await records.write(views.delete, project, view_id)


view_routes = [list_views, get_view, create_view, change_view, delete_view]
