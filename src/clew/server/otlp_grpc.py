"""OTLP over gRPC: the three collector services, beside `server/api/otlp.py`.

Messages stay bytes until they are decoded, so both transports share one way in. The protocol:
https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
"""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import grpc.aio

from clew.bodies import Body
from clew.errors import ClewError, StartupError, Unavailable
from clew.server.api.otlp import (
    MAX_RETRY_AFTER_S,
    RPC_CODES,
    Access,
    Ingest,
    admit,
    receive,
)
from clew.wire.otlp_answer import encode_response, encode_status, retry_info

if TYPE_CHECKING:
    from clew.wire.limits import Limits
    from clew.wire.otlp import Signal

    Context = grpc.aio.ServicerContext[bytes, bytes]

log = logging.getLogger("clew.otlp")

GRACE_S = 5
"""How long open calls may take when the server stops."""
AGE_FACTOR = 20
"""A connection lives so many times as long as a sender may take for a request: ten minutes."""

_SERVICES: dict[Signal, str] = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
}
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@asynccontextmanager
async def serve_grpc(  # noqa: PLR0913 - what it serves, and where
    host: str,
    port: int,
    ingest: Ingest,
    access: Access,
    limits: Limits,
    *,
    receive_s: float = 30,
) -> AsyncGenerator[int, None]:
    """Serve until the block ends; gives the port, which 0 leaves to the system.

    A message over `limits.body_bytes` is answered RESOURCE_EXHAUSTED without RetryInfo. Raises
    StartupError where the port can't be had.
    """
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", limits.body_bytes),
            # On Linux two servers could otherwise share a port, each getting some of the calls.
            ("grpc.so_reuseport", 0),
            # Whoever connects and says nothing, or is gone, is cut off. gRPC has no limit for a
            # message that comes in slowly, so connections end after a while, which clients that
            # send don't notice: they finish what they began and connect again.
            ("grpc.server_handshake_timeout_ms", int(receive_s * 1000)),
            ("grpc.keepalive_time_ms", int(receive_s * 1000)),
            ("grpc.keepalive_timeout_ms", int(receive_s * 1000)),
            ("grpc.max_connection_age_ms", int(receive_s * AGE_FACTOR * 1000)),
            ("grpc.max_connection_age_grace_ms", int(receive_s * 1000)),
        ]
    )
    server.add_generic_rpc_handlers(
        tuple(_handler(signal, ingest, access, limits) for signal in _SERVICES)
    )
    bound = _bind(server, host, port)
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(GRACE_S)


def _bind(server: grpc.aio.Server, host: str, port: int) -> int:
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        _try_port(host, port)
        return server.add_insecure_port(address)
    except (OSError, RuntimeError) as exc:
        raise StartupError(
            f"can't listen on {address} for gRPC: stop what uses it, or pass another --grpc-port"
        ) from exc


def _try_port(host: str, port: int) -> None:
    """Raise OSError where the port can't be had: gRPC would write its own lines about it first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))


def _handler(
    signal: Signal, ingest: Ingest, access: Access, limits: Limits
) -> grpc.GenericRpcHandler:
    collector = _Collector(signal, ingest, access, limits)
    # Without serializers requests and responses are bytes.
    method = grpc.unary_unary_rpc_method_handler(collector.export)
    return grpc.method_handlers_generic_handler(_SERVICES[signal], {"Export": method})


class _Collector:
    def __init__(self, signal: Signal, ingest: Ingest, access: Access, limits: Limits) -> None:
        self._signal: Signal = signal
        self._ingest = ingest
        self._access = access
        self._limits = limits

    async def export(self, body: bytes, context: Context) -> bytes:
        headers = _headers(context)
        try:
            await admit(headers, self._access)
            sent = Body(self._signal, body, "protobuf", limits=self._limits)
            with self._ingest.holding() as hold:
                hold(len(body))
                summary = await receive(sent, headers, self._access, self._ingest, hold)
        except ClewError as exc:
            await _abort(context, exc)
        except Exception:
            log.exception("an export could not be decoded")
            await _abort(context, ClewError("the server failed on this: its log says how"))
        return encode_response(self._signal, "protobuf", summary.rejected, summary.messages)


def _headers(context: Context) -> dict[str, str]:
    """The metadata of a call; what is binary isn't for us."""
    metadata: Any = context.invocation_metadata() or ()
    return {key: value for key, value in metadata if isinstance(value, str)}


async def _abort(context: Context, exc: ClewError) -> NoReturn:
    code = RPC_CODES[exc.status]
    trailers: tuple[tuple[str, bytes], ...] = ()
    if isinstance(exc, Unavailable):
        retry_after_s = min(exc.retry_after_s, MAX_RETRY_AFTER_S)
        # The specification has RetryInfo in the status, the Python exporter reads it by itself.
        trailers = (
            (
                "grpc-status-details-bin",
                encode_status(code, exc.message, "protobuf", retry_after_s),
            ),
            ("google.rpc.retryinfo-bin", retry_info(retry_after_s).SerializeToString()),
        )
    await context.abort(_CODES[code], exc.message, trailers)
