"""Three ways to record the same program: what teams that use OpenInference, OpenLLMetry or the
OpenTelemetry GenAI conventions have in their code.

Each brings its own instrumentation of the `openai` client and its own decorators. `clew.init` adds
Clew to the provider in all three, so that `clew.context` can pin the prompt that runs.
"""

# ruff: noqa: D102, PLC0415 (each verb records what it is called after; packages load with a choice)

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator

import clew
from clew import conventions as names

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Decorate(Protocol):
    """A decorator that changes what is recorded and nothing else."""

    def __call__(self, function: F, /) -> F: ...


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A version of a prompt and what it is filled with."""

    name: str
    version: str
    template: str
    variables: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def text(self) -> str:
        return self.template.format(**self.variables)


@dataclass(frozen=True, kw_only=True)
class About:
    """Whose run it is."""

    session: str
    user: str
    tags: Sequence[str] = ()
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


class Recording(Protocol):
    """How the travel desk is recorded."""

    def workflow(self, name: str) -> Decorate: ...
    def agent(self, name: str) -> Decorate: ...
    def tool(self, name: str) -> Decorate: ...
    def step(self, name: str) -> Decorate: ...
    def retriever(self, name: str) -> Decorate: ...
    def guardrail(self, name: str) -> Decorate: ...
    def human(self, name: str) -> Decorate: ...
    def handoff(self, source: str, target: str) -> AbstractContextManager[object]: ...
    def prompt(self, prompt: Prompt) -> AbstractContextManager[None]: ...
    def run(self, about: About, function: Callable[[], T]) -> T:
        """Call `function` as a run that belongs to `about`."""
        ...


class SeededIds(IdGenerator):
    """Ids that follow from a seed alone, so that the same run is the same trace."""

    def __init__(self) -> None:
        self.reseed("")

    def reseed(self, seed: str) -> None:
        self._random = random.Random(hashlib.sha256(seed.encode()).digest())

    def generate_span_id(self) -> int:
        return self._random.getrandbits(64) | 1

    def generate_trace_id(self) -> int:
        return self._random.getrandbits(128) | 1


class Collector(SpanExporter):
    """Keeps the spans of the run that is going on, until `take`."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._spans.extend(spans)
        return SpanExportResult.SUCCESS

    def take(self) -> list[ReadableSpan]:
        """The spans since the last call."""
        clew.flush()
        taken = list(self._spans)
        self._spans.clear()
        return taken


class OpenInference:
    """OpenInference's instrumentor, decorators and context managers."""

    def __init__(self, provider: TracerProvider) -> None:
        from openinference.instrumentation import OITracer, TraceConfig
        from openinference.instrumentation.openai import OpenAIInstrumentor

        OpenAIInstrumentor().instrument(tracer_provider=provider)
        self._tracer = OITracer(provider.get_tracer("travel_desk"), config=TraceConfig())

    def workflow(self, name: str) -> Decorate:
        return cast("Decorate", self._tracer.chain(name=name))

    def agent(self, name: str) -> Decorate:
        return cast("Decorate", self._tracer.agent(name=name))

    def tool(self, name: str) -> Decorate:
        return cast("Decorate", self._tracer.tool(name=name))

    def step(self, name: str) -> Decorate:
        return cast("Decorate", self._tracer.chain(name=name))

    def retriever(self, name: str) -> Decorate:
        return cast("Decorate", self._tracer.retriever(name=name))

    def guardrail(self, name: str) -> Decorate:
        def decorate(function: F) -> F:
            def recorded(asked: object) -> object:
                with self._tracer.start_as_current_span(
                    name, openinference_span_kind="guardrail"
                ) as span:
                    span.set_input(str(asked))
                    found = function(asked)
                    span.set_output(str(found))
                    return found

            return cast("F", recorded)

        return decorate

    def human(self, name: str) -> Decorate:
        return cast("Decorate", self._tracer.chain(name=name))

    @contextmanager
    def handoff(self, source: str, target: str) -> Generator[None]:
        attributes = {"graph.node.id": target, "graph.node.parent_id": source}
        with self._tracer.start_as_current_span(
            f"transfer_to_{target}", openinference_span_kind="chain", attributes=attributes
        ) as span:
            span.set_input({"from": source, "to": target})
            span.set_output(f"{target} takes over")
            yield

    @contextmanager
    def prompt(self, prompt: Prompt) -> Generator[None]:
        from openinference.instrumentation import using_prompt_template

        with (
            using_prompt_template(
                template=prompt.template,
                version=prompt.version,
                variables=dict(prompt.variables),
            ),
            clew.context(prompt=(prompt.name, prompt.version)),
        ):
            yield

    def run(self, about: About, function: Callable[[], T]) -> T:
        from openinference.instrumentation import using_attributes

        with using_attributes(
            session_id=about.session,
            user_id=about.user,
            tags=list(about.tags),
            metadata=dict(about.metadata),
        ):
            return function()


