"""OTLP over HTTP: `/v1/traces`, `/v1/logs`, `/v1/metrics`; and what OTLP over gRPC shares with it.

    admit ─► read ─► decompress, decode ─► project of each resource ─► submit ─► answer

An answer is in the encoding of its request, and says 503 for whatever may go better a second
time: senders drop what they get any other error for. The protocol:
https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from litestar import Request, Response, Router, post
from litestar.exceptions import InternalServerException

from clew.errors import (
    BadInput,
    ClewError,
    Forbidden,
    NotFound,
    TooLarge,
    Unavailable,
)
from clew.span import Log, Point, Resource, Span, Value
from clew.wire.body import ContentType, decompress, parse_content_type
from clew.wire.limits import Decoded, Limits
from clew.wire.otlp import DECODERS, Encoding, Signal
from clew.wire.otlp_answer import encode_response, encode_status

log = logging.getLogger("clew.otlp")

AnyRequest: TypeAlias = "Request[Any, Any, Any]"
Headers: TypeAlias = "Mapping[str, str]"
Result = TypeVar("Result")

PREFIXES = ("", "/otlp", "/api/public/otel")
"""Where senders were told to send: by OpenTelemetry, and by other vendors."""
MAX_RETRY_AFTER_S = 5
"""The Python exporter has 10 s for all its attempts, and gives up rather than wait beyond them."""
INLINE_BYTES = 64 << 10
"""A larger body is decoded in a thread: it takes about as long as starting one, 1 ms or more."""
_RATIO = 8
"""What telemetry usually shrinks to when it is compressed: one part in so many."""
_JSON = ContentType("application/json", "json")

RPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 500: 13, 503: 14}
"""HTTP status → google.rpc.Code."""


class Access(Protocol):
    """Who sends, and where it goes; `clew.server.auth` has the one that serves."""

    async def ingest_project(
        self, headers: Headers, resource_attributes: Mapping[str, Value] | None = None
    ) -> str:
        """The project for a resource. Raises Unauthorized, Forbidden, NotFound or BadInput."""
        ...


class Ingest(Protocol):
    """Where what was decoded goes; `clew.ingest` has the one that serves."""

    async def submit(
        self,
        project: str,
        *,
        spans: Sequence[Span] = (),
        logs: Sequence[Log] = (),
        points: Sequence[Point] = (),
    ) -> None:
        """Return when everything is durable. Raises Unavailable where it may be sent again."""
        ...

    async def aside(self, function: Callable[..., Result], *args: object) -> Result:
        """`function(*args)` in a thread beside the event loop."""
        ...


class Export(NamedTuple):
    """One request of a sender, by HTTP or by gRPC."""

    signal: Signal
    body: bytes
    encoding: Encoding
    headers: Headers
    content_encoding: str = ""


async def admit(headers: Headers, access: Access) -> None:
    """Raise Unauthorized or Forbidden for a sender that has no right to send, before its body is
    read. Whether its project exists is asked later, when the resources are known."""
    try:
        await access.ingest_project(headers, {})
    except (NotFound, BadInput):
        return


async def receive(export: Export, access: Access, ingest: Ingest, limits: Limits) -> Decoded:
    """Decode an export and return once it is durable.

    Raises BadInput, UnsupportedMedia or TooLarge for a body that can't be decoded, the errors of
    `Access` where nothing may be stored, and Unavailable where it may be sent again.
    """
    compressed = export.content_encoding not in ("", "identity")
    if len(export.body) > (INLINE_BYTES // _RATIO if compressed else INLINE_BYTES):
        decoded = await ingest.aside(_decode, export, limits)
    else:
        decoded = _decode(export, limits)
    batches = await _batches(decoded, export.headers, access)
    # Together, so that they share a commit.
    results = await asyncio.gather(
        *(_submit(ingest, project, batch) for project, batch in batches.items()),
        return_exceptions=True,
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return decoded


def _decode(export: Export, limits: Limits) -> Decoded:
    body = decompress(export.body, export.content_encoding, limits.body_bytes)
    return DECODERS[export.signal](body, export.encoding, limits)


async def _submit(ingest: Ingest, project: str, batch: Decoded) -> None:
    try:
        await ingest.submit(project, spans=batch.spans, logs=batch.logs, points=batch.points)
    except ClewError:
        raise
    except Exception as exc:
        log.exception("an export could not be stored")
        raise Unavailable("this could not be stored: send it again") from exc


async def _batches(decoded: Decoded, headers: Headers, access: Access) -> dict[str, Decoded]:
    """What was decoded, by project. Where a resource has none it may go to, its items are
    rejected; if no resource has, the error is raised."""
    projects: dict[int, str | ClewError] = {}
    batches: dict[str, Decoded] = {}
    for field in ("spans", "logs", "points"):
        for item in getattr(decoded, field):
            resource: Resource = item.resource
            project = projects.get(id(resource))
            if project is None:
                project = projects[id(resource)] = await _project(resource, headers, access)
            if isinstance(project, ClewError):
                decoded.rejected += 1
                continue
            if project not in batches:
                batches[project] = Decoded()
            getattr(batches[project], field).append(item)
    refusals = {str(error): error for error in projects.values() if isinstance(error, ClewError)}
    if refusals and not batches:
        raise next(iter(refusals.values()))
    decoded.messages.extend(refusals)
    return batches


async def _project(resource: Resource, headers: Headers, access: Access) -> str | ClewError:
    try:
        return await access.ingest_project(headers, resource.attributes)
    except (NotFound, BadInput, Forbidden) as exc:
        return exc


@post([f"{prefix}/v1/traces" for prefix in PREFIXES], status_code=200)
async def export_traces(request: AnyRequest) -> Response[bytes]:
    """Store the spans of an ExportTraceServiceRequest."""
    return await _export("traces", request)


@post([f"{prefix}/v1/logs" for prefix in PREFIXES], status_code=200)
async def export_logs(request: AnyRequest) -> Response[bytes]:
    """Store the log records of an ExportLogsServiceRequest."""
    return await _export("logs", request)


@post([f"{prefix}/v1/metrics" for prefix in PREFIXES], status_code=200)
async def export_metrics(request: AnyRequest) -> Response[bytes]:
    """Store the data points of an ExportMetricsServiceRequest."""
    return await _export("metrics", request)


async def _export(signal: Signal, request: AnyRequest) -> Response[bytes]:
    content = _JSON
    try:
        content = parse_content_type(request.headers.get("content-type", ""))
        decoded = await _received(signal, request, content)
    except ClewError as exc:
        return _refusal(exc, content)
    except InternalServerException:
        # How Litestar says that the sender hung up; nobody reads this.
        return _refusal(Unavailable("the request was cut off: send it again"), content)
    except Exception:
        log.exception("an export could not be decoded")
        return _refusal(ClewError("the server failed on this: its log says how"), content)
    body = encode_response(signal, content.encoding, decoded.rejected, decoded.messages)
    return Response(body, media_type=content.media_type)


async def _received(signal: Signal, request: AnyRequest, content: ContentType) -> Decoded:
    state = request.app.state
    limits: Limits = state.limits
    headers = request.headers
    await admit(headers, state.access)
    body = await _read(request, limits.body_bytes)
    content_encoding = headers.get("content-encoding", "").strip().lower()
    export = Export(signal, body, content.encoding, headers, content_encoding)
    return await receive(export, state.access, state.ingest, limits)


async def _read(request: AnyRequest, limit: int) -> bytes:
    """The body as sent, or TooLarge as soon as it, or what its header claims, is over the limit."""
    chunks: list[bytes] = []
    size = 0
    claimed = request.headers.get("content-length", "")
    too_large = TooLarge(f"the body is over {limit} bytes: send smaller batches")
    if claimed.isdecimal() and int(claimed) > limit:
        raise too_large
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def _refusal(exc: ClewError, content: ContentType) -> Response[bytes]:
    headers: dict[str, str] = {}
    retry_after_s = None
    if isinstance(exc, Unavailable):
        retry_after_s = min(exc.retry_after_s, MAX_RETRY_AFTER_S)
        headers["Retry-After"] = str(retry_after_s)
    if exc.status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        encode_status(RPC_CODES[exc.status], exc.message, content.encoding, retry_after_s),
        status_code=exc.status,
        media_type=content.media_type,
        headers=headers,
    )


otlp_routes = Router(
    "/",
    route_handlers=[export_traces, export_logs, export_metrics],
    # The protocol is described by OpenTelemetry, and its limit holds after decompression.
    include_in_schema=False,
    request_max_body_size=None,
)
