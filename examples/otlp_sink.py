"""Prints the spans that arrive over OTLP/HTTP: what an instrumentation sends, seen from outside.

    python examples/otlp_sink.py 4318

In tests, `Sink` keeps them instead.
"""

from __future__ import annotations

import gzip
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self, cast

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue


@dataclass(frozen=True, kw_only=True)
class SentSpan:
    """One span as it was sent; times are nanoseconds since the epoch, 0 for one that still runs."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    status: int
    scope: str
    attributes: Mapping[str, object]
    resource: Mapping[str, object]
    events: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SentRequest:
    """One export; header names are lowercase."""

    path: str
    headers: Mapping[str, str]
    spans: tuple[SentSpan, ...]


@dataclass
class Sink:
    """A server on a free port of the loopback interface while the context is open."""

    port: int = 0
    requests: list[SentRequest] = field(default_factory=list[SentRequest])

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.sink = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address that exporters are given."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def spans(self) -> list[SentSpan]:
        """Every span that arrived, in the order of arrival."""
        return [span for request in self.requests for span in request.spans]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    sink: Sink


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        spans = tuple(decode(body)) if self.path.endswith("/v1/traces") else ()
        sink = cast("_Server", self.server).sink
        sink.requests.append(SentRequest(path=self.path, headers=headers, spans=spans))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent: the spans are what is to be seen."""


def decode(body: bytes) -> list[SentSpan]:
    """The spans of one OTLP export in protobuf."""
    request = ExportTraceServiceRequest.FromString(body)
    return [
        SentSpan(
            name=span.name,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            start_ns=span.start_time_unix_nano,
            end_ns=span.end_time_unix_nano,
            status=span.status.code,
            scope=scoped.scope.name,
            attributes=_attributes(span.attributes),
            resource=_attributes(resource.resource.attributes),
            events=tuple(event.name for event in span.events),
        )
        for resource in request.resource_spans
        for scoped in resource.scope_spans
        for span in scoped.spans
    ]


def _attributes(pairs: object) -> dict[str, object]:
    return {pair.key: _value(pair.value) for pair in cast("list[KeyValue]", pairs)}


def _value(value: AnyValue) -> object:
    case = value.WhichOneof("value")
    if case == "array_value":
        return [_value(item) for item in value.array_value.values]
    if case == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, case) if case else None


def main() -> None:
    """Print one line a span until Ctrl-C."""
    with Sink(port=int(sys.argv[1]) if len(sys.argv) > 1 else 4318) as sink:
        print(f"listening on {sink.url}")
        seen = 0
        try:
            while True:
                threading.Event().wait(0.2)
                for span in sink.spans[seen:]:
                    print(f"{span.trace_id} {span.name} {dict(span.attributes)}")
                    seen += 1
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
