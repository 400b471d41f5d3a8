"""How errors leave the server, for every endpoint of our own API."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from clew.errors import BadFilter, ClewError, Unavailable

log = logging.getLogger("clew")


def error_response(_request: Request[Any, Any, Any], exc: Exception) -> Response[bytes]:
    """`{"error": {"status", "message", "position"?}}`, with Retry-After where it makes sense."""
    headers: dict[str, str] = {}
    error: dict[str, object]
    if isinstance(exc, InternalServerException) and "disconnected" in exc.detail:
        # How Litestar says that the sender hung up; nobody reads this.
        exc = Unavailable("the request was cut off: send it again")
    if isinstance(exc, ClewError):
        error = {"status": exc.status, "message": exc.message}
        if isinstance(exc, BadFilter):
            error["position"] = exc.position
        if isinstance(exc, Unavailable):
            headers["Retry-After"] = str(exc.retry_after_s)
    elif isinstance(exc, HTTPException) and exc.status_code < HTTP_500_INTERNAL_SERVER_ERROR:
        error = {"status": exc.status_code, "message": _http_message(exc)}
        headers.update(exc.headers or {})
    else:
        log.error("unexpected error", exc_info=exc)
        error = {
            "status": HTTP_500_INTERNAL_SERVER_ERROR,
            "message": "something unexpected happened; the server's log says what",
        }
    return Response(
        msgspec.json.encode({"error": error}),
        status_code=int(str(error["status"])),
        headers=headers,
        media_type="application/json",
    )


def _http_message(exc: HTTPException) -> str:
    extra = exc.extra if isinstance(exc.extra, list) else []
    details = [
        f"{item.get('key', 'body')}: {item['message']}"
        for item in extra
        if isinstance(item, dict) and "message" in item
    ]
    return f"{exc.detail}: {'; '.join(details)}" if details else exc.detail
