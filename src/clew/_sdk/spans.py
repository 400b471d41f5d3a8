"""A span as the program that is recorded sees it: open it, say what went in and out, leave it."""

from __future__ import annotations

from asyncio import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

from clew import conventions as names
from clew._sdk.context import giving
from clew._sdk.guard import guard
from clew._sdk.payload import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from opentelemetry.trace import Tracer

    from clew._sdk.context import AttributeValue

Kind: TypeAlias = Literal[
    "workflow",
    "agent",
    "plan",
    "step",
    "llm",
    "embedding",
    "rerank",
    "retrieval",
    "tool",
    "mcp",
    "memory",
    "handoff",
    "guardrail",
    "evaluation",
    "human",
    "prompt",
    "http",
    "db",
    "other",
]
"""As `clew.span.Kind`, which the SDK can't import without msgspec."""
Outcome: TypeAlias = Literal["success", "error", "refused", "cancelled", "blocked", "waiting"]
"""As `clew.span.Outcome`."""

_OPERATIONS: Mapping[str, tuple[str, str]] = {
    "agent": ("invoke_agent", names.GEN_AI_AGENT_NAME),
    "tool": ("execute_tool", names.GEN_AI_TOOL_NAME),
    "workflow": ("invoke_workflow", names.GEN_AI_WORKFLOW_NAME),
}
"""Kinds that the GenAI conventions name: the operation, and where the span's subject goes."""

_GEN_AI_OPERATIONS: Mapping[str, str] = {
    **{kind: operation for kind, (operation, _) in _OPERATIONS.items()},
    "llm": "chat",
    "embedding": "embeddings",
    "retrieval": "retrieval",
    "plan": "plan",
}


class Recorder:
    """Where spans go and what time it is: OpenTelemetry's global provider and clock, unless a
    test (see `clew.testing`) brings its own. `now_ns` of None leaves the time to OpenTelemetry."""

    def __init__(
        self, tracer: Tracer | None = None, now_ns: Callable[[], int] | None = None
    ) -> None:
        self._tracer = tracer
        self._now_ns = now_ns

    @property
    def tracer(self) -> Tracer:
        return self._tracer or trace.get_tracer(names.CLEW_SCOPE)

    def time_ns(self) -> int | None:
        return self._now_ns() if self._now_ns else None


recorders = [Recorder()]
"""The last one records."""


