"""The web app: built files from the package, and its one page for every other path."""

from __future__ import annotations

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from litestar import Request, Response, Router, get

from clew.errors import NotFound

AnyRequest: TypeAlias = "Request[Any, Any, Any]"

FOLDER = Path(__file__).parent / "web"
_PACKED = (".js", ".css", ".html", ".svg", ".json", ".wasm", ".map")

NOT_BUILT = b"""<!doctype html><title>Clew</title>
<p>This Clew was started from a source tree whose web app isn't built yet:
run <code>make web</code>. The API and the receivers work.</p>
"""

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


@get(["/", "/{path:path}"], include_in_schema=False)
async def get_page(request: AnyRequest, path: str = "") -> Response[bytes]:
    """A built file, or the app's page, which routes the path in the browser."""
    name = path.strip("/")
    if name.startswith(("api/", "v1/", "assets/")) and not (FOLDER / name).is_file():
        raise NotFound(f"there is nothing at /{name}; /api/openapi.json lists what there is")
    file = (FOLDER / name).resolve()
    if not name or not file.is_relative_to(FOLDER) or not file.is_file():
        file = FOLDER / "index.html"
    if not file.is_file():
        return Response(NOT_BUILT, media_type="text/html", status_code=503)
    packed = "gzip" in request.headers.get("accept-encoding", "") and file.suffix in _PACKED
    headers = dict(HEADERS)
    # Vite puts a hash of the contents into the names of assets.
    headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache"
    )
    body = _read(file, file.stat().st_mtime_ns, packed=packed)
    if packed:
        headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept-Encoding"
    return Response(body, media_type=_media_type(file), headers=headers)


@lru_cache(maxsize=256)
def _read(file: Path, _changed: int, *, packed: bool) -> bytes:
    data = file.read_bytes()
    return gzip.compress(data, 9) if packed else data


def _media_type(file: Path) -> str:
    # The system's table may say otherwise for scripts, and a browser wouldn't run them then.
    if file.suffix == ".js":
        return "text/javascript"
    return mimetypes.guess_type(file.name)[0] or "application/octet-stream"


page_routes = Router("/", route_handlers=[get_page])
