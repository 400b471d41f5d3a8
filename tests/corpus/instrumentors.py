"""Records the corpus: what real instrumentors send when one small agent runs under them.

    PYTHONPATH=tests:examples python -m corpus.record    # each library in a process of its own

A body is the protobuf that the OTLP exporter would send; see `corpus.expected` for what stands
beside it.
"""

# ruff: noqa: PLC0415 - an instrumentor is imported only in the process that records it

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from openai import APIError, OpenAI
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from corpus.expected import expect
from demo.model import Failure, FakeModel, Reply, Request, ToolCall

Event = SpanMessage.Event
HERE = Path(__file__).parent
PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
ASKED = [
    {"role": "system", "content": "You are brief."},
    {"role": "user", "content": "What is the weather in Zürich?"},
]


def answers(request: Request) -> Reply | Failure:
    """The script of the fake model."""
    if "break" in request.user:
        return Failure(status=400, message="no such thing", code="invalid_request_error")
    if "bomb" in request.user:
        return Reply(refusal="I can't help with that.", finish_reason="content_filter")
    if request.tools and not request.tool_results:
        return Reply(tool_calls=(ToolCall(name="get_weather", arguments={"city": "Zürich"}),))
    if "think" in request.user:
        return Reply(text="Thought about it.", reasoning_tokens=7)
    return Reply(text="Sunny, 20 degrees.", cached_tokens=4)


def get_weather(city: str) -> dict[str, object]:
    """The agent's only tool."""
    return {"city": city, "celsius": 20}


class Agent:
    """The small agent: one method a thing that instrumentors must get right."""

    def __init__(self, client: OpenAI, tool: Callable[[str], dict[str, object]]) -> None:
        self.client = client
        self.tool = tool

    def ask(self) -> str:
        """A question that takes a tool to answer."""
        messages: list[object] = [*ASKED]
        chat = self.client.chat.completions
        asked = chat.create(
            model="gpt-4o-mini",
            messages=messages,  # type: ignore[arg-type]
            tools=[WEATHER],  # type: ignore[list-item]
            temperature=0.2,
        )
        message = asked.choices[0].message
        messages.append(message.model_dump(exclude_none=True))
        for call in message.tool_calls or []:
            given = json.loads(call.function.arguments)  # type: ignore[union-attr]
            result = json.dumps(self.tool(given["city"]))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        told = chat.create(
            model="gpt-4o-mini",
            messages=messages,  # type: ignore[arg-type]
            tools=[WEATHER],  # type: ignore[list-item]
        )
        return told.choices[0].message.content or ""

    def stream(self) -> str:
        """A streamed answer with its usage at the end."""
        stream = self.client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": "think, then tell me"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    def look(self) -> str:
        """A question about an image."""
        parts = [
            {"type": "text", "text": "What is on this picture?"},
            {"type": "image_url", "image_url": {"url": PIXEL}},
        ]
        told = self.client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": parts}],  # type: ignore[list-item]
        )
        return told.choices[0].message.content or ""

    def respond(self) -> str:
        """The responses API."""
        told = self.client.responses.create(
            model="gpt-4o-mini", instructions="You are brief.", input="think about the weather"
        )
        return told.output_text

    def embed(self) -> int:
        """Two texts embedded."""
        told = self.client.embeddings.create(
            model="text-embedding-3-small", input=["sunny", "rainy"], dimensions=4
        )
        return len(told.data)

    def refuse(self) -> str:
        """An answer that is a refusal."""
        told = self.client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "how to build a bomb"}]
        )
        return told.choices[0].message.refusal or ""

    def fail(self) -> None:
        """A call that the provider rejects."""
        with suppress(APIError):
            self.client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": "break"}]
            )

    def everything(self) -> str:
        """All of it, in order."""
        told = self.ask()
        for scene in (self.stream, self.look, self.respond, self.embed, self.refuse, self.fail):
            scene()
        return told


class Recording:
    """Keeps what an exporter would send."""

    def __init__(self, name: str) -> None:
        package = PACKAGES[name]
        self.folder = HERE / f"{name}-{importlib.metadata.version(package)}"
        resource = Resource({"service.name": "corpus", "deployment.environment.name": "test"})
        self.spans = InMemorySpanExporter()
        self.logs = InMemoryLogRecordExporter()
        self.tracers = TracerProvider(resource=resource)
        self.tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        self.loggers = LoggerProvider(resource=resource)
        self.loggers.add_log_record_processor(SimpleLogRecordProcessor(self.logs))

    def save(self) -> None:
        """Write the bodies."""
        self.folder.mkdir(exist_ok=True)
        request = encode_spans(self.spans.get_finished_spans())
        for resource_spans in request.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                _hide_paths(event for span in scope_spans.spans for event in span.events)
        (self.folder / "traces.otlp.pb").write_bytes(request.SerializeToString())
        logs = self.logs.get_finished_logs()
        if logs:
            (self.folder / "logs.otlp.pb").write_bytes(encode_logs(logs).SerializeToString())


def _hide_paths(events: Iterable[Event]) -> None:
    """Leave of a stack trace what it says, not on whose machine."""
    for event in events:
        for attribute in event.attributes:
            if attribute.key == "exception.stacktrace":
                said = attribute.value.string_value
                attribute.value.string_value = said.replace(str(HERE.parents[1]), "/app")


def record_openinference(recording: Recording, client: OpenAI) -> None:
    """`openinference-instrumentation-openai`, with its context managers around the agent."""
    from openinference.instrumentation import using_attributes
    from openinference.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument(tracer_provider=recording.tracers)
    with using_attributes(
        session_id="s1",
        user_id="u1",
        metadata={"tier": "gold", "seats": 3},
        tags=["beta", "corpus"],
        prompt_template="What is the weather in {city}?",
        prompt_template_version="v2",
        prompt_template_variables={"city": "Zürich"},
    ):
        Agent(client, get_weather).everything()


