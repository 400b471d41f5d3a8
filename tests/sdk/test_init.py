"""`clew.init` in a fresh process each, since a process has one tracer provider."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from otlp_sink import Sink


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in a fresh interpreter, without pytest's mark, as a user's program runs."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A receiver that keeps what arrives."""
    with Sink() as opened:
        yield opened


def test_spans_arrive_with_resource_and_headers(sink: Sink) -> None:
    """What `init` was told arrives: service, environment, release, project and key."""
    code = f"""
import clew
clew.init(service="desk", url={sink.url!r}, key="sk-1", project="p",
          environment="staging", release="1.2")
with clew.span("hello") as span:
    span.input("in")
clew.flush()
"""
    assert run(code).stderr == ""
    (request,) = sink.requests
    assert (request.path, request.headers["authorization"]) == ("/v1/traces", "Bearer sk-1")
    assert request.headers["x-clew-project"] == "p"
    (span,) = sink.spans
    assert span.name == "hello"
    assert span.attributes["clew.input"] == "in"
    expected = {
        "service.name": "desk",
        "deployment.environment.name": "staging",
        "service.version": "1.2",
    }
    assert expected.items() <= span.resource.items()


def test_environment_variables_fill_in(sink: Sink) -> None:
    """CLEW_URL, CLEW_API_KEY and CLEW_PROJECT are taken where nothing is passed; leaving the
    program sends what is left."""
    done = run(
        "import clew; clew.init()\nwith clew.span('hello'): pass",
        CLEW_URL=sink.url,
        CLEW_API_KEY="sk-2",
        CLEW_PROJECT="q",
    )
    assert done.stderr == ""
    (request,) = sink.requests
    assert request.headers["authorization"] == "Bearer sk-2"
    assert request.headers["x-clew-project"] == "q"


def test_second_init_changes_nothing(sink: Sink) -> None:
    """Calling it twice doesn't send twice."""
    code = f"""
import clew
clew.init(url={sink.url!r})
clew.init(url={sink.url!r})
with clew.span("once"): pass
clew.flush()
"""
    assert run(code).stderr == ""
    assert [span.name for span in sink.spans] == ["once"]


def test_existing_provider_stays(sink: Sink) -> None:
    """A provider that is there keeps its own exporter and sends to Clew as well; environment and
    release stand on the spans, since its resource is its own."""
    code = f"""
import json, clew
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
own = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(own))
trace.set_tracer_provider(provider)
clew.init(url={sink.url!r}, environment="staging", release="1.2")
with clew.span("both"): pass
clew.shutdown()
with clew.span("own only"): pass
print(json.dumps([span.name for span in own.get_finished_spans()]))
"""
    done = run(code)
    assert json.loads(done.stdout) == ["both", "own only"]
    (span,) = sink.spans
    assert span.name == "both"
    assert span.attributes["clew.environment"] == "staging"
    assert span.attributes["clew.release"] == "1.2"


def test_a_fault_of_ours_leaves_the_program_alone(sink: Sink) -> None:
    """What fails in the SDK is logged and the program goes on; under pytest it is raised."""
    code = f"""
import clew, clew._sdk.spans
def broken(value): raise RuntimeError("our own fault")
clew._sdk.spans.encode = broken
clew.init(url={sink.url!r})
@clew.tool
def add(a, b): return a + b
print(add(1, 2))
"""
    outside = run(code)
    assert (outside.returncode, outside.stdout) == (0, "3\n")
    assert "our own fault" in outside.stderr
    inside = run(code, PYTEST_CURRENT_TEST="test_x")
    assert inside.returncode == 1


def test_no_server_no_harm() -> None:
    """Without a server the program runs to its end with its own exit code."""
    code = """
import clew
clew.init(url="http://127.0.0.1:9")
with clew.span("lost"): pass
print("done")
"""
    done = run(code, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT="1")
    assert (done.returncode, done.stdout) == (0, "done\n")
