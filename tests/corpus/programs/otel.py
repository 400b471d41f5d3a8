"""OpenTelemetry as a program sets it up that exports over OTLP/HTTP to where the variables say."""

from contextlib import nullcontext

import weather
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


def tracers() -> TracerProvider:
    """The global tracer provider; every span is sent when it ends."""
    provider = TracerProvider(resource=Resource({"service.name": "corpus"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


def visitor(watcher: str):
    """Whose session it is, said in the way of the watcher; nothing where it has none."""
    if watcher != "openinference":
        return nullcontext()
    from openinference.instrumentation import using_attributes

    return using_attributes(session_id=weather.SESSION, user_id=weather.USER)
