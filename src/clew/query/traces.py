"""Runs: the list of them, and one as a skeleton."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import msgspec

from clew.errors import NotFound
from clew.filter import Filter
from clew.query import ask
from clew.query.lately import Lately
from clew.query.narrow import run_sql, span_columns
from clew.query.order import Order, place_params, read_order
from clew.query.runs import (
    Run,
    SpanRow,
    Trace,
    TraceScore,
    decode_rows,
    sum_up_rows,
)
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
    read_cursor,
    walk,
    window_of,
)
from clew.query.where import LONGEST_RUN_NS, RUN_TOKENS, Totals, holds, run_where
from clew.score import Score
from clew.store.engine import Engine, Param


class _Marks(msgspec.Struct):
    first_ns: int
    last_ns: int | None
    ambiguous: bool


class _Judged(msgspec.Struct):
    trace_id: str = ""
    scores: list[TraceScore] = []
    hand_tags: list[str] = []


class _Place(msgspec.Struct):
    trace_id: str
    place: int | float


_MEASURES: Final = {
    "duration": "duration_ns",
    "cost": "cost_usd",
    "tokens": RUN_TOKENS,
    "span_count": "span_count",
    "error_count": "error_count",
}


_COLUMNS: Final = ask.sql("span_columns") + ask.sql("skeleton_digests")
_SKELETON: Final = ask.sql("skeleton", columns=_COLUMNS, more=ask.sql("skeleton_more"))
_LONG_SKELETON: Final = ask.sql(
    "long_skeleton",
    columns=_COLUMNS,
    stored=span_columns("span_id version start_ns end_ns", _COLUMNS),
)
_EVERY_COLUMN: Final = " ".join([*Trace.__struct_fields__, "last_ns", "ambiguous"])

MOST_SPANS: Final = 5_000
"""More spans are summed up by the engine, which reads them by two threads and hands on one row."""


async def list_runs(
    engine: Engine, project: str, listing: Listing = EVERYTHING, lately: Lately | None = None
) -> Page[Run]:
    """A page of the project's runs. A run is in the range if its first span starts there. Raises
    BadInput for an unknown order or a foreign cursor."""
    order = read_order(listing.order, "first_ns", _MEASURES)
    after = read_cursor(listing.cursor)
    lately = lately or Lately()
    search = Search(engine, project, listing.filter, order, lately)
    through = search.through(window_of(listing.range), after)
    page = await walk(search.fetch, through, after, listing.limit)
    if page.items and listing == Listing(limit=listing.limit):
        lately.note_newest(project, page.items[0].first_ns)
    return page


async def find_runs(
    engine: Engine, project: str, trace_ids: Sequence[str], lately: Lately | None = None
) -> list[Run]:
    """Those of the runs that exist, in no order, with exact sums."""
    lately = lately or Lately()
    known = lately.runs(project, trace_ids)
    missing = [trace_id for trace_id in trace_ids if trace_id not in known]
    if not missing:
        return list(known.values())
    params: dict[str, Param] = {"project": project, "trace_ids": missing}
    with lately.reading(project) as keep:
        runs, judged = await asyncio.gather(
            _sum_up(engine, project, params),
            ask.rows(engine, ask.sql("run_scores"), params, _Judged),
        )
        said = {of_run.trace_id: of_run for of_run in judged}
        found = [_judged(run, said.get(run.trace.trace_id, _Judged())) for run in runs]
        keep(found)
    return [*known.values(), *found]


async def get_skeleton(engine: Engine, project: str, trace_id: str) -> bytes:
    """A run as the JSON that its page draws: totals, scores and every span in columns. Raises
    NotFound.

    The columns are the bytes that the engine wrote.
    """
    params: dict[str, Param] = {"project": project, "trace_id": trace_id}
    (run, columns), scores, logs = await asyncio.gather(
        _run_and_columns(engine, project, trace_id),
        ask.rows(engine, ask.sql("trace_scores"), params, Score),
        engine.query(ask.sql("trace_logs"), params, fmt="TSV"),
    )
    head = msgspec.json.encode(
        {
            "trace": _judged(run, _of_run(scores)).trace,
            "start_ns": str(run.first_ns),
            "uncounted": run.uncounted,
            "scores": [score for score in scores if score.data_type != "tag"],
            "log_count": int(logs),
        }
    )
    return head[:-1] + b',"spans":' + columns + b"}"


async def _run_and_columns(engine: Engine, project: str, trace_id: str) -> tuple[Run, bytes]:
    """The run without its scores, and its spans in columns. Raises NotFound."""
    params: dict[str, Param] = {"project": project, "trace_id": trace_id}
    body = await engine.query(_SKELETON, params | {"most": MOST_SPANS + 1}, fmt="JSONColumns")
    columns = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    rows = _rows(trace_id, columns)
    if not rows:
        raise NotFound(f"project {project} has no trace {trace_id}")
    if len(rows) <= MOST_SPANS:
        [run] = sum_up_rows(rows)
        return run, _joined(rows, columns)
    ids: dict[str, Param] = {"project": project, "trace_ids": [trace_id]}
    [run], body = await asyncio.gather(
        ask_runs(engine, project, ids),
        ask_columns(engine, project, trace_id),
    )
    return run, body


async def ask_columns(engine: Engine, project: str, trace_id: str) -> bytes:
    """The spans of a run in columns as the engine writes them: for many spans."""
    params: dict[str, Param] = {"project": project, "trace_id": trace_id}
    return (await engine.query(_LONG_SKELETON, params, fmt="JSONColumns")).rstrip()


# The fields of a SpanRow after its trace's id, as a skeleton names them.
_ROW: Final = (
    "span_id", "parent_id", "_version", "_start_ns", "_end_ns", "name", "status", "_counted",
    "_has_content", "_facts",
)  # fmt: skip


def _rows(trace_id: str, columns: Mapping[str, msgspec.Raw]) -> list[SpanRow]:
    """The rows of a skeleton, in its order."""
    taken = [msgspec.json.decode(columns[name]) for name in _ROW]
    return [SpanRow(trace_id, *values) for values in zip(*taken, strict=True)]


def _joined(rows: Sequence[SpanRow], columns: Mapping[str, msgspec.Raw]) -> bytes:
    """The JSON of those columns that a skeleton shows, each span in its newest version."""
    by_version = sorted(range(len(rows)), key=lambda place: rows[place].version)
    kept = sorted({rows[place].span_id: place for place in by_version}.values())
    first_ns = min(rows[place].start_ns for place in kept)
    starts_us = [(rows[place].start_ns - first_ns) // 1000 for place in kept]
    shown = [(name, column) for name, column in columns.items() if not name.startswith("_")]
    if len(kept) < len(rows):
        shown = [(name, _picked(column, kept)) for name, column in shown]
    told = (b'"%s":%s' % (name.encode(), bytes(column)) for name, column in shown)
    return b'{"start_us":' + b",".join([msgspec.json.encode(starts_us), *told]) + b"}"


def _picked(column: msgspec.Raw, places: Sequence[int]) -> msgspec.Raw:
    values = msgspec.json.decode(column)
    return msgspec.Raw(msgspec.json.encode([values[place] for place in places]))


async def _sum_up(engine: Engine, project: str, params: dict[str, Param]) -> list[Run]:
    """The runs of `trace_ids`, without scores."""
    most: dict[str, Param] = {**params, "most": MOST_SPANS + 1}
    body = await engine.query(ask.sql("run_spans"), most, fmt="JSONCompactEachRow")
    rows = decode_rows(body)
    if len(rows) <= MOST_SPANS:
        return sum_up_rows(rows)
    return await ask_runs(engine, project, params)


async def ask_runs(engine: Engine, project: str, params: Mapping[str, Param]) -> list[Run]:
    """The runs `trace_ids` as `run.sql` sums them up, without scores: for many spans."""
    body = await engine.query(run_sql("rows_of_traces", _EVERY_COLUMN), params)
    traces = ask.decode_rows(body, Trace)
    marks = ask.decode_rows(body, _Marks)
    repeating = [t.trace_id for t, mark in zip(traces, marks, strict=True) if mark.ambiguous]
    settled = await settle(engine, project, repeating)
    return [
        _run(trace, mark, settled.get(trace.trace_id))
        for trace, mark in zip(traces, marks, strict=True)
    ]


def _run(trace: Trace, marks: _Marks, settled: Settled | None) -> Run:
    exact = settled.sums if settled else {}
    whole = msgspec.structs.replace(trace, **exact)
    return Run(whole, marks.first_ns, marks.last_ns, settled.uncounted if settled else [])


def _of_run(scores: Sequence[Score]) -> _Judged:
    """What scores of a run and of its spans say of the run."""
    own = [score for score in scores if score.span_id == "" and score.data_type != "tag"]
    tags = [score.label for score in scores if score.data_type == "tag" and score.value]
    shown = [TraceScore(name=s.name, value=s.value, label=s.label) for s in own]
    return _Judged(scores=shown, hand_tags=sorted(tags))


def _judged(run: Run, said: _Judged) -> Run:
    """The run with what was said of it."""
    trace = run.trace
    tags = sorted({*trace.tags, *said.hand_tags}) if said.hand_tags else trace.tags
    judged = msgspec.structs.replace(trace, scores=said.scores, tags=tags, hand_tags=said.hand_tags)
    return run._replace(trace=judged)


class Search:
    """One search through the runs of a project, by a filter and in an order."""

    def __init__(
        self, engine: Engine, project: str, filter_: Filter, order: Order, lately: Lately
    ) -> None:
        self._engine = engine
        self._project = project
        self._lately = lately
        self._where = run_where(filter_)
        self._order = order

    def through(self, whole: Window, after: Place | None) -> AsyncIterator[Window]:
        """The windows to look in, one after the other."""
        if self._order.of_time and not self._where.pointed:
            descending = self._order.descending
            newest_ns = self._lately.newest_ns(self._project) if descending else None
            way = Walk(self._engine, self._project, descending, newest_ns=newest_ns)
            return way.windows(whole, after)
        return at_once(whole)

    async def fetch(self, window: Window, after: Place | None, count: int) -> list[Candidate[Run]]:
        """The next candidates of a window, each looked at over all its spans."""
        places = await self._places(window, after, count)
        trace_ids = [place.trace_id for place in places]
        runs = await find_runs(self._engine, self._project, trace_ids, self._lately)
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
        statement = ask.sql(
            "run_starts" if plain else "run_places",
            runs="" if plain else self._runs_sql(),
            place=order.sql,
            after=order.after(after, "trace_id"),
            condition=where.condition,
            direction=order.direction,
            by_index=str(int(where.pointed)),
        )
        params: dict[str, Param] = {
            **where.params,
            "project": self._project,
            "from_ns": window.from_ns,
            "to_ns": window.to_ns,
            "rows_from_ns": window.from_ns,
            "rows_to_ns": clamp(window.to_ns + LONGEST_RUN_NS),
            "count": count,
            **place_params(after),
        }
        return await ask.rows(self._engine, statement, params, _Place)

    def _runs_sql(self) -> str:
        where = self._where
        return run_sql(
            "rows_between",
            f"{where.condition} {self._order.sql}",
            where.has,
            final="FINAL",
            narrow=where.narrow,
        )
