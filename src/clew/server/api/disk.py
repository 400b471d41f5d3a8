"""`GET /api/disk`: what everything takes on the disk."""

from __future__ import annotations

from typing import Any, TypeAlias

from litestar import Request, get

from clew.client import Disk
from clew.records import Records
from clew.server.auth import Access
from clew.server.disk import measure
from clew.server.settings import Settings
from clew.store.engine import Engine

AnyRequest: TypeAlias = "Request[Any, Any, Any]"


@get("/api/disk", tags=["server"])
async def get_disk(
    request: AnyRequest, access: Access, engine: Engine, records: Records, settings: Settings
) -> Disk:
    """By kind, project and day, and what retention would free."""
    await access.admin(request.headers, None)
    return await measure(engine, records, settings)


disk_routes = [get_disk]
