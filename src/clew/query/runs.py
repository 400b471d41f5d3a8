"""What a run is, read from its spans in Python: the twin of `run.sql` for runs that are shown.

For fifty runs the engine takes longer to plan `run.sql` than all of this takes together, and to
plan a question for each column than to hand over the facts that hold them. Filters and statistics,
which look at many runs, ask `run.sql`; a property test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, Literal, NamedTuple

import msgspec

from clew.query.times import render_time
from clew.query.totals import add_up, add_up_usd, settle_spans
from clew.span import Outcome, Status


class TraceScore(msgspec.Struct, kw_only=True, frozen=True):
    """A score of a run, as its row in a list shows it."""

    name: str
    value: float | None = None
    label: str = ""


class Trace(msgspec.Struct, kw_only=True, frozen=True):
    """A run, read from its spans; see `sql/run_columns.sql`. None is unknown, and for
    `duration_ms` not over yet. `hand_tags` are those of its `tags` that people gave it."""

    trace_id: str
    name: str
    start_time: str
    duration_ms: float | None
    status: Status
    outcome: Outcome | Literal[""]
    running: bool
    session_id: str
    user_id: str
    tags: list[str]
    environment: str
    release: str
    service: str
    agents: list[str]
    span_count: int
    error_count: int
    llm_calls: int
    tool_calls: int
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    unpriced_calls: int
    models: list[str]
    prompts: list[str]
    input_preview: str
    output_preview: str
    error_message: str
    error_type: str
    scores: list[TraceScore] = []
    hand_tags: list[str] = []


class Run(NamedTuple):
    """A run with what its row doesn't show: when it started, when the last of its spans that
    ended did (None while none has), and which of its spans repeat the usage of others."""

    trace: Trace
    first_ns: int
    last_ns: int | None
    uncounted: list[str]


class SpanRow(msgspec.Struct, array_like=True, gc=False):
    """A row of `sql/run_spans.sql`: one version of a span, its facts still JSON."""

    trace_id: str
    span_id: str
    parent_id: str
    version: int
    start_ns: int
    end_ns: int | None
    name: str
    status: Status
    counted: int
    has_content: int
    facts: str


class _Usage(msgspec.Struct, gc=False):
    scope: str = "leaf"
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Cost(msgspec.Struct, gc=False):
    total_usd: float | None = None


class RunFacts(msgspec.Struct, gc=False):
    """Those of a span's `Facts` that decide what its run is: to read no others takes half as
    long."""

    kind: str = "other"
    display_name: str = ""
    outcome: Outcome | Literal[""] = ""
    error_message: str = ""
    error_type: str = ""
    service: str = ""
    environment: str = ""
    release: str = ""
    session_id: str = ""
    user_id: str = ""
    tags: list[str] = []
    agent_name: str = ""
    tool_call_id: str = ""
    request_model: str = ""
    response_model: str = ""
    response_id: str = ""
    prompt_name: str = ""
    prompt_version: str = ""
    usage: _Usage | None = None
    cost: _Cost | None = None
    input_preview: str = ""
    output_preview: str = ""

    @property
    def model(self) -> str:
        """The model that answered, else the one that was asked."""
        return self.response_model or self.request_model


class SpanLine(NamedTuple):
    """A span, as far as it decides what its run is."""

    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int | None
    display_name: str
    status: Status
    counted: bool
    has_content: bool
    usage_scope: str
    cost_usd: float | None
    facts: RunFacts

    @property
    def kind(self) -> str:
        """What it did."""
        return self.facts.kind

    @property
    def response_id(self) -> str:
        """The id that the model's provider gave the answer."""
        return self.facts.response_id

    @property
    def bears_usage(self) -> bool:
        """Whether the span has tokens or cost of its own telling."""
        return self.usage_scope != "" or self.cost_usd is not None

    @property
    def input_tokens(self) -> int | None:
        """All that went in."""
        return self.facts.usage.input_tokens if self.facts.usage else None

    @property
    def output_tokens(self) -> int | None:
        """All that came out."""
        return self.facts.usage.output_tokens if self.facts.usage else None

    @property
    def cache_read_tokens(self) -> int | None:
        """Those of the input that came from a cache."""
        return self.facts.usage.cache_read_tokens if self.facts.usage else None

    @property
    def reasoning_tokens(self) -> int | None:
        """Those of the output that were thought and not said."""
        return self.facts.usage.reasoning_tokens if self.facts.usage else None


