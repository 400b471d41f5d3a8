"""What is sent to every product: agents' runs as OTLP protobuf bodies, the same on every machine.

A run of 20 spans is an agent, ten model calls and the nine tool calls between them. A model call
repeats the conversation so far, two messages at first and twenty at last, ten on average, as GenAI
attributes; kinds, models, tokens and the inputs and outputs of agents and tools are said in
OpenInference's words too, so that each product understands them. No payload is sent twice in a
span. Everything follows from a run's number.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

SPANS_A_RUN = 20
RUNS_A_BODY = 25
"""500 spans, about the 512 that OpenTelemetry's batch processor sends at once."""
HISTORY_MESSAGES = 20
"""A longer run forgets its oldest messages, as agents do when their context is full."""
DAY_NS = 86_400_000_000_000
RARE_WORD = "xylographer"
RUNS_A_RARE_WORD = 1_000
RUNS_AN_ERROR = 20
MODELS = (("openai", "gpt-5"), ("openai", "gpt-5-mini"), ("anthropic", "claude-sonnet-4-5"))
TOOLS = ("search_flights", "read_page", "book_room", "list_orders", "run_query")
AGENTS = ("planner", "researcher", "support")

_WORDS = 5_000
_WORDS_A_MESSAGE = 96
_ERROR_TEXT = "the tool did not answer within 30 s"

Value: TypeAlias = "str | int | float | list[str]"
Part: TypeAlias = "dict[str, object]"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a body lies in the file of bodies."""

    offset: int
    size_bytes: int
    spans: int


@dataclass(frozen=True, kw_only=True)
class Bodies:
    """Bodies prepared in a file; `runs` is how many runs of `SPANS_A_RUN` they hold."""

    path: Path
    places: list[Place]
    runs: int

    @property
    def spans(self) -> int:
        """How many spans they hold."""
        return sum(place.spans for place in self.places)

    @property
    def size_bytes(self) -> int:
        """How much is sent."""
        return sum(place.size_bytes for place in self.places)

    def read(self) -> list[bytes]:
        """All of them, in memory."""
        content = self.path.read_bytes()
        return [content[it.offset : it.offset + it.size_bytes] for it in self.places]


def write_bodies(path: Path, *, spans: int, newest_ns: int, over_ns: int = DAY_NS) -> Bodies:
    """Bodies of at least `spans` spans in the file `path`; the runs fill the time `over_ns` (a
    day) that ends at `newest_ns`, oldest first."""
    runs = -(-spans // SPANS_A_RUN)
    step_ns = over_ns // runs
    places: list[Place] = []
    with path.open("wb") as file:
        for first in range(0, runs, RUNS_A_BODY):
            numbers = range(first, min(first + RUNS_A_BODY, runs))
            starts = (newest_ns - (runs - number) * step_ns for number in numbers)
            body = encode_runs(zip(numbers, starts, strict=True))
            offset = file.tell()
            file.write(body)
            place = Place(offset=offset, size_bytes=len(body), spans=len(numbers) * SPANS_A_RUN)
            places.append(place)
    return Bodies(path=path, places=places, runs=runs)


def encode_runs(runs: Iterable[tuple[int, int]], *, spans: int = SPANS_A_RUN) -> bytes:
    """An ExportTraceServiceRequest of runs, given as (number, start in ns), of `spans` each."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.extend(
        _pairs({"service.name": "bench", "deployment.environment.name": "production"})
    )
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "bench"
    scope_spans.scope.version = "1.0.0"
    for number, start_ns in runs:
        scope_spans.spans.extend(_Run(number, start_ns).spans(spans))
    return request.SerializeToString()


def trace_id(number: int) -> str:
    """The id of run `number`, as hex."""
    return _digest(f"run {number}", 16).hex()


def span_id(number: int, index: int) -> str:
    """The id of span `index` of run `number`, as hex; 0 is the agent, 1 its first model call."""
    return _digest(f"run {number} span {index}", 8).hex()


@cache
def vocabulary() -> tuple[str, ...]:
    """Made-up words, the frequent ones first."""
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    chance = random.Random("vocabulary")
    lengths = chance.choices((1, 2, 3, 4), (1, 4, 4, 1), k=_WORDS * 2)
    words = dict.fromkeys("".join(chance.choices(syllables, k=length)) for length in lengths)
    return tuple(itertools.islice(words, _WORDS))


def common_word() -> str:
    """A word that nearly every run says."""
    return next(word for word in vocabulary()[20:] if len(word) > 3)  # noqa: PLR2004


