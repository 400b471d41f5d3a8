"""`GET …/traces/{trace_id}/export`: gives back what came in."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec
from litestar import Request, Response, get

from clew.errors import NotFound
from clew.query.values import readable
from clew.query.whole import whole_logs, whole_spans
from clew.server.auth import Access
from clew.span import Log, Span
from clew.store.engine import Engine
from clew.wire.otlp import encode_logs, encode_traces

AnyRequest: TypeAlias = "Request[Any, Any, Any]"

_NONE = msgspec.Raw(b"[]")


@get("/api/projects/{project:str}/traces/{trace_id:str}/export", tags=["traces"])
async def export_trace(
    project: str,
    trace_id: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    format: Literal["otlp", "jsonl"] = "otlp",  # noqa: A002 - the name in the URL
) -> Response[bytes]:
    """The trace as OTLP JSON, its spans and its logs in one object, or as JSON lines with one span
    or log each; payloads byte for byte."""
    await access.read(request.headers, project)
    whole = await whole_spans(engine, project, trace_id, blobs=True)
    logs = await whole_logs(engine, project, trace_id, blobs=True)
    if not whole and not logs:
        raise NotFound(f"project {project} has no trace {trace_id}")
    spans = [one.span for one in whole]
    if format == "otlp":
        return _download(_otlp(spans, logs), "application/json", f"{trace_id}.json")
    lines = [_line("span", span) for span in spans] + [_line("log", log) for log in logs]
    return _download(b"".join(lines), "application/x-ndjson", f"{trace_id}.jsonl")


def _otlp(spans: list[Span], logs: list[Log]) -> bytes:
    """One object with `resourceSpans` and `resourceLogs`: receivers pass over what they don't
    know, so it can be sent as spans and as logs."""
    signals: dict[str, msgspec.Raw] = {"resourceSpans": _NONE, "resourceLogs": _NONE}
    for request in (encode_traces(spans, "json"), encode_logs(logs, "json")):
        signals |= msgspec.json.decode(request, type=dict[str, msgspec.Raw])
    return msgspec.json.encode(signals)


def _line(kind: Literal["span", "log"], noun: Span | Log) -> bytes:
    fields = {name: readable(getattr(noun, name)) for name in noun.__struct_fields__}
    return msgspec.json.encode({"type": kind, **fields}) + b"\n"


def _download(body: bytes, media_type: str, name: str) -> Response[bytes]:
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
    return Response(
        body,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{safe}"'},
    )


export_routes = [export_trace]