_NOT_THE_AGENT: Final = ("http", "db", "other")
_STATUSES: Final[tuple[Status, ...]] = ("unset", "ok", "error")
_OUTCOMES: Final[tuple[Outcome, ...]] = (
    "success", "waiting", "cancelled", "refused", "blocked", "error",
)  # fmt: skip
_TOKENS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens")


def decode_rows(body: bytes) -> list[SpanRow]:
    """The rows of `sql/run_spans.sql` as JSONCompactEachRow."""
    return _ROWS.decode_lines(body)


_ROWS: Final = msgspec.json.Decoder(SpanRow)
_FACTS: Final = msgspec.json.Decoder(RunFacts)


def sum_up_rows(rows: Iterable[SpanRow]) -> list[Run]:
    """The runs of some spans, which may come in several versions: the newest of each is taken."""
    runs: dict[str, dict[str, SpanRow]] = {}
    for row in rows:
        spans = runs.setdefault(row.trace_id, {})
        known = spans.get(row.span_id)
        if known is None or known.version < row.version:
            spans[row.span_id] = row
    return [
        sum_up(trace_id, sorted(map(_line, spans.values()), key=_start))
        for trace_id, spans in runs.items()
    ]


def _line(row: SpanRow) -> SpanLine:
    facts = _FACTS.decode(row.facts)
    cost = facts.cost.total_usd if facts.cost else None
    return SpanLine(
        row.span_id,
        row.parent_id,
        row.start_ns,
        row.end_ns,
        facts.display_name or row.name,
        row.status,
        bool(row.counted),
        bool(row.has_content),
        facts.usage.scope if facts.usage else "",
        cost,
        facts,
    )


def sum_up(trace_id: str, spans: Sequence[SpanLine]) -> Run:
    """The run of `spans`: at least one, each once, in the order of start and id."""
    root = next((span for span in spans if span.parent_id == ""), None)
    by_end = sorted(spans, key=_end)
    first_ns = spans[0].start_ns
    last_ns = max((span.end_ns for span in spans if span.end_ns is not None), default=None)
    running = (root.end_ns is None) if root else any(span.end_ns is None for span in spans)
    statuses: list[Status] = [root.status] if root else [span.status for span in spans]
    status = max(statuses, key=_STATUSES.index)
    outcome = "" if running else _outcome(root, by_end)
    sums, uncounted = _sums(spans)
    # What was blocked is no error, and yet has a sentence that says why.
    explained = status == "error" or outcome == "error"
    error = _explaining(root, by_end)
    tool_calls = [span.facts.tool_call_id for span in spans if span.kind == "tool"]
    trace = Trace(
        trace_id=trace_id,
        name=_name(root, spans),
        start_time=render_time(first_ns),
        duration_ms=None if running or last_ns is None else max(last_ns - first_ns, 0) / 1e6,
        status=status,
        outcome=outcome,
        running=running,
        session_id=_first(spans, "session_id"),
        user_id=_first(spans, "user_id"),
        tags=sorted({tag for span in spans for tag in span.facts.tags}),
        environment=_first(spans, "environment"),
        release=_first(spans, "release"),
        service=_first(spans, "service"),
        agents=_names((span.start_ns, span.facts.agent_name) for span in spans),
        span_count=len(spans),
        error_count=sum(is_failed(span.status, span.facts.outcome) for span in spans),
        llm_calls=sum(span.kind == "llm" for span in spans),
        # A framework's span and an MCP client's and server's may tell of the same call.
        tool_calls=tool_calls.count("") + len({call for call in tool_calls if call}),
        models=_names((span.start_ns, span.facts.model) for span in spans),
        prompts=_names((span.start_ns, _prompt(span.facts)) for span in spans),
        input_preview=(root.facts.input_preview if root else "") or _first(spans, "input_preview"),
        output_preview=(root.facts.output_preview if root else "")
        or _first(reversed(by_end), "output_preview"),
        error_message=error.facts.error_message if explained else "",
        error_type=error.facts.error_type if explained else "",
        **sums,  # pyright: ignore[reportArgumentType] - one dict for numbers of two kinds
    )
    return Run(trace, first_ns, last_ns, uncounted)


