"""OTLP over gRPC: what a receiver owes its senders, rule by rule, on a real socket."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import AsyncGenerator

import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from clew.bodies import Body, Summary
from clew.errors import (
    BadInput,
    ClewError,
    Forbidden,
    NotFound,
    StartupError,
    Unauthorized,
    Unavailable,
)
from clew.server.api.otlp import Hold, Route
from clew.server.otlp_grpc import serve_grpc
from clew.span import Log, Resource
from clew.wire.limits import Limits
from clew.wire.otlp import encode_logs, encode_traces
from server.receiving import KeptInMemory, OpenAccess, Receiver, make_span, serve_receiver

pytestmark = pytest.mark.anyio

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LIMIT = 5 << 20
"""Above the 4 MiB that gRPC allows if it isn't told more."""


@pytest.fixture(scope="module")
async def serving() -> AsyncGenerator[Receiver, None]:
    """A receiver whose messages may have 5 MiB."""
    async with serve_receiver(Limits(body_bytes=LIMIT)) as receiver:
        yield receiver


@pytest.fixture
def receiver(serving: Receiver) -> Receiver:
    """The receiver, as new."""
    return serving.reset()


@pytest.fixture
async def channel(receiver: Receiver) -> AsyncGenerator[grpc.aio.Channel, None]:
    """A channel to the receiver, that itself allows messages of any size."""
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(receiver.grpc_address, options) as channel:
        yield channel


def request_of(*spans: object) -> ExportTraceServiceRequest:
    """The spans, as generated classes have them."""
    return ExportTraceServiceRequest.FromString(encode_traces(spans))  # type: ignore[arg-type]


async def refused(channel: grpc.aio.Channel, body: bytes = b"") -> grpc.aio.AioRpcError:
    """The error that an export of `body` ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(EXPORT)(body)
    return caught.value


async def test_spans_logs_and_points_are_taken(
    receiver: Receiver, channel: grpc.aio.Channel
) -> None:
    """By the three services, as generated stubs call them; `partial_success` stays unset."""
    span = make_span()
    answer = await TraceServiceStub(channel).Export(request_of(span))
    assert answer == ExportTraceServiceResponse()
    assert not answer.HasField("partial_success")
    assert receiver.ingest.spans == [("default", span)]
    log = Log(time_ns=1, body={"text": "hello"})
    request = ExportLogsServiceRequest.FromString(encode_logs([log]))
    await LogsServiceStub(channel).Export(request)
    assert receiver.ingest.logs == [("default", log)]
    metrics = ExportMetricsServiceRequest()
    metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    metric.gauge.data_points.add(as_int=7)
    await MetricsServiceStub(channel).Export(metrics)
    assert [(point.name, point.value) for _, point in receiver.ingest.points] == [("m", 7.0)]


async def test_an_empty_request_succeeds(channel: grpc.aio.Channel) -> None:
    """With an empty response."""
    assert await channel.unary_unary(EXPORT)(b"") == b""


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_a_compressed_message_is_read(
    receiver: Receiver, channel: grpc.aio.Channel, compression: grpc.Compression
) -> None:
    """Gzip and deflate."""
    await TraceServiceStub(channel).Export(request_of(make_span()), compression=compression)
    assert receiver.ingest.spans == [("default", make_span())]


async def test_a_message_of_more_than_grpcs_own_limit_is_taken(
    receiver: Receiver, channel: grpc.aio.Channel
) -> None:
    """4 MiB is what grpc allows unless it is told otherwise."""
    span = make_span(attributes={str(n): "x" * 500_000 for n in range(9)})
    body = encode_traces([span])
    assert 4 << 20 < len(body) < LIMIT
    await channel.unary_unary(EXPORT)(body)
    assert receiver.ingest.spans == [("default", span)]


async def test_a_message_over_the_limit_is_refused(channel: grpc.aio.Channel) -> None:
    """RESOURCE_EXHAUSTED without RetryInfo: it would be as large the next time."""
    error = await refused(channel, bytes(LIMIT + 1))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not [key for key, _ in error.trailing_metadata() or () if key.endswith("-bin")]


async def test_a_bomb_is_refused(receiver: Receiver, channel: grpc.aio.Channel) -> None:
    """The limit holds after decompression."""
    bomb = bytes(6 * LIMIT)
    assert len(gzip.compress(bomb, 1)) < LIMIT // 10
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(EXPORT)(bomb, compression=grpc.Compression.Gzip)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert receiver.access.headers == []


async def test_an_undecodable_message_is_refused(channel: grpc.aio.Channel) -> None:
    """INVALID_ARGUMENT, which no sender repeats."""
    error = await refused(channel, b"\xff\xff")
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "protobuf" in (error.details() or "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unauthorized("no key"), grpc.StatusCode.UNAUTHENTICATED),
        (Forbidden("not yours"), grpc.StatusCode.PERMISSION_DENIED),
    ],
)
async def test_who_may_not_send_is_refused(
    receiver: Receiver, channel: grpc.aio.Channel, error: ClewError, code: grpc.StatusCode
) -> None:
    """UNAUTHENTICATED and PERMISSION_DENIED, also for an empty request."""
    receiver.access.error = error
    answer = await refused(channel)
    assert (answer.code(), answer.details()) == (code, error.message)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("no such project"), grpc.StatusCode.NOT_FOUND),
        (BadInput("not a name"), grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
async def test_a_project_that_is_not_there_is_refused(
    receiver: Receiver, channel: grpc.aio.Channel, error: ClewError, code: grpc.StatusCode
) -> None:
    """NOT_FOUND and INVALID_ARGUMENT."""
    receiver.access.error = error
    assert (await refused(channel, encode_traces([make_span()]))).code() == code


async def test_a_full_server_says_when_to_come_back(
    receiver: Receiver, channel: grpc.aio.Channel
) -> None:
    """UNAVAILABLE with RetryInfo twice: in the status, as the specification has it, and as a
    trailer of its own, as the Python exporter reads it. 5 s at most."""
    receiver.ingest.error = Unavailable("full", retry_after_s=60)
    error = await refused(channel, encode_traces([make_span()]))
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    trailers = dict(error.trailing_metadata() or ())
    raw, details = trailers["google.rpc.retryinfo-bin"], trailers["grpc-status-details-bin"]
    assert isinstance(raw, bytes)
    assert isinstance(details, bytes)
    status, info = Status.FromString(details), RetryInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, status.message, info.retry_delay.seconds) == (14, "full", 5)
    assert RetryInfo.FromString(raw) == info


async def test_a_failing_store_may_be_tried_again(
    receiver: Receiver, channel: grpc.aio.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    """UNAVAILABLE, never INTERNAL."""
    receiver.ingest.error = OSError(28, "No space left on device")
    with caplog.at_level(logging.CRITICAL):
        error = await refused(channel, encode_traces([make_span()]))
    assert error.code() == grpc.StatusCode.UNAVAILABLE


async def test_bad_spans_are_counted_and_the_others_kept(
    receiver: Receiver, channel: grpc.aio.Channel
) -> None:
    """OK with partial success."""
    request = request_of(make_span(), make_span())
    request.resource_spans[0].scope_spans[0].spans[0].span_id = bytes(8)
    answer = await TraceServiceStub(channel).Export(request)
    assert answer.partial_success.rejected_spans == 1
    assert "span_id" in answer.partial_success.error_message
    assert receiver.ingest.spans == [("default", make_span())]


async def test_metadata_is_what_headers_are(receiver: Receiver, channel: grpc.aio.Channel) -> None:
    """Keys and projects come in it, binary entries aside."""
    metadata = (
        ("authorization", "Bearer sk-clew-1"),
        ("x-api-key", "sk-clew-2"),
        ("x-clew-project", "shop"),
        ("trace-bin", b"\x00\xff"),
    )
    await channel.unary_unary(EXPORT)(encode_traces([make_span()]), metadata=metadata)
    headers = receiver.access.headers[-1]
    assert {key: headers[key] for key, _ in metadata[:3]} == dict(metadata[:3])
    assert "trace-bin" not in headers
    assert receiver.ingest.spans == [("shop", make_span())]


async def test_one_export_may_go_to_several_projects(
    receiver: Receiver, channel: grpc.aio.Channel
) -> None:
    """A collector merges what many programs sent."""
    one, two = (Resource(attributes={"clew.project": name}) for name in ("one", "two"))
    await channel.unary_unary(EXPORT)(
        encode_traces([make_span(resource=one), make_span(resource=two)])
    )
    assert sorted(project for project, _ in receiver.ingest.spans) == ["one", "two"]


@pytest.mark.parametrize("compression", list(grpc.Compression))
async def test_spans_of_the_sdk_arrive(receiver: Receiver, compression: grpc.Compression) -> None:
    """OpenTelemetry's own exporter, with its headers."""
    exporter = OTLPSpanExporter(
        receiver.grpc_address,
        insecure=True,
        headers={"x-api-key": "sk-clew-1"},
        compression=compression,
    )
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def run() -> None:
        with provider.get_tracer("t").start_as_current_span("s", attributes={"n": 1}):
            pass
        provider.shutdown()

    await asyncio.to_thread(run)
    ((_, span),) = receiver.ingest.spans
    assert (span.name, span.attributes) == ("s", {"n": 1})
    assert receiver.access.headers[-1]["x-api-key"] == "sk-clew-1"


