"""OTLP over HTTP: what a receiver owes its senders, rule by rule, on a real socket."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import logging
import zlib
from collections.abc import AsyncGenerator, Callable

import httpx
import pytest
import zstandard
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from inline_snapshot import snapshot
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource as SdkResource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from clew.errors import BadInput, Forbidden, NotFound, Unauthorized, Unavailable
from clew.server.api.otlp import PREFIXES
from clew.span import Link, Resource
from clew.wire.limits import Limits
from clew.wire.otlp import encode_logs, encode_traces
from server.receiving import SPAN_ID, T0, TRACE_ID, Receiver, make_span, serve_receiver

pytestmark = pytest.mark.anyio

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
LIMIT = 1 << 20


@pytest.fixture(scope="module")
async def serving() -> AsyncGenerator[Receiver, None]:
    """A receiver whose bodies may have 1 MiB."""
    async with serve_receiver(Limits(body_bytes=LIMIT, value_bytes=1000)) as receiver:
        yield receiver


@pytest.fixture
def receiver(serving: Receiver) -> Receiver:
    """The receiver, as new."""
    return serving.reset()


@pytest.fixture
async def http(receiver: Receiver) -> AsyncGenerator[httpx.AsyncClient, None]:
    """A client of the receiver."""
    async with httpx.AsyncClient(base_url=receiver.url) as client:
        yield client


def status_of(response: httpx.Response) -> Status:
    """The google.rpc.Status of a refusal in protobuf."""
    return Status.FromString(response.content)


class TestSuccess:
    """200 says that everything is stored."""

    @pytest.mark.parametrize("prefix", PREFIXES)
    async def test_spans_are_taken_under_every_prefix(
        self, receiver: Receiver, http: httpx.AsyncClient, prefix: str
    ) -> None:
        """`/v1/traces`, and where vendors told senders to send."""
        span = make_span()
        body = encode_traces([span])
        answer = await http.post(f"{prefix}/v1/traces", content=body, headers=PROTOBUF)
        assert answer.status_code == 200
        assert receiver.ingest.spans == [("default", span)]

    @pytest.mark.parametrize("prefix", PREFIXES)
    @pytest.mark.parametrize("signal", ["traces", "logs", "metrics"])
    async def test_an_empty_request_succeeds(
        self, http: httpx.AsyncClient, prefix: str, signal: str
    ) -> None:
        """With `partial_success` unset: nothing in protobuf, `{}` in JSON."""
        answer = await http.post(f"{prefix}/v1/{signal}", content=b"", headers=PROTOBUF)
        assert (answer.status_code, answer.content) == (200, b"")
        answer = await http.post(f"{prefix}/v1/{signal}", content=b"{}", headers=JSON)
        assert (answer.status_code, answer.content) == (200, b"{}")

    @pytest.mark.parametrize(
        ("sent", "answered"),
        [
            ("application/x-protobuf", "application/x-protobuf"),
            ("application/protobuf", "application/protobuf"),
            ("application/json", "application/json"),
            ("Application/JSON; charset=utf-8", "application/json"),
        ],
    )
    async def test_the_answer_has_the_content_type_of_the_request(
        self, http: httpx.AsyncClient, sent: str, answered: str
    ) -> None:
        """In success and in refusal; parameters are tolerated."""
        encoding = "json" if "json" in sent.lower() else "protobuf"
        body = encode_traces([make_span()], encoding)
        answer = await http.post("/v1/traces", content=body, headers={"content-type": sent})
        assert (answer.status_code, answer.headers["content-type"]) == (200, answered)
        answer = await http.post("/v1/traces", content=b"\xff{", headers={"content-type": sent})
        assert (answer.status_code, answer.headers["content-type"]) == (400, answered)

    async def test_an_export_that_is_not_small_is_decoded_too(
        self, receiver: Receiver, http: httpx.AsyncClient
    ) -> None:
        """Above 64 KiB decoding moves to a thread."""
        spans = [make_span(span_id=f"{number:016x}") for number in range(1, 2001)]
        answer = await http.post("/v1/traces", content=encode_traces(spans), headers=PROTOBUF)
        assert answer.status_code == 200
        assert [span for _, span in receiver.ingest.spans] == spans


class TestCompression:
    """None, gzip, deflate and zstd; never more than the limit comes out."""

    @pytest.mark.parametrize(
        ("name", "compress"),
        [
            ("identity", bytes),
            ("gzip", gzip.compress),
            ("deflate", zlib.compress),
            ("zstd", zstandard.compress),
        ],
    )
    async def test_a_compressed_body_is_read(
        self,
        receiver: Receiver,
        http: httpx.AsyncClient,
        name: str,
        compress: Callable[[bytes], bytes],
    ) -> None:
        """By Content-Encoding, for both encodings."""
        compressed = {"content-encoding": name}
        body = compress(encode_traces([make_span()], "protobuf"))
        answer = await http.post("/v1/traces", content=body, headers=PROTOBUF | compressed)
        assert answer.status_code == 200
        body = compress(encode_traces([make_span()], "json"))
        answer = await http.post("/v1/traces", content=body, headers=JSON | compressed)
        assert answer.status_code == 200
        assert len(receiver.ingest.spans) == 2

    async def test_an_unknown_compression_is_refused(self, http: httpx.AsyncClient) -> None:
        """415, and the message says what to send."""
        headers = {**PROTOBUF, "content-encoding": "br"}
        answer = await http.post("/v1/traces", content=b"x", headers=headers)
        assert answer.status_code == 415
        assert status_of(answer).message == snapshot(
            "content encoding br: send gzip, deflate, zstd or none"
        )

    @pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
    async def test_a_corrupt_body_is_refused(self, http: httpx.AsyncClient, name: str) -> None:
        """400: it will not be better the next time."""
        headers = {**PROTOBUF, "content-encoding": name}
        answer = await http.post("/v1/traces", content=b"not compressed", headers=headers)
        assert (answer.status_code, status_of(answer).code) == (400, 3)

    @pytest.mark.parametrize(
        ("name", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)]
    )
    async def test_a_bomb_is_refused(
        self, http: httpx.AsyncClient, name: str, compress: Callable[[bytes], bytes]
    ) -> None:
        """413 for what is small as sent and over the limit once decompressed."""
        body = compress(bytes(20 * LIMIT))
        assert len(body) < LIMIT // 20
        headers = {**PROTOBUF, "content-encoding": name}
        answer = await http.post("/v1/traces", content=body, headers=headers)
        assert answer.status_code == 413


class TestRefusals:
    """4xx for what will never be taken, with a google.rpc.Status in the request's encoding."""

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-ndjson", ""])
    async def test_another_content_type_is_refused(
        self, http: httpx.AsyncClient, content_type: str
    ) -> None:
        """415, in JSON since nothing better is known."""
        headers = {"content-type": content_type}
        answer = await http.post("/v1/traces", content=b"{}", headers=headers)
        assert answer.status_code == 415
        assert "application/x-protobuf" in answer.json()["message"]

    async def test_an_undecodable_body_is_refused(self, http: httpx.AsyncClient) -> None:
        """400, which no sender repeats."""
        answer = await http.post("/v1/traces", content=b"\xff\xff", headers=PROTOBUF)
        assert answer.status_code == 400
        assert status_of(answer).code == 3
        answer = await http.post("/v1/traces", content=b"{", headers=JSON)
        assert answer.status_code == 400
        assert answer.json() == snapshot(
            {"code": 3, "message": "not JSON: Input data was truncated"}
        )

    async def test_a_body_over_the_limit_is_refused(self, http: httpx.AsyncClient) -> None:
        """413, whether its length is announced or not."""

        async def chunks() -> AsyncGenerator[bytes, None]:
            for _ in range(3):
                yield bytes(LIMIT // 2)

        answer = await http.post("/v1/traces", content=bytes(LIMIT + 1), headers=PROTOBUF)
        assert (answer.status_code, status_of(answer).code) == (413, 8)
        answer = await http.post("/v1/traces", content=chunks(), headers=PROTOBUF)
        assert (answer.status_code, status_of(answer).code) == (413, 8)

    async def test_a_body_of_the_limit_is_taken(self, http: httpx.AsyncClient) -> None:
        """To the byte. Spaces are JSON."""
        body = b"{}" + b" " * (LIMIT - 2)
        answer = await http.post("/v1/traces", content=body, headers=JSON)
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("error", "status", "code"), [(Unauthorized("no key"), 401, 16), (Forbidden("no"), 403, 7)]
    )
    async def test_who_may_not_send_is_refused(
        self,
        receiver: Receiver,
        http: httpx.AsyncClient,
        error: Exception,
        status: int,
        code: int,
    ) -> None:
        """401 and 403, before the body is looked at, also for an empty request."""
        receiver.access.error = error
        answer = await http.post("/v1/traces", content=b"\xff", headers=PROTOBUF)
        assert (answer.status_code, status_of(answer).code) == (status, code)
        answer = await http.post("/v1/traces", content=b"{}", headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert ("www-authenticate" in answer.headers) == (status == 401)

    async def test_a_refusal_reaches_a_sender_that_is_still_sending(
        self, receiver: Receiver, http: httpx.AsyncClient
    ) -> None:
        """A large body that nobody reads doesn't break the connection before the answer."""
        receiver.access.error = Unauthorized("no key")
        for _ in range(3):
            answer = await http.post("/v1/traces", content=bytes(16 * LIMIT), headers=PROTOBUF)
            assert answer.status_code == 401


class TestTryAgain:
    """503 for whatever may go better the next time, with a wait that exporters accept."""

    async def test_a_full_server_says_when_to_come_back(
        self, receiver: Receiver, http: httpx.AsyncClient
    ) -> None:
        """In the header and in RetryInfo, 5 s at most: the Python exporter gives up beyond 10."""
        receiver.ingest.error = Unavailable("full", retry_after_s=60)
        body = encode_traces([make_span()])
        answer = await http.post("/v1/traces", content=body, headers=PROTOBUF)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        status = status_of(answer)
        info = RetryInfo()
        assert status.details[0].Unpack(info)
        assert (status.code, info.retry_delay.seconds) == (14, 5)
        body = encode_traces([make_span()], "json")
        answer = await http.post("/v1/traces", content=body, headers=JSON)
        assert answer.json()["details"][0]["retryDelay"] == "5s"

    async def test_a_failing_store_is_never_a_500(
        self, receiver: Receiver, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A sender drops what it got a 500 for."""
        receiver.ingest.error = OSError(28, "No space left on device")
        with caplog.at_level(logging.CRITICAL):
            body = encode_traces([make_span()])
            answer = await http.post("/v1/traces", content=body, headers=PROTOBUF)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")

    async def test_an_exporter_that_is_told_to_wait_loses_nothing(self, receiver: Receiver) -> None:
        """The Python exporter comes back after Retry-After, and its spans arrive once."""
        receiver.ingest.error = Unavailable("full", retry_after_s=1)
        provider = TracerProvider()
        exporter = OTLPSpanExporter(f"{receiver.url}/v1/traces")
        provider.add_span_processor(SimpleSpanProcessor(exporter))

        def run() -> None:
            provider.get_tracer("t").start_span("waits").end()

        running = asyncio.create_task(asyncio.to_thread(run))
        await receiver.ingest.refused.wait()
        receiver.ingest.error = None
        await running
        assert [span.name for _, span in receiver.ingest.spans] == ["waits"]
        await asyncio.to_thread(provider.shutdown)


class TestPartialSuccess:
    """One bad item rejects itself."""

    async def test_bad_spans_are_counted_and_the_others_kept(
        self, receiver: Receiver, http: httpx.AsyncClient
    ) -> None:
        """200 with `rejected_spans` and why, in both encodings."""
        request = ExportTraceServiceRequest.FromString(encode_traces([make_span()] * 3))
        request.resource_spans[0].scope_spans[0].spans[0].trace_id = bytes(16)
        request.resource_spans[0].scope_spans[0].spans[2].span_id = b"short"
        body = request.SerializeToString()
        answer = await http.post("/v1/traces", content=body, headers=PROTOBUF)
        assert answer.status_code == 200
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
        assert partial.rejected_spans == 2
        assert partial.error_message == snapshot(
            "trace_id must be 16 bytes and not all zero, got 00000000000000000000000000000000; "
            "span_id must be 8 bytes and not all zero, got 73686f7274"
        )
        assert receiver.ingest.spans == [("default", make_span())]
        spans = [{"traceId": TRACE_ID, "spanId": SPAN_ID, "startTimeUnixNano": str(T0)}, {}]
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
        answer = await http.post("/v1/traces", content=body, headers=JSON)
        assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"

    async def test_logs_and_points_are_counted_in_their_own_words(
        self, http: httpx.AsyncClient
    ) -> None:
        """`rejectedLogRecords` and `rejectedDataPoints`."""
        late = {"timeUnixNano": str(1 << 63)}
        logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [late]}]}]}
        answer = await http.post("/v1/logs", json=logs)
        assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"
        metric = {"name": "m", "gauge": {"dataPoints": [late]}}
        metrics = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
        answer = await http.post("/v1/metrics", json=metrics)
        assert answer.json()["partialSuccess"]["rejectedDataPoints"] == "1"

    async def test_a_warning_rejects_nothing(
        self, receiver: Receiver, http: httpx.AsyncClient
    ) -> None:
        """`rejected_spans` is 0 and the message says what was cut."""
        span = make_span(attributes={"long": "x" * 2000 + "y" * LIMIT.bit_length()})
        answer = await http.post("/v1/traces", content=encode_traces([span]), headers=PROTOBUF)
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
        assert partial.rejected_spans == 0
        assert partial.error_message == snapshot("attribute 'long' was cut at 1000 bytes")
        assert receiver.ingest.spans[0][1].truncated == {"long": 2021}


class TestProjects:
    """A project is chosen for each resource."""

    async def test_one_export_may_go_to_several_projects(
        self, receiver: Receiver, http: httpx.AsyncClient
    ) -> None:
        """A collector merges what many programs sent."""
        one, two = (Resource(attributes={"clew.project": name}) for name in ("one", "two"))
        spans = [make_span(resource=one), make_span(resource=two), make_span(resource=one)]
        answer = await http.post("/v1/traces", content=encode_traces(spans), headers=PROTOBUF)
        assert (answer.status_code, answer.content) == (200, b"")
        assert sorted(project for project, _ in receiver.ingest.spans) == ["one", "one", "two"]

    @pytest.mark.parametrize("error", [NotFound("no such"), BadInput("bad"), Forbidden("no")])
    async def test_a_resource_that_may_not_go_anywhere_rejects_its_own_spans(
        self, receiver: Receiver, http: httpx.AsyncClient, error: Exception
    ) -> None:
        """The others of the batch are kept."""
        receiver.access.refused["two"] = error
        one, two = (Resource(attributes={"clew.project": name}) for name in ("one", "two"))
        spans = [make_span(resource=one), make_span(resource=two), make_span(resource=two)]
        answer = await http.post("/v1/traces", content=encode_traces(spans), headers=PROTOBUF)
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
        assert (partial.rejected_spans, partial.error_message) == (2, str(error))
        assert [project for project, _ in receiver.ingest.spans] == ["one"]

    @pytest.mark.parametrize(
        ("error", "status", "code"), [(NotFound("no such"), 404, 5), (Forbidden("no"), 403, 7)]
    )
    async def test_an_export_that_may_not_go_anywhere_is_refused(
        self,
        receiver: Receiver,
        http: httpx.AsyncClient,
        error: Exception,
        status: int,
        code: int,
    ) -> None:
        """Rather than accepted with everything in it rejected."""
        receiver.access.refused["two"] = error
        span = make_span(resource=Resource(attributes={"clew.project": "two"}))
        answer = await http.post("/v1/traces", content=encode_traces([span]), headers=PROTOBUF)
        assert (answer.status_code, status_of(answer).code) == (status, code)


class TestExporters:
    """OpenTelemetry's own Python exporters, as programs use them."""

    @pytest.mark.parametrize("compression", list(Compression))
    async def test_spans_of_the_sdk_arrive_whole(
        self, receiver: Receiver, compression: Compression
    ) -> None:
        """With every compression that the exporter knows."""
        exporter = OTLPSpanExporter(f"{receiver.url}/v1/traces", compression=compression)
        provider = TracerProvider(resource=SdkResource({"service.name": "shop", "tags": ["a"]}))
        provider.add_span_processor(SimpleSpanProcessor(exporter))

        def run() -> None:
            tracer = provider.get_tracer("scope", "1.2")
            with tracer.start_as_current_span("outer", attributes={"list": [1, 2]}):
                tracer.start_span("inner").end()
            provider.shutdown()

        await asyncio.to_thread(run)
        inner, outer = (span for _, span in receiver.ingest.spans)
        assert (inner.parent_id, outer.parent_id) == (outer.span_id, "")
        assert outer.attributes == {"list": [1, 2]}
        assert outer.resource.attributes["service.name"] == "shop"
        assert (outer.scope.name, outer.scope.version) == ("scope", "1.2")
        assert outer.end_ns is not None
        assert outer.end_ns >= outer.start_ns

    async def test_logs_of_the_sdk_arrive_with_their_span(self, receiver: Receiver) -> None:
        """A log record names the span that it was written in."""
        provider = LoggerProvider()
        exporter = OTLPLogExporter(f"{receiver.url}/v1/logs")
        provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))

        def run() -> str:
            with TracerProvider().get_tracer("t").start_as_current_span("s") as span:
                logger = provider.get_logger("shop")
                logger.emit(body="sold out", severity_number=SeverityNumber.WARN)
            provider.shutdown()
            return f"{span.get_span_context().span_id:016x}"

        span_id = await asyncio.to_thread(run)
        (_, log), *_ = receiver.ingest.logs
        assert (log.body, log.span_id, log.severity_number) == ("sold out", span_id, 13)

    async def test_metrics_of_the_sdk_arrive_as_points(self, receiver: Receiver) -> None:
        """Sums and histograms, with their attributes."""
        exporter = OTLPMetricExporter(f"{receiver.url}/v1/metrics")
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=60_000)
        provider = MeterProvider([reader])

        def run() -> None:
            meter = provider.get_meter("m")
            meter.create_counter("calls", unit="1").add(3, {"model": "gpt-5"})
            meter.create_histogram("latency", unit="s").record(0.25)
            provider.shutdown()

        await asyncio.to_thread(run)
        points = {point.name: point for _, point in receiver.ingest.points}
        assert (points["calls"].kind, points["calls"].value) == ("sum", 3.0)
        assert points["calls"].attributes == {"model": "gpt-5"}
        assert (points["latency"].count, points["latency"].value) == (1, 0.25)

    async def test_headers_from_the_environment_arrive_decoded(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`OTEL_EXPORTER_OTLP_HEADERS` is percent-encoded; Basic is how Langfuse's senders come."""
        basic = base64.b64encode(b"pk-clew-1:sk-clew-1").decode()
        encoded = basic.replace("=", "%3D")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"Authorization=Basic%20{encoded}")
        exporter = OTLPSpanExporter(f"{receiver.url}/v1/traces")
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))

        def run() -> None:
            provider.get_tracer("t").start_span("s").end()
            provider.shutdown()

        await asyncio.to_thread(run)
        assert receiver.access.headers[-1]["authorization"] == f"Basic {basic}"


async def test_everything_in_a_span_and_a_log_arrives(
    receiver: Receiver, http: httpx.AsyncClient
) -> None:
    """What is encoded here and sent as JSON is what ingest gets."""
    span = make_span(
        attributes={"bytes": b"\x00\xff", "nested": {"a": [None, 1.5, {"b": True}]}},
        links=(Link(trace_id=TRACE_ID, span_id=SPAN_ID, attributes={"why": "retry"}),),
    )
    await http.post("/v1/traces", content=encode_traces([span], "json"), headers=JSON)
    assert receiver.ingest.spans == [("default", span)]
    await http.post("/v1/logs", content=encode_logs([], "json"), headers=JSON)
    assert receiver.ingest.logs == []
