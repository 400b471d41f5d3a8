"""`clew.init`: where spans go. The OpenTelemetry SDK is imported here, on the first call."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from opentelemetry import trace

from clew import conventions as names
from clew._sdk.guard import guard

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from clew._sdk.export import Pipeline

DEFAULT_URL = "http://127.0.0.1:4318"

_logger = logging.getLogger("clew")
_pipelines: list[Pipeline] = []
"""The one that is set up, if any; a list so that no function needs `global`."""


def init(  # noqa: PLR0913 - each says one thing about the sender
    *,
    service: str | None = None,
    url: str | None = None,
    key: str | None = None,
    project: str | None = None,
    environment: str | None = None,
    release: str | None = None,
    exporter: SpanExporter | None = None,
) -> None:
    """Send the spans of this process to Clew.

    `url` is the server's address (`CLEW_URL`, else http://127.0.0.1:4318), `key` its secret key
    (`CLEW_API_KEY`), `project` the project to write to (`CLEW_PROJECT`; a key that belongs to a
    project decides by itself). `service`, `environment` and `release` say what is running; they
    default to OpenTelemetry's own variables (`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`).

    A tracer provider that is set up already stays, and sends here in addition. A second call
    changes nothing. `exporter` replaces sending over HTTP. Never raises.
    """
    with guard("set up tracing"):
        from clew._sdk.export import Pipeline, clew_exporter  # noqa: PLC0415 - see the docstring

        if _pipelines and _pipelines[0].serves(trace.get_tracer_provider()):
            return
        about = {
            names.SERVICE_NAME: service,
            names.CLEW_PROJECT: project or os.environ.get("CLEW_PROJECT"),
            names.DEPLOYMENT_ENVIRONMENT_NAME: environment,
            names.SERVICE_VERSION: release,
        }
        described = {name: value for name, value in about.items() if value}
        sender = exporter or clew_exporter(
            url or os.environ.get("CLEW_URL") or DEFAULT_URL,
            key or os.environ.get("CLEW_API_KEY") or "",
            described.get(names.CLEW_PROJECT, ""),
        )
        _pipelines[:] = Pipeline.install(sender, described)


def flush(timeout_s: float = 10.0) -> bool:
    """Send what has ended so far and wait for it; False where that took longer."""
    with guard("flush"):
        return all(pipeline.flush(timeout_s) for pipeline in _pipelines)
    return False


def shutdown() -> None:
    """Send what has ended so far and stop. Spans that end later are not sent."""
    with guard("shut down"):
        for pipeline in _pipelines:
            pipeline.shutdown()
        _pipelines.clear()
