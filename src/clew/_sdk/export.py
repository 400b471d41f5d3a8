"""The part of the SDK that needs the OpenTelemetry SDK: processors, provider, exporter."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from clew import conventions as names
from clew._sdk.context import attached
from clew._sdk.guard import guard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Span

_logger = logging.getLogger("clew")

_ON_SPANS = {
    names.DEPLOYMENT_ENVIRONMENT_NAME: names.CLEW_ENVIRONMENT,
    names.SERVICE_VERSION: names.CLEW_RELEASE,
}
"""How spans say what the resource of a foreign provider doesn't."""


def clew_exporter(url: str, key: str, project: str) -> SpanExporter:
    """OTLP over HTTP, gzipped, to the server at `url`."""
    headers = {"x-clew-project": project} if project else {}
    if key:
        headers["authorization"] = f"Bearer {key}"
    endpoint = f"{url.rstrip('/')}/v1/traces"
    return OTLPSpanExporter(endpoint=endpoint, headers=headers, compression=Compression.Gzip)


class ContextProcessor(SpanProcessor):
    """Gives every span that starts what `clew.context` holds, and `always` in any case.

    What the span's own instrumentation set at its start stays.
    """

    def __init__(self, always: Mapping[str, str] | None = None) -> None:
        self._always = dict(always or {})

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        with guard("add the context to a span"):
            given = {**self._always, **attached(parent_context)}
            own = span.attributes or {}
            span.set_attributes({name: value for name, value in given.items() if name not in own})


class Pipeline:
    """A provider and the processors that were added to it."""

    def __init__(self, provider: TracerProvider, sender: BatchSpanProcessor) -> None:
        self._provider = provider
        self._sender = sender

    @classmethod
    def install(cls, exporter: SpanExporter, about: Mapping[str, str]) -> list[Pipeline]:
        """On the provider that is there, else on a new one; none where neither is possible."""
        provider, always = trace.get_tracer_provider(), {}
        if isinstance(provider, trace.ProxyTracerProvider):
            provider = TracerProvider(resource=Resource.create(dict(about)))
            trace.set_tracer_provider(provider)
        elif isinstance(provider, TracerProvider):
            always = {_ON_SPANS[name]: value for name, value in about.items() if name in _ON_SPANS}
        else:
            _logger.warning("the tracer provider %r takes no processors: nothing is sent", provider)
            return []
        sender = BatchSpanProcessor(exporter)
        provider.add_span_processor(ContextProcessor(always))
        provider.add_span_processor(sender)
        return [cls(provider, sender)]

    def serves(self, provider: object) -> bool:
        return provider is self._provider

    def flush(self, timeout_s: float) -> bool:
        return self._sender.force_flush(round(timeout_s * 1000))

    def shutdown(self) -> None:
        """Only our own part: a provider that others share goes on."""
        self._sender.shutdown()
