"""OTLP over HTTP: `/v1/traces`, `/v1/logs`, `/v1/metrics`; and what OTLP over gRPC shares with it.

    admit ─► read ─► decompress, decode ─► project of each resource ─► submit ─► answer

An answer is in the encoding of its request, and says 503 for whatever may go better a second
time: senders drop what they get any other error for. The protocol:
https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, TypeVar

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

if TYPE_CHECKING:
    from litestar.types import ASGIApp

log = logging.getLogger("clew.otlp")

AnyRequest: TypeAlias = "Request[Any, Any, Any]"
Headers: TypeAlias = "Mapping[str, str]"
Hold: TypeAlias = "Callable[[int], None]"
Result = TypeVar("Result")

PREFIXES = ("", "/otlp", "/api/public/otel")
"""Where senders were told to send: by OpenTelemetry, and by other vendors."""
MAX_RETRY_AFTER_S = 5
"""The Python exporter has 10 s for all its attempts, and gives up rather than wait beyond them."""
INLINE_BYTES = 64 << 10
"""A larger body is decoded in a thread: it takes about as long as starting one, 1 ms or more."""
ITEM_BYTES = 2 << 10
"""What a span, log or point takes in memory, however little it says."""
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

    def reject(self, project: str, count: int, reasons: Sequence[str]) -> None:
        """Note items of an export to `project` that can't be kept, and what is to be said of it."""
        ...

    def holding(self) -> AbstractContextManager[Callable[[int], None]]:
        """A function that is told of bytes held in memory; it raises Unavailable for too many."""
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


async def receive(
    export: Export, access: Access, ingest: Ingest, limits: Limits, hold: Hold
) -> Decoded:
    """Decode an export and return once it is durable. `hold` is told of what that takes, the body
    itself apart.

    Raises BadInput, UnsupportedMedia or TooLarge for a body that can't be decoded, the errors of
    `Access` where nothing may be stored, and Unavailable where it may be sent again.
    """
    compressed = export.content_encoding not in ("", "identity")
    if compressed:
        body = await _run(ingest, len(export.body) * _RATIO, _decompress, export, limits)
        hold(len(body))
        export = export._replace(body=body)
    decoded = await _run(ingest, len(export.body), _decode, export, limits)
    hold(ITEM_BYTES * (len(decoded.spans) + len(decoded.logs) + len(decoded.points)))
    batches = await _batches(decoded, export.headers, access)
    if decoded.rejected or decoded.messages:
        for project in batches:
            ingest.reject(project, decoded.rejected, decoded.messages)
    # Together, so that they share a commit.
    results = await asyncio.gather(
        *(_submit(ingest, project, batch) for project, batch in batches.items()),
        return_exceptions=True,
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return decoded


async def _run(
    ingest: Ingest,
    size_bytes: int,
    function: Callable[[Export, Limits], Result],
    export: Export,
    limits: Limits,
) -> Result:
    if size_bytes > INLINE_BYTES:
        return await ingest.aside(function, export, limits)
    return function(export, limits)


def _decompress(export: Export, limits: Limits) -> bytes:
    return decompress(export.body, export.content_encoding, limits.body_bytes)


def _decode(export: Export, limits: Limits) -> Decoded:
    return DECODERS[export.signal](export.body, export.encoding, limits)


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


class Answer(NamedTuple):
    """What a sender is told, in the encoding of its request."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = {}


class OtlpReceiver:
    """Takes exports over HTTP."""

    def __init__(self, access: Access, ingest: Ingest, limits: Limits) -> None:
        self._access = access
        self._ingest = ingest
        self._limits = limits

    def in_front_of(self, app: ASGIApp) -> ASGIApp:
        """`app`, without its share in most exports: finding a route and making a request and a
        response of it costs half as much as storing a span. Web pages need its CORS headers."""

        async def receiving(scope: Any, receive: Any, send: Any) -> None:
            signal = _PATHS.get(scope["path"]) if scope["type"] == "http" else None
            if signal is None or scope["method"] != "POST":
                await app(scope, receive, send)
                return
            headers = {
                name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
            }
            if "origin" in headers:
                await app(scope, receive, send)
                return
            answer = await self.export(signal, headers, _chunks(receive))
            await _send(send, answer)

        return receiving

    async def export(
        self, signal: Signal, headers: Headers, chunks: AsyncIterator[bytes]
    ) -> Answer:
        """Store what comes in `chunks`."""
        content = _JSON
        try:
            content = parse_content_type(headers.get("content-type", ""))
            decoded = await self._received(signal, headers, chunks, content)
        except ClewError as exc:
            return _refusal(exc, content)
        except InternalServerException:
            # How Litestar says that the sender hung up; nobody reads this.
            return _refusal(Unavailable(_CUT_OFF), content)
        except Exception:
            log.exception("an export could not be decoded")
            return _refusal(ClewError("the server failed on this: its log says how"), content)
        body = encode_response(signal, content.encoding, decoded.rejected, decoded.messages)
        return Answer(200, content.media_type, body)

    async def _received(
        self, signal: Signal, headers: Headers, chunks: AsyncIterator[bytes], content: ContentType
    ) -> Decoded:
        await admit(headers, self._access)
        content_encoding = headers.get("content-encoding", "").strip().lower()
        claimed = headers.get("content-length", "")
        with self._ingest.holding() as hold:
            body = await _read(chunks, claimed, self._limits.body_bytes, hold)
            export = Export(signal, body, content.encoding, headers, content_encoding)
            return await receive(export, self._access, self._ingest, self._limits, hold)


_CUT_OFF = "the request was cut off: send it again"


async def _chunks(receive: Any) -> AsyncIterator[bytes]:
    """The body of a request as ASGI tells it. Raises Unavailable where the sender hung up."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unavailable(_CUT_OFF)
        if chunk := message.get("body"):
            yield chunk
        if not message.get("more_body"):
            return


async def _send(send: Any, answer: Answer) -> None:
    headers = {
        "content-type": answer.media_type,
        "content-length": str(len(answer.body)),
        **answer.headers,
    }
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})