async def test_an_exporter_that_is_told_to_wait_loses_nothing(receiver: Receiver) -> None:
    """The Python exporter comes back after RetryInfo, and its spans arrive once."""
    receiver.ingest.error = Unavailable("full", retry_after_s=1)
    exporter = OTLPSpanExporter(receiver.grpc_address, insecure=True)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def run() -> None:
        provider.get_tracer("t").start_span("waits").end()
        provider.shutdown()

    running = asyncio.create_task(asyncio.to_thread(run))
    await receiver.ingest.refused.wait()
    receiver.ingest.error = None
    await running
    assert [span.name for _, span in receiver.ingest.spans] == ["waits"]


async def test_a_port_in_use_is_said_in_a_sentence(receiver: Receiver) -> None:
    """With what to do about it."""
    port = int(receiver.grpc_address.rpartition(":")[2])
    with pytest.raises(StartupError, match=f"127.0.0.1:{port} .* --grpc-port"):
        async with serve_grpc("127.0.0.1", port, KeptInMemory(), OpenAccess(), Limits()):
            pass


async def test_a_call_that_is_open_is_answered_when_the_server_stops() -> None:
    """Stopping waits for what is being stored."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    class Slow(KeptInMemory):
        async def take(self, body: Body, hold: Hold, route: Route) -> Summary:
            asked.set()
            await go_on.wait()
            return await super().take(body, hold, route)

    serving = serve_grpc("127.0.0.1", 0, Slow(), OpenAccess(), Limits())
    port = await serving.__aenter__()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(EXPORT)(encode_traces([make_span()]))
        await asked.wait()
        stopping = asyncio.create_task(serving.__aexit__(None, None, None))
        go_on.set()
        assert await call == b""
        await stopping