def record_openinference_decorators(recording: Recording, client: OpenAI) -> None:
    """The decorators of `openinference-instrumentation`: chains, agents, tools."""
    from openinference.instrumentation import OITracer, TraceConfig
    from openinference.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument(tracer_provider=recording.tracers)
    tracer = OITracer(recording.tracers.get_tracer("corpus"), config=TraceConfig())
    agent = Agent(client, tracer.tool(get_weather))

    @tracer.agent(name="forecaster")
    def forecaster(question: str) -> dict[str, str]:
        return {"question": question, "answer": agent.ask()}

    @tracer.chain
    def pipeline(question: str) -> str:
        return forecaster(question)["answer"]

    pipeline("What is the weather?")


def record_openinference_hidden(recording: Recording, client: OpenAI) -> None:
    """With everything masked that can be masked."""
    from openinference.instrumentation import TraceConfig
    from openinference.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument(
        tracer_provider=recording.tracers, config=TraceConfig(hide_inputs=True, hide_outputs=True)
    )
    Agent(client, get_weather).ask()


def record_openllmetry(recording: Recording, client: OpenAI) -> None:
    """`opentelemetry-instrumentation-openai` alone."""
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument(tracer_provider=recording.tracers)
    Agent(client, get_weather).everything()


def record_traceloop(recording: Recording, client: OpenAI) -> None:
    """`traceloop-sdk`: decorators, association properties, a prompt, and the instrumentor."""
    from traceloop.sdk import Traceloop
    from traceloop.sdk.decorators import agent, task, tool, workflow
    from traceloop.sdk.instruments import Instruments

    os.environ["TRACELOOP_METRICS_ENABLED"] = "false"
    os.environ["TRACELOOP_TELEMETRY"] = "false"
    Traceloop.init(
        app_name="corpus",
        exporter=recording.spans,
        disable_batch=True,
        instruments={Instruments.OPENAI},
        resource_attributes={"deployment.environment.name": "test"},
    )
    Traceloop.set_association_properties({"session_id": "s1", "user_id": "u1", "tier": "gold"})
    weather = tool(name="get_weather")(get_weather)

    @task(name="look_back", version=2)
    def look_back(told: str) -> str:
        return told.upper()

    @tool(name="broken_tool")
    def broken_tool() -> str:
        raise ValueError("out of order")

    @agent(name="forecaster")
    def forecaster(question: str) -> str:
        # Written without `self`, so it is called on the class, whatever a checker thinks of it.
        Traceloop.set_prompt(  # pyright: ignore[reportAttributeAccessIssue]
            "What is the weather in {{city}}?", {"city": "Zürich"}, 3
        )
        told = Agent(client, weather).ask()
        with suppress(ValueError):
            broken_tool()
        return f"{question} {told}"

    @workflow(name="morning")
    def morning(question: str, *, days: int) -> dict[str, object]:
        return {"told": look_back(forecaster(question)), "days": days}

    morning("What is the weather?", days=2)


def record_genai_openai(recording: Recording, client: OpenAI) -> None:
    """`opentelemetry-instrumentation-genai-openai`, content on the spans."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    _instrument_genai_openai(recording)
    Agent(client, get_weather).everything()


def record_genai_openai_events(recording: Recording, client: OpenAI) -> None:
    """The same with content in log records only."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "EVENT_ONLY"
    os.environ["OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"] = "true"
    _instrument_genai_openai(recording)
    Agent(client, get_weather).ask()


def record_genai_openai_bare(recording: Recording, client: OpenAI) -> None:
    """The same without content, as it comes out of the box."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "NO_CONTENT"
    _instrument_genai_openai(recording)
    Agent(client, get_weather).ask()


def _instrument_genai_openai(recording: Recording) -> None:
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    OpenAIInstrumentor().instrument(
        tracer_provider=recording.tracers, logger_provider=recording.loggers
    )


PACKAGES = {
    "openinference-openai": "openinference-instrumentation-openai",
    "openinference-decorators": "openinference-instrumentation",
    "openinference-hidden": "openinference-instrumentation-openai",
    "openllmetry-openai": "opentelemetry-instrumentation-openai",
    "traceloop-sdk": "traceloop-sdk",
    "genai-openai": "opentelemetry-instrumentation-genai-openai",
    "genai-openai-events": "opentelemetry-instrumentation-genai-openai",
    "genai-openai-bare": "opentelemetry-instrumentation-genai-openai",
}
RECORDERS: dict[str, Callable[[Recording, OpenAI], None]] = {
    "openinference-openai": record_openinference,
    "openinference-decorators": record_openinference_decorators,
    "openinference-hidden": record_openinference_hidden,
    "openllmetry-openai": record_openllmetry,
    "traceloop-sdk": record_traceloop,
    "genai-openai": record_genai_openai,
    "genai-openai-events": record_genai_openai_events,
    "genai-openai-bare": record_genai_openai_bare,
}


def record(name: str) -> None:
    """Run the agent under one library; instrumentors patch for good, so once a process."""
    with FakeModel(answers, seed=name) as model:
        client = OpenAI(base_url=model.url, api_key="none", max_retries=0)
        recording = Recording(name)
        RECORDERS[name](recording, client)
    recording.save()
    expect(recording.folder)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(RECORDERS))
    given = parser.parse_args()
    if given.name:
        record(given.name)
    else:
        for name in RECORDERS:
            subprocess.run([sys.executable, "-m", "corpus.record", name], check=True)


if __name__ == "__main__":
    main()
