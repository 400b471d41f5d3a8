"""Runs: the list of them, and one as a skeleton."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from clew.errors import NotFound
from clew.filter import Filter
from clew.query import ask
from clew.query.order import Order, place_params, read_order
from clew.query.times import clamp
from clew.query.totals import Settled, settle
from clew.query.walk import (
    EVERYTHING,
    Candidate,
    Listing,
    Page,
    Place,
    Walk,
    Window,
    at_once,
    extent,
    read_cursor,
    walk,
)
from clew.query.where import LONGEST_RUN_NS, RUN_TOKENS, Totals, holds, run_where
from clew.score import Score
from clew.span import Outcome, Status
from clew.store.engine import Engine, Param


class TraceScore(msgspec.Struct, kw_only=True, frozen=True):
    """A score of a run, as its row in a list shows it."""

    name: str
    value: float | None = None
    label: str = ""


class Trace(msgspec.Struct, kw_only=True, frozen=True):
    """A run, read from its spans; see `sql/run.sql`. None is unknown, and for `duration_ms` not
    over yet."""

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
    scores: list[TraceScore] = []


class Run(NamedTuple):
    """A run with what its row doesn't show: when it started, when the last of its spans that
    ended did (None while none has), and which of its spans repeat the usage of others."""

    trace: Trace
    first_ns: int
    last_ns: int | None
    uncounted: list[str]


class _Marks(msgspec.Struct):
    first_ns: int
    last_ns: int | None
    ambiguous: bool


class _Judged(msgspec.Struct):
    trace_id: str
    scores: list[TraceScore]


class _Place(msgspec.Struct):
    trace_id: str
    place: int | float


_MEASURES: Final = {
    "duration": "duration_ns",
    "cost": "cost_usd",
    "tokens": RUN_TOKENS,
    "span_count": "span_count",
}


_SKELETON: Final = ask.sql("skeleton", columns=ask.sql("span_columns"))


async def list_runs(engine: Engine, project: str, listing: Listing = EVERYTHING) -> Page[Run]:
    """A page of the project's runs. A run is in the range if its first span starts there. Raises
    BadInput for an unknown order or a foreign cursor."""
    order = read_order(listing.order, "first_ns", _MEASURES)
    after = read_cursor(listing.cursor)
    whole = await extent(engine, project, listing.range)
    if whole is None:
        return Page([], None)
    search = Search(engine, project, listing.filter, order)
    return await walk(search.fetch, search.through(whole, after), after, listing.limit)


async def find_runs(engine: Engine, project: str, trace_ids: Sequence[str]) -> list[Run]:
    """Those of the runs that exist, in no order, with exact sums."""
    if not trace_ids:
        return []
    params: dict[str, Param] = {"project": project, "trace_ids": list(trace_ids)}
    body, judged = await asyncio.gather(
        engine.query(run_sql(ask.sql("rows_of_traces")), params),
        ask.rows(engine, ask.sql("run_scores"), params, _Judged),
    )
    traces = ask.decode_rows(body, Trace)
    marks = ask.decode_rows(body, _Marks)
    repeating = [t.trace_id for t, mark in zip(traces, marks, strict=True) if mark.ambiguous]
    settled = await settle(engine, project, repeating)
    scores = {of_run.trace_id: of_run.scores for of_run in judged}
    return [
        _run(trace, mark, scores.get(trace.trace_id, []), settled.get(trace.trace_id))
        for trace, mark in zip(traces, marks, strict=True)
    ]


async def get_skeleton(engine: Engine, project: str, trace_id: str) -> bytes:
    """A run as the JSON that its page draws: totals, scores and every span in columns. Raises
    NotFound.

    The columns are the bytes that the engine wrote.
    """
    params = {"project": project, "trace_id": trace_id}
    found, columns, scores, logs = await asyncio.gather(
        find_runs(engine, project, [trace_id]),
        engine.query(_SKELETON, params, fmt="JSONColumns"),
        ask.rows(engine, ask.sql("trace_scores"), params, Score),
        engine.query(ask.sql("trace_logs"), params, fmt="TSV"),
    )
    if not found:
        raise NotFound(f"project {project} has no trace {trace_id}")
    run = found[0]
    head = msgspec.json.encode(
        {
            "trace": run.trace,
            "start_ns": str(run.first_ns),
            "uncounted": run.uncounted,
            "scores": scores,
            "log_count": int(logs),
        }
    )
    return head[:-1] + b',"spans":' + columns.rstrip() + b"}"


def _run(trace: Trace, marks: _Marks, scores: list[TraceScore], settled: Settled | None) -> Run:
    exact = settled.sums if settled else {}
    whole = msgspec.structs.replace(trace, scores=scores, **exact)
    return Run(whole, marks.first_ns, marks.last_ns, settled.uncounted if settled else [])


def run_sql(rows: str, more: Mapping[str, str] | None = None) -> str:
    """`run.sql` over `rows`, with `more` aggregates by name."""
    named = [f", {aggregate} AS {name}" for name, aggregate in (more or {}).items()]
    names = [f", {name}" for name in more or {}]
    return ask.sql("run", rows=rows, has="".join(named), has_names="".join(names))


class Search:
    """One search through the runs of a project, by a filter and in an order."""

    def __init__(self, engine: Engine, project: str, filter_: Filter, order: Order) -> None:
        self._engine = engine
        self._project = project
        self._where = run_where(filter_)
        self._order = order

    def through(self, whole: Window, after: Place | None) -> AsyncIterator[Window]:
        """The windows to look in, one after the other."""
        if self._order.of_time and not self._where.pointed:
            way = Walk(self._engine, self._project, self._order.descending)
            return way.windows(whole, after)
        return at_once(whole)

    async def fetch(self, window: Window, after: Place | None, count: int) -> list[Candidate[Run]]:
        """The next candidates of a window, each looked at over all its spans."""
        places = await self._places(window, after, count)
        runs = await find_runs(self._engine, self._project, [place.trace_id for place in places])
        by_id = {run.trace.trace_id: run for run in runs}
        return [
            Candidate(
                (place.place, place.trace_id, ""),
                self._accepted(by_id.get(place.trace_id), window),
            )
            for place in places
        ]

    def _accepted(self, run: Run | None, window: Window) -> Run | None:
        """The run, if it did start in the window and its exact sums satisfy the filter."""
        if run is None or not window.from_ns <= run.first_ns < window.to_ns:
            return None
        totals = Totals(run.trace.cost_usd, run.trace.input_tokens, run.trace.output_tokens)
        return run if all(holds(term, totals) for term in self._where.unsettled) else None

    async def _places(self, window: Window, after: Place | None, count: int) -> list[_Place]:
        """The runs that seem to start in the window, as the spans near it tell."""
        where, order = self._where, self._order
        # Without conditions a run's place is its first start alone, which needs no second look.
        plain = where.condition == "true" and order.of_time
        rows = ask.sql(
            "rows_between",
            final="" if plain else "FINAL",
            narrow=" AND ".join(where.rows) or "true",
        )
        statement = ask.sql(
            "run_places",
            runs=ask.sql("run_starts", rows=rows) if plain else run_sql(rows, where.has),
            place=order.sql,
            after=order.after(after, "trace_id"),
            condition=where.condition,
            direction=order.direction,
        )
        params: dict[str, Param] = {
            **where.params,
            "project": self._project,
            "from_ns": window.from_ns,
            "to_ns": window.to_ns,
            "rows_from_ns": window.from_ns,
            "rows_to_ns": window.to_ns if plain else clamp(window.to_ns + LONGEST_RUN_NS),
            "count": count,
            **place_params(after),
        }
        return await ask.rows(self._engine, statement, params, _Place)