class OpenLLMetry:
    """OpenLLMetry's instrumentor, and the decorators of traceloop-sdk."""

    def __init__(self, provider: TracerProvider) -> None:
        os.environ["TRACELOOP_METRICS_ENABLED"] = "false"
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
        from traceloop.sdk import Traceloop

        with contextlib.redirect_stdout(io.StringIO()):
            # A processor that does nothing but carry traceloop's own attributes: `clew.init` sends.
            Traceloop.init("travel-desk", processor=SpanProcessor(), instruments=set())
        OpenAIInstrumentor().instrument(tracer_provider=provider)

    def workflow(self, name: str) -> Decorate:
        from traceloop.sdk import decorators

        return cast("Decorate", decorators.workflow(name=name))

    def agent(self, name: str) -> Decorate:
        from traceloop.sdk import decorators

        return cast("Decorate", decorators.agent(name=name))

    def tool(self, name: str) -> Decorate:
        from traceloop.sdk import decorators

        return cast("Decorate", decorators.tool(name=name))

    def step(self, name: str) -> Decorate:
        from traceloop.sdk import decorators

        return cast("Decorate", decorators.task(name=name))

    def retriever(self, name: str) -> Decorate:
        return self.tool(name)

    def guardrail(self, name: str) -> Decorate:
        return self.step(name)

    def human(self, name: str) -> Decorate:
        return self.step(name)

    @contextmanager
    def handoff(self, source: str, target: str) -> Generator[None]:
        attributes = {
            names.TRACELOOP_SPAN_KIND: "handoff",
            names.GEN_AI_HANDOFF_FROM_AGENT: source,
            names.GEN_AI_HANDOFF_TO_AGENT: target,
        }
        tracer = trace.get_tracer(names.TRACELOOP_SCOPE)
        with tracer.start_as_current_span(f"{source} → {target}.handoff", attributes=attributes):
            yield

    @contextmanager
    def prompt(self, prompt: Prompt) -> Generator[None]:
        with clew.context(prompt=(prompt.name, prompt.version), variables=prompt.variables):
            yield

    def run(self, about: About, function: Callable[[], T]) -> T:
        # Association properties are attached and never detached: a context of its own ends them.
        return copy_context().run(self._associated, about, function)

    def _associated(self, about: About, function: Callable[[], T]) -> T:
        from traceloop.sdk import Traceloop

        properties = {"session_id": about.session, "user_id": about.user, **about.metadata}
        Traceloop.set_association_properties(properties)
        with clew.context(tags=about.tags):
            return function()


class GenAi:
    """The OpenTelemetry GenAI instrumentor with Clew's own verbs."""

    def __init__(self, provider: TracerProvider) -> None:
        # Off by default: without it the conversation would be missing.
        os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "span_only"
        from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

        OpenAIInstrumentor().instrument(tracer_provider=provider)

    def workflow(self, name: str) -> Decorate:
        return cast("Decorate", clew.workflow(name=name))

    def agent(self, name: str) -> Decorate:
        return cast("Decorate", clew.agent(name=name))

    def tool(self, name: str) -> Decorate:
        return cast("Decorate", clew.tool(name=name))

    def step(self, name: str) -> Decorate:
        return cast("Decorate", clew.step(name=name))

    def retriever(self, name: str) -> Decorate:
        def decorate(function: F) -> F:
            def recorded(query: str) -> object:
                with clew.span(f"retrieval {name}", kind="retrieval") as span:
                    found = function(query)
                    documents = json.dumps(found, ensure_ascii=False)
                    span.set(
                        {
                            names.GEN_AI_DATA_SOURCE_ID: name,
                            names.GEN_AI_RETRIEVAL_QUERY_TEXT: query,
                            names.GEN_AI_RETRIEVAL_DOCUMENTS: documents,
                        }
                    )
                    return found

            return cast("F", recorded)

        return decorate

    def guardrail(self, name: str) -> Decorate:
        def decorate(function: F) -> F:
            def recorded(asked: object) -> object:
                with clew.span(name, kind="guardrail") as span:
                    span.input(asked)
                    found = function(asked)
                    span.output(found)
                    return found

            return cast("F", recorded)

        return decorate

    def human(self, name: str) -> Decorate:
        def decorate(function: F) -> F:
            def recorded(*args: object) -> object:
                with clew.span(name, kind="human") as span:
                    span.input(args)
                    return function(*args)

            return cast("F", recorded)

        return decorate

    @contextmanager
    def handoff(self, source: str, target: str) -> Generator[None]:
        with clew.span(f"{source} → {target}", kind="handoff") as span:
            span.set(handoff_from=source, handoff_to=target)
            yield

    @contextmanager
    def prompt(self, prompt: Prompt) -> Generator[None]:
        with clew.context(prompt=(prompt.name, prompt.version), variables=prompt.variables):
            yield

    def run(self, about: About, function: Callable[[], T]) -> T:
        with clew.context(
            session=about.session, user=about.user, tags=about.tags, metadata=about.metadata
        ):
            return function()


RECORDINGS: Mapping[str, Callable[[TracerProvider], Recording]] = {
    "openinference": OpenInference,
    "openllmetry": OpenLLMetry,
    "genai": GenAi,
}


def start(name: str) -> tuple[Recording, Collector, SeededIds]:
    """Set this process up to record in the way called `name`."""
    ids, collector = SeededIds(), Collector()
    provider = TracerProvider(id_generator=ids)
    trace.set_tracer_provider(provider)
    clew.init(exporter=collector)
    return RECORDINGS[name](provider), collector, ids
