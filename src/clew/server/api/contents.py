"""The bytes of images, audio and files that were inside messages."""

from __future__ import annotations

import base64
import re
from typing import Any, TypeAlias

import msgspec
from litestar import Request, Response, get

from clew.errors import NotFound
from clew.server.auth import Access
from clew.store.engine import Engine
from clew.wire.contents import unfold

AnyRequest: TypeAlias = "Request[Any, Any, Any]"

_CONTENT = """
SELECT skeleton, text, base64Encode(blob) AS data, mime
FROM contents
WHERE project = {project:String} AND trace_id = {trace_id:String}
    AND lower(hex(hash)) = {hash:String}
LIMIT 1
"""

# What a browser may show in place. Everything else, and SVG (which may hold scripts), is a
# download: the bytes come from whoever talked to the agent.
_SHOWN = re.compile(r"(image/(png|jpeg|gif|webp|avif|bmp)|audio/[\w.+-]+|video/[\w.+-]+)")
_MAGIC = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"%PDF", "application/pdf"),
)


class _Line(msgspec.Struct):
    skeleton: str
    text: str
    data: str
    mime: str


@get(
    "/api/projects/{project:str}/traces/{trace_id:str}/contents/{content_hash:str}", tags=["spans"]
)
async def get_content(
    project: str,
    trace_id: str,
    content_hash: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
) -> Response[bytes]:
    """One content of a trace: the bytes of a decoded base64 part, else its text."""
    await access.read(request.headers, project)
    found = await engine.query(
        _CONTENT, {"project": project, "trace_id": trace_id, "hash": content_hash.lower()}
    )
    if not found:
        raise NotFound(f"trace {trace_id} has no content {content_hash}")
    line = msgspec.json.decode(found, type=_Line)
    data = base64.b64decode(line.data)
    if not data:
        return _answer(unfold(line.skeleton, line.text).encode(), "text/plain; charset=utf-8")
    return _answer(data, line.mime or _sniff(data))


def _sniff(data: bytes) -> str:
    """The media type of base64 that came without one."""
    if data[:4] == b"RIFF":
        return "image/webp" if data[8:12] == b"WEBP" else "audio/wav"
    return next((mime for magic, mime in _MAGIC if data.startswith(magic)), "")


def _answer(data: bytes, mime: str) -> Response[bytes]:
    shown = _SHOWN.fullmatch(mime) is not None or mime.startswith("text/plain")
    return Response(
        data,
        media_type=mime if shown else "application/octet-stream",
        headers={
            "Content-Disposition": "inline" if shown else "attachment",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, max-age=31536000, immutable",
        },
    )


content_routes = [get_content]