async def _read(chunks: AsyncIterator[bytes], claimed: str, limit: int, hold: Hold) -> bytes:
    """The body as sent, or TooLarge as soon as it, or what its header claims, is over the limit."""
    taken: list[bytes] = []
    size = 0
    too_large = TooLarge(f"the body is over {limit} bytes: send smaller batches")
    if claimed.isdecimal() and int(claimed) > limit:
        raise too_large
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_large
        hold(len(chunk))
        taken.append(chunk)
    return b"".join(taken)


def _refusal(exc: ClewError, content: ContentType) -> Answer:
    headers: dict[str, str] = {}
    retry_after_s = None
    if isinstance(exc, Unavailable):
        retry_after_s = min(exc.retry_after_s, MAX_RETRY_AFTER_S)
        headers["Retry-After"] = str(retry_after_s)
    if exc.status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    body = encode_status(RPC_CODES[exc.status], exc.message, content.encoding, retry_after_s)
    return Answer(exc.status, content.media_type, body, headers)


def _paths(signal: Signal) -> list[str]:
    return [f"{prefix}/v1/{signal}" for prefix in PREFIXES]


_SIGNALS: tuple[Signal, ...] = ("traces", "logs", "metrics")
_PATHS: dict[str, Signal] = {path: signal for signal in _SIGNALS for path in _paths(signal)}


@post(_paths("traces"), status_code=200)
async def export_traces(request: AnyRequest, receiver: OtlpReceiver) -> Response[bytes]:
    """Store the spans of an ExportTraceServiceRequest."""
    return await _respond("traces", request, receiver)


@post(_paths("logs"), status_code=200)
async def export_logs(request: AnyRequest, receiver: OtlpReceiver) -> Response[bytes]:
    """Store the log records of an ExportLogsServiceRequest."""
    return await _respond("logs", request, receiver)


@post(_paths("metrics"), status_code=200)
async def export_metrics(request: AnyRequest, receiver: OtlpReceiver) -> Response[bytes]:
    """Store the data points of an ExportMetricsServiceRequest."""
    return await _respond("metrics", request, receiver)


async def _respond(signal: Signal, request: AnyRequest, receiver: OtlpReceiver) -> Response[bytes]:
    answer = await receiver.export(signal, request.headers, request.stream())
    return Response(
        answer.body,
        status_code=answer.status,
        media_type=answer.media_type,
        headers=answer.headers,
    )


otlp_routes = Router(
    "/",
    route_handlers=[export_traces, export_logs, export_metrics],
    # The protocol is described by OpenTelemetry, and its limit holds after decompression.
    include_in_schema=False,
    request_max_body_size=None,
)
