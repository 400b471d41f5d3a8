"""`GET /api/backup`: all that the server holds, as one file."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from typing import Any, TypeAlias

from litestar import Request, get
from litestar.response import Stream

from clew.server.auth import Access
from clew.server.backup import Backups

AnyRequest: TypeAlias = "Request[Any, Any, Any]"


@get("/api/backup", tags=["server"])
async def get_backup(request: AnyRequest, access: Access, backups: Backups) -> Stream:
    """A tar file of everything that was stored when it was asked for; `clew restore` reads it.

    The last of its members is `checksums.json`: a file without it was cut short. Keys are in it
    as hashes only. 409 while another backup is made.
    """
    await access.admin(request.headers, None)
    pieces = backups.stream()
    # What can't be begun is an error of its own status, not a file that ends early.
    first = await anext(pieces)
    name = time.strftime("clew-%Y%m%d-%H%M%S.tar", time.gmtime())
    return Stream(
        _joined(first, pieces),
        media_type="application/x-tar",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _joined(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    try:
        yield first
        async for piece in rest:
            yield piece
    finally:
        await rest.aclose()


backup_routes = [get_backup]