class _Run:
    """One run, as it is written down."""

    def __init__(self, number: int, start_ns: int) -> None:
        self._number = number
        self._now_ns = start_ns
        self._chance = random.Random(number)
        self._failed = number % RUNS_AN_ERROR == 0
        self._agent = AGENTS[number // len(MODELS) % len(AGENTS)]
        self._provider, self._model = MODELS[number % len(MODELS)]
        self._shared: dict[str, Value] = {
            "gen_ai.agent.name": self._agent,
            "gen_ai.conversation.id": f"conversation-{number // 3}",
            "session.id": f"conversation-{number // 3}",
            "user.id": f"user-{number % 500}",
        }
        self._task = self._sentences()
        self._answer = ""
        # Written as JSON once, and not again for every call that repeats them.
        self._messages = [
            _message("system", [_text(_instructions(self._agent))]),
            _message("user", [_text(self._task)]),
        ]

    def spans(self, count: int) -> Iterator[Span]:
        """`count` spans in the order in which they end: the agent's own last."""
        start_ns = self._now_ns
        for index in range(1, count):
            if index % 2:
                yield self._model_call(index, is_last=index + 2 > count)
            else:
                yield self._tool_call(index)
        yield self._span(
            0,
            f"invoke_agent {self._agent}",
            start_ns,
            {
                "gen_ai.operation.name": "invoke_agent",
                "openinference.span.kind": "AGENT",
                "input.value": self._task,
                "output.value": self._answer,
            },
        )

    def _model_call(self, index: int, *, is_last: bool) -> Span:
        history = self._messages[-HISTORY_MESSAGES:]
        self._answer = self._sentences(_WORDS_A_MESSAGE // 2)
        parts = [_text(self._answer)] if is_last else [_text(self._answer), self._ask(index)]
        reason = "stop" if is_last else "tool_call"
        self._messages.append(_message("assistant", parts))
        input_tokens = 140 * len(history)
        output_tokens = self._chance.randrange(60, 180)
        start_ns, self._now_ns = self._now_ns, self._now_ns + self._millis(400, 4_000)
        return self._span(
            index,
            f"chat {self._model}",
            start_ns,
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": self._provider,
                "gen_ai.request.model": self._model,
                "gen_ai.response.model": self._model,
                "gen_ai.response.id": f"response-{self._number}-{index}",
                "gen_ai.response.finish_reasons": [reason],
                "gen_ai.request.temperature": 0.2,
                "gen_ai.usage.input_tokens": input_tokens,
                "gen_ai.usage.output_tokens": output_tokens,
                "gen_ai.input.messages": f"[{','.join(history)}]",
                "gen_ai.output.messages": f"[{_message('assistant', parts, finish_reason=reason)}]",
                "openinference.span.kind": "LLM",
                "llm.model_name": self._model,
                "llm.provider": self._provider,
                "llm.token_count.prompt": input_tokens,
                "llm.token_count.completion": output_tokens,
                "llm.token_count.total": input_tokens + output_tokens,
            },
        )

    def _ask(self, index: int) -> Part:
        """The model's call of the tool that runs next."""
        return {
            "type": "tool_call",
            "id": f"call-{index}",
            "name": self._chance.choice(TOOLS),
            "arguments": {"query": self._sentences(12)},
        }

    def _tool_call(self, index: int) -> Span:
        result = self._sentences()
        if index == 2 and self._number % RUNS_A_RARE_WORD == 7:  # noqa: PLR2004
            result = f"{RARE_WORD} {result}"
        call_id = f"call-{index - 1}"
        response: Part = {"type": "tool_call_response", "id": call_id, "response": result}
        self._messages.append(_message("tool", [response]))
        tool = self._chance.choice(TOOLS)
        start_ns, self._now_ns = self._now_ns, self._now_ns + self._millis(20, 900)
        return self._span(
            index,
            f"execute_tool {tool}",
            start_ns,
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": tool,
                "gen_ai.tool.call.id": call_id,
                "openinference.span.kind": "TOOL",
                "tool.name": tool,
                "input.value": _json({"query": self._sentences(12)}),
                "input.mime_type": "application/json",
                "output.value": result,
            },
        )

    def _span(self, index: int, name: str, start_ns: int, said: dict[str, Value]) -> Span:
        """A span that ends now. Where a run fails it is by its second tool."""
        failed = self._failed and index in (0, 4)
        code = Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_OK
        error: dict[str, Value] = {"error.type": "timeout"} if failed else {}
        return Span(
            trace_id=bytes.fromhex(trace_id(self._number)),
            span_id=bytes.fromhex(span_id(self._number, index)),
            parent_span_id=bytes.fromhex(span_id(self._number, 0)) if index else b"",
            name=name,
            kind=Span.SPAN_KIND_INTERNAL,
            start_time_unix_nano=start_ns,
            end_time_unix_nano=self._now_ns,
            attributes=_pairs(said | error | self._shared),
            status=Status(code=code, message=_ERROR_TEXT if failed else ""),
            flags=0x101,
        )

    def _sentences(self, words: int = _WORDS_A_MESSAGE) -> str:
        return _sentences(self._chance, words)

    def _millis(self, least: int, most: int) -> int:
        return self._chance.randrange(least, most) * 1_000_000


@cache
def _instructions(agent: str) -> str:
    """The system prompt that all runs of an agent share."""
    return _sentences(random.Random(agent), _WORDS_A_MESSAGE)


@cache
def _dice() -> list[str]:
    """2**16 words by Zipf's law: the n-th is there about one n-th as often as the first."""
    weights = [1 / (rank + 2) for rank in range(_WORDS)]
    return random.Random("dice").choices(vocabulary(), weights, k=1 << 16)


def _sentences(chance: random.Random, words: int) -> str:
    dice = _dice()
    # Sixteen bits a word: ten times as fast as asking for weighted choices each time.
    throws = memoryview(chance.randbytes(2 * words)).cast("H")
    return " ".join([dice[throw] for throw in throws]).capitalize() + "."


def _message(role: str, parts: list[Part], **more: str) -> str:
    return _json({"role": role, "parts": parts, **more})


def _text(content: str) -> Part:
    return {"type": "text", "content": content}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _pairs(attributes: dict[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any(value)) for key, value in attributes.items()]


def _any(value: Value) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(array_value=ArrayValue(values=map(_any, value)))


def _digest(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=size).digest()