class Span:
    """An open span. Its methods never raise, and return the span so that they can be chained."""

    def __init__(
        self, otel: trace.Span, recorder: Recorder, below: Mapping[str, str] | None = None
    ) -> None:
        self.otel = otel
        self._recorder = recorder
        self._below = below or {}

    @property
    def trace_id(self) -> str:
        """32 lowercase hex digits; all zero where nothing is recorded."""
        return trace.format_trace_id(self.otel.get_span_context().trace_id)

    @property
    def span_id(self) -> str:
        """16 lowercase hex digits; all zero where nothing is recorded."""
        return trace.format_span_id(self.otel.get_span_context().span_id)

    def input(self, value: object) -> Span:
        """What went in: text stays text, anything else becomes JSON."""
        return self._payload(names.CLEW_INPUT, names.CLEW_INPUT_JSON, value)

    def output(self, value: object) -> Span:
        """What came out: text stays text, anything else becomes JSON."""
        return self._payload(names.CLEW_OUTPUT, names.CLEW_OUTPUT_JSON, value)

    def set(  # noqa: PLR0913 - one keyword for each fact
        self,
        attributes: Mapping[str, AttributeValue] | None = None,
        /,
        *,
        outcome: Outcome | None = None,
        level: Literal["debug", "info", "warning", "error"] | None = None,
        tool_call_id: str | None = None,
        handoff_from: str | None = None,
        handoff_to: str | None = None,
        retries: int | None = None,
        model: str | None = None,
        provider: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cache_read_tokens: int | None = None,
        reasoning_tokens: int | None = None,
        cost_usd: float | None = None,
    ) -> Span:
        """Facts by their names in Clew, and any other attributes by theirs.

        `input_tokens` includes cached ones and `output_tokens` includes reasoning.
        """
        known = {
            names.CLEW_OUTCOME: outcome,
            names.CLEW_LEVEL: level,
            names.GEN_AI_TOOL_CALL_ID: tool_call_id,
            names.CLEW_HANDOFF_FROM: handoff_from,
            names.CLEW_HANDOFF_TO: handoff_to,
            names.CLEW_RETRIES: retries,
            names.GEN_AI_REQUEST_MODEL: model,
            names.GEN_AI_PROVIDER_NAME: provider,
            names.GEN_AI_USAGE_INPUT_TOKENS: input_tokens,
            names.GEN_AI_USAGE_OUTPUT_TOKENS: output_tokens,
            names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: cache_read_tokens,
            names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: reasoning_tokens,
            names.CLEW_COST_TOTAL_USD: cost_usd,
        }
        with guard("set attributes"):
            self.otel.set_attributes(
                {key: value for key, value in known.items() if value is not None}
            )
            self.otel.set_attributes(dict(attributes or {}))
        return self

    def _payload(self, name: str, json_name: str, value: object) -> Span:
        with guard(f"record {name}"):
            if not self.otel.is_recording():
                return self
            payload = encode(value)
            self.otel.set_attribute(name, payload.text)
            if payload.is_json:
                self.otel.set_attribute(json_name, True)
            if payload.cut:
                self.otel.set_attribute(names.CLEW_DROPPED, [name])
        return self

    @contextmanager
    def active(self) -> Generator[None]:
        """Make this the parent of what starts inside, without ending it.

        What runs below an agent carries its name, so that its model calls count as the agent's.
        """
        token = otel_context.attach(giving(self._below, trace.set_span_in_context(self.otel)))
        try:
            yield
        finally:
            otel_context.detach(token)

    def failed(self, error: BaseException) -> None:
        """Record what left the span: an error with its stack trace, or that it was cancelled.

        A generator that its consumer closes early has neither failed nor been cancelled.
        """
        with guard("record an exception"):
            if isinstance(error, CancelledError | KeyboardInterrupt):
                self.set(outcome="cancelled")
            elif isinstance(error, Exception):
                self.otel.record_exception(error, timestamp=self._recorder.time_ns())
                self.otel.set_attribute(names.ERROR_TYPE, type(error).__qualname__)
                said = f"{type(error).__name__}: {error}"
                self.otel.set_status(Status(StatusCode.ERROR, said))

    def end(self) -> None:
        with guard("end a span"):
            self.otel.end(end_time=self._recorder.time_ns())


def start(name: str, kind: Kind, subject: str = "") -> Span:
    """A span that isn't anyone's parent yet. `subject` is the agent, tool or workflow."""
    recorder = recorders[-1]
    with guard("start a span"):
        attributes: dict[str, AttributeValue] = {names.CLEW_KIND: kind}
        if kind in _GEN_AI_OPERATIONS:
            attributes[names.GEN_AI_OPERATION_NAME] = _GEN_AI_OPERATIONS[kind]
        if subject and kind in _OPERATIONS:
            attributes[_OPERATIONS[kind][1]] = subject
        otel = recorder.tracer.start_span(
            name, attributes=attributes, start_time=recorder.time_ns()
        )
        below = {names.GEN_AI_AGENT_NAME: subject} if kind == "agent" else {}
        return Span(otel, recorder, below)
    return Span(trace.INVALID_SPAN, recorder)


def span_name(kind: Kind, subject: str) -> str:
    """`invoke_agent planner`: the form of the GenAI conventions; a step is just its name."""
    operation = _OPERATIONS.get(kind)
    return f"{operation[0]} {subject}" if operation else subject


@contextmanager
def span(name: str, *, kind: Kind = "step") -> Generator[Span]:
    """Record what happens inside, as a child of the span that is current.

    For an agent, tool or workflow `name` is who runs, and the span is called after the GenAI
    conventions (`execute_tool refund`). An exception is recorded and goes on.
    """
    opened = start(span_name(kind, name), kind, name)
    try:
        with opened.active():
            yield opened
    except BaseException as error:
        opened.failed(error)
        raise
    finally:
        opened.end()
