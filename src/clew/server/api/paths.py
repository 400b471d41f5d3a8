"""Ids that senders chose, as they stand at the end of a URL."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from litestar import Request


def last_id(request: Request[Any, Any, Any]) -> str:
    """The id in `/api/projects/{project}/{noun}/{id:path}`, decoded.

    Read from the bytes of the request: routing joins slashes that follow each other, and can't
    tell `%2F` from `/`, while an id may hold either, also as its first or last character.
    """
    raw = request.scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
    _, _, below = raw.partition("/api/projects/")
    return unquote(below.split("/", 2)[2])
