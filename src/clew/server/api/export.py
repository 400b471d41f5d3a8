"""`GET …/traces/{trace_id}/export`: gives back what came in."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec
from litestar import Request, Response, get

from clew.errors import NotFound
from clew.query.whole import whole_spans
from clew.server.auth import Access
from clew.span import Span
from clew.store.engine import Engine
from clew.wire.otlp import encode_traces

AnyRequest: TypeAlias = "Request[Any, Any, Any]"


@get("/api/projects/{project:str}/traces/{trace_id:str}/export", tags=["traces"])
async def export_trace(
    project: str,
    trace_id: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    format: Literal["otlp", "jsonl"] = "otlp",  # noqa: A002 - the name in the URL
) -> Response[bytes]:
    """The trace as OTLP JSON, or as JSON lines with one span each, payloads byte for byte."""
    await access.read(request.headers, project)
    whole = await whole_spans(engine, project, trace_id, blobs=True)
    if not whole:
        raise NotFound(f"project {project} has no trace {trace_id}")
    spans = [one.span for one in whole]
    if format == "otlp":
        return _download(encode_traces(spans, "json"), "application/json", f"{trace_id}.json")
    lines = b"".join(_line(span) + b"\n" for span in spans)
    return _download(lines, "application/x-ndjson", f"{trace_id}.jsonl")


def _line(span: Span) -> bytes:
    return msgspec.json.encode(span)


def _download(body: bytes, media_type: str, name: str) -> Response[bytes]:
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
    return Response(
        body,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{safe}"'},
    )


export_routes = [export_trace]