def is_failed(status: Status, outcome: Outcome | Literal[""]) -> bool:
    """Whether a span or a run failed. A guard that stopped one did its work: what was blocked,
    refused or cancelled is no error, whatever its status."""
    return outcome == "error" or (outcome == "" and status == "error")


def _name(root: SpanLine | None, spans: Sequence[SpanLine]) -> str:
    if root and root.kind != "http":
        return root.display_name
    agent_side = next((s.display_name for s in spans if s.kind not in _NOT_THE_AGENT), "")
    return agent_side or (root or spans[0]).display_name


def _outcome(root: SpanLine | None, by_end: Sequence[SpanLine]) -> Outcome | Literal[""]:
    if root is None:
        return max((span.facts.outcome for span in by_end), key=_badness)
    last_call = next((span.facts.outcome for span in reversed(by_end) if span.kind == "llm"), "")
    # The last model call is the run's answer: an agent that hands on a refusal was refused.
    if root.facts.outcome == "success" and last_call == "refused":
        return "refused"
    return root.facts.outcome


def _explaining(root: SpanLine | None, by_end: Sequence[SpanLine]) -> SpanLine:
    """The span that says why a run failed: its root, else the first to end with a message."""
    told = [span for span in (*filter(None, [root]), *by_end) if span.facts.error_message]
    return told[0] if told else root or by_end[0]


def _badness(outcome: Outcome | Literal[""]) -> int:
    return _OUTCOMES.index(outcome) if outcome else -1


def _sums(spans: Sequence[SpanLine]) -> tuple[dict[str, int | float | None], list[str]]:
    """The sums, and the ids of the spans that aren't in them because they repeat others."""
    bearers = [span for span in spans if span.bears_usage]
    if _is_ambiguous(spans, bearers):
        settled = settle_spans(spans)
        return settled.sums, settled.uncounted
    counted = [span for span in bearers if span.counted]
    sums: dict[str, int | float | None] = {
        name: add_up([getattr(span, name) for span in counted]) for name in _TOKENS
    }
    sums["cost_usd"] = add_up_usd(span.cost_usd for span in counted)
    sums["unpriced_calls"] = sum(s.usage_scope != "" and s.cost_usd is None for s in counted)
    return sums, []


def _is_ambiguous(spans: Sequence[SpanLine], bearers: Sequence[SpanLine]) -> bool:
    """Whether some spans may repeat the usage of others, so that the tree has to be looked at."""
    told = [span for span in bearers if span.usage_scope]
    responses = [span.response_id for span in told if span.response_id]
    return (
        any(span.usage_scope == "aggregate" for span in told)
        or len(responses) > len(set(responses))
        or not {s.parent_id for s in spans}.isdisjoint(s.span_id for s in bearers if s.span_id)
    )


def _names(said: Iterable[tuple[int, str]]) -> list[str]:
    """Names in the order in which they appeared, each once."""
    return list(dict.fromkeys(name for _, name in sorted(said) if name))


def _prompt(facts: RunFacts) -> str:
    if not facts.prompt_name:
        return ""
    return (
        f"{facts.prompt_name}@{facts.prompt_version}" if facts.prompt_version else facts.prompt_name
    )


def _first(spans: Iterable[SpanLine], field: str) -> str:
    return next(filter(None, map(attrgetter(f"facts.{field}"), spans)), "")


def _start(span: SpanLine) -> tuple[int, str]:
    return span.start_ns, span.span_id


def _end(span: SpanLine) -> tuple[int, str]:
    return (span.start_ns if span.end_ns is None else span.end_ns), span.span_id
