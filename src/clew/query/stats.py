"""Numbers over time, and the values that fields have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from clew.errors import BadInput
from clew.filter import FIELDS, Filter
from clew.query import ask
from clew.query.narrow import run_sql, span_columns
from clew.query.times import DAY_NS, HOUR_NS, SECOND_NS, Range, clamp, render_time
from clew.query.walk import Window, extent
from clew.query.where import FAILED, LONGEST_RUN_NS, bounds, run_where, span_where, text_columns
from clew.store.engine import Engine, Param

LOOK_BACK_NS: Final = DAY_NS
"""How far before the range spans are read, to see that a run had started before it."""

MAX_POINTS: Final = 1_500
MAX_GROUPS: Final = 50
MAX_VALUES: Final = 1_000


class Series(msgspec.Struct, kw_only=True, frozen=True):
    """The metric of one group: `points` are (time, value), without gaps. None is unknown, or
    nothing to take an average of."""

    group: dict[str, str]
    points: list[tuple[str, float | None]]


class Stats(msgspec.Struct, kw_only=True, frozen=True):
    """A metric over time; `total` is the metric of everything in the range, and not always the
    sum of the points."""

    interval_s: int
    series: list[Series]
    total: float | None


class Value(msgspec.Struct, kw_only=True, frozen=True):
    """A value of a field, and how many spans (or scores) have it."""

    value: str
    count: int


class Chart(NamedTuple):
    """What statistics are asked for: `group_by` at most two names; `interval` such as `1h`, or
    None for one that fits."""

    metric: str
    group_by: Sequence[str] = ()
    interval: str | None = None
    filter: Filter = Filter()
    range: Range = Range()


class Metric(NamedTuple):
    """`sql` is an aggregate over runs (`of_runs`) or spans; `empty` is its value where there are
    none."""

    sql: str
    of_runs: bool
    empty: float | None


class _Point(msgspec.Struct):
    level: int
    bucket: int
    group: list[str]
    value: float | None


class _Hours(msgspec.Struct):
    oldest: int
    newest: int


# Levels of a point: of one bucket of one group, of a whole group, of everything.
_OF_BUCKET: Final = 0
_OF_GROUP: Final = 1
_TOTAL: Final = 2

_NUMERIC: Final = ("number", "count", "duration", "flag")

METRICS: Final[dict[str, Metric]] = {
    "traces": Metric("uniqExact(trace_id)", True, 0),
    "errors": Metric(f"uniqExactIf(trace_id, {FAILED})", True, 0),
    "error_rate": Metric(f"uniqExactIf(trace_id, {FAILED}) / uniqExact(trace_id)", True, None),
    "duration_p50": Metric("quantile(0.5)(duration_ms)", True, None),
    "duration_p95": Metric("quantile(0.95)(duration_ms)", True, None),
    "duration_p99": Metric("quantile(0.99)(duration_ms)", True, None),
    "spans": Metric("count()", False, 0),
    "llm_calls": Metric("countIf(kind = 'llm')", False, 0),
    "tool_calls": Metric(
        "countIf(kind = 'tool' AND tool_call_id = '')"
        " + uniqExactIf((trace_id, tool_call_id), kind = 'tool' AND tool_call_id != '')",
        False,
        0,
    ),
    # NULL where nobody told: a sum that is not known is not 0.
    "input_tokens": Metric("sumIf(input_tokens, counted)", False, None),
    "output_tokens": Metric("sumIf(output_tokens, counted)", False, None),
    "cost_usd": Metric("round(sumIf(cost_usd, counted), 12)", False, None),
    "ttft_p50": Metric("quantile(0.5)(ttft_ns) / 1e6", False, None),
    "ttft_p95": Metric("quantile(0.95)(ttft_ns) / 1e6", False, None),
}
_PROMPT: Final = "concat(prompt_name, if(prompt_version = '', '', '@'), prompt_version)"
OF_SPAN: Final = {
    "outcome": "outcome",
    "kind": "kind",
    "model": "model",
    "provider": "provider",
    "agent": "agent_name",
    "tool": "tool_name",
    "prompt": _PROMPT,
    "environment": "environment",
    "release": "release",
    "user": "user_id",
    "service": "service",
    "name": "display_name",
    "status": "status",
}
# What a run has itself; by anything else a run counts once for each value among its spans.
_OF_RUN: Final = {
    "outcome": "outcome",
    "environment": "environment",
    "release": "release",
    "user": "user_id",
    "service": "service",
    "name": "name",
    "status": "status",
}
# Said once a run, on whichever span the sender chose, and meant for all its spans.
_SHARED: Final = ("user", "environment", "release")

_INTERVALS_S: Final = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000, 157_680_000,
)  # fmt: skip
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_INTERVAL: Final = re.compile(r"(?P<count>[1-9]\d{0,5})(?P<unit>[smhdw])")
_MOST_POINTS: Final = 120


async def get_stats(engine: Engine, project: str, chart: Chart) -> Stats:
    """A metric in buckets of time, of the whole or of the largest groups.

    Runs stand in the bucket in which they start and have to match the filter as runs; metrics of
    spans are over spans that match themselves. Raises BadInput for unknown names, more than two
    groups or too many points.
    """
    metric = _metric(chart.metric)
    groups = [_group(name, metric) for name in _known_groups(chart.group_by)]
    whole = await whole_range(engine, project, chart.range)
    interval_s = read_interval(chart.interval, whole)
    if whole is None:
        return Stats(interval_s=interval_s, series=[], total=metric.empty)
    wanted = " ".join([metric.sql, *groups])
    of = _of_runs if metric.of_runs else _of_spans
    source, params = of(chart, whole, wanted)
    statement = ask.sql(
        "stats",
        value=metric.sql,
        groups=", ".join(f"toString({sql})" for sql in groups),
        source=source,
        at="first_ns" if metric.of_runs else "start_ns",
    )
    params |= {
        "project": project,
        "from_ns": whole.from_ns,
        "to_ns": whole.to_ns,
        "interval_ns": interval_s * SECOND_NS,
        "most_groups": MAX_GROUPS,
    }
    points = await ask.rows(engine, statement, params, _Point)
    return _assemble(points, chart, interval_s, whole)


async def list_values(
    engine: Engine, project: str, field: str, *, prefix: str = "", limit: int = 20
) -> list[Value]:
    """The most frequent values of a filter's field in the last 168 hours that have data, or, of a
    field with keys (`metadata`, `metadata.`), its keys. Raises BadInput for fields without
    texts."""
    [held] = await ask.rows(engine, ask.sql("last_hours"), {"project": project}, _Hours)
    name, _, key = field.partition(".")
    params: dict[str, Param] = {
        "project": project,
        "rows_from_ns": held.oldest * HOUR_NS,
        "rows_to_ns": clamp((held.newest + 1) * HOUR_NS),
        "prefix": prefix,
        "key": key,
        "limit": limit,
    }
    if name == "score":
        statement = ask.sql("score_values", value="label" if key else "name")
    else:
        value = _values(name, key)
        rows = ask.sql("rows_between", columns=span_columns(value), final="", narrow="true")
        more = ask.sql("values_by_hand") if name == "tag" else ""
        statement = ask.sql("values", value=value, rows=rows, more=more)
    return await ask.rows(engine, statement, params, Value)


def read_interval(text: str | None, whole: Window | None) -> int:
    """Seconds of an interval such as `5m`; without one, a round number that gives up to 120
    points. Raises BadInput."""
    span_s = (whole.to_ns - whole.from_ns) / SECOND_NS if whole else 0
    if not text:
        fitting = (s for s in _INTERVALS_S if span_s / s <= _MOST_POINTS)
        return next(fitting, _INTERVALS_S[-1])
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise BadInput(f"{text!r} is no interval: expected a number and s, m, h, d or w, as in 5m")
    interval_s = int(found["count"]) * _UNITS_S[found["unit"]]
    if span_s / interval_s > MAX_POINTS:
        raise BadInput(
            f"{text} gives more than {MAX_POINTS} points: take a longer interval or a shorter range"
        )
    return interval_s


def _metric(name: str) -> Metric:
    if name not in METRICS:
        raise BadInput(f"unknown metric {name!r}: expected one of {', '.join(METRICS)}")
    return METRICS[name]


def _known_groups(names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if name not in OF_SPAN:
            raise BadInput(f"unknown group {name!r}: expected one of {', '.join(OF_SPAN)}")
    if len(names) > 2 or len(set(names)) < len(names):  # noqa: PLR2004 - a chart shows no more
        raise BadInput("group by one or two different values")
    return names


def _group(name: str, metric: Metric) -> str:
    """The column of the source that a group is."""
    if metric.of_runs:
        return _OF_RUN.get(name) or f"arrayJoin(if(empty(values_{name}), [''], values_{name}))"
    return f"run_{name}" if name in _SHARED else OF_SPAN[name]


def _of_runs(chart: Chart, whole: Window, wanted: str) -> tuple[str, dict[str, Param]]:
    where = run_where(chart.filter)
    named = {
        f"values_{name}": f"groupUniqArrayIf({OF_SPAN[name]}, {OF_SPAN[name]} != '')"
        for name in chart.group_by
        if name not in _OF_RUN
    }
    run = run_sql(
        "rows_between",
        f"{wanted} {where.condition}",
        named | where.has,
        final="FINAL",
        narrow=where.narrow,
    )
    return (
        ask.sql("stats_runs", run=run, condition=where.condition),
        {
            **where.params,
            "rows_from_ns": clamp(whole.from_ns - LOOK_BACK_NS),
            "rows_to_ns": clamp(whole.to_ns + LONGEST_RUN_NS),
        },
    )


def _of_spans(chart: Chart, whole: Window, wanted: str) -> tuple[str, dict[str, Param]]:
    where = span_where(chart.filter)
    rows = ask.sql(
        "rows_between",
        columns=span_columns("trace_id start_ns", wanted),
        final="FINAL",
        narrow=where.condition,
    )
    shared = not set(_SHARED).isdisjoint(chart.group_by)
    return (
        ask.sql("stats_spans", rows=rows) if shared else rows,
        {
            **where.params,
            **bounds(*whole),
            "shared_from_ns": clamp(whole.from_ns - LOOK_BACK_NS),
        },
    )


def _assemble(points: Sequence[_Point], chart: Chart, interval_s: int, whole: Window) -> Stats:
    """Series in order of size, their gaps filled."""
    metric = METRICS[chart.metric]
    total = next((point.value for point in points if point.level == _TOTAL), metric.empty)
    sizes = {tuple(point.group): point.value for point in points if point.level == _OF_GROUP}
    found: dict[tuple[str, ...], dict[int, float | None]] = {group: {} for group in sizes}
    for point in points:
        if point.level == _OF_BUCKET:
            found[tuple(point.group)][point.bucket] = point.value
    step = interval_s * SECOND_NS
    times = range(whole.from_ns // step * step, whole.to_ns, step)
    return Stats(
        interval_s=interval_s,
        series=[
            Series(
                group=dict(zip(chart.group_by, group, strict=True)),
                points=[(render_time(at), found[group].get(at, metric.empty)) for at in times],
            )
            for group in sorted(sizes, key=lambda group: (-(sizes[group] or 0), group))
        ],
        total=total,
    )


async def whole_range(engine: Engine, project: str, range_: Range) -> Window | None:
    """The range, its open ends set to where the project's spans begin and end."""
    held = await extent(engine, project, range_)
    if held is None:
        return None
    return Window(
        held.from_ns if range_.from_ns is None else range_.from_ns,
        held.to_ns if range_.to_ns is None else range_.to_ns,
    )


def _values(name: str, key: str) -> str:
    """The expression whose values a field has."""
    field = FIELDS.get(name)
    if field is None or field.type in _NUMERIC:
        texts = ", ".join(name for name, field in FIELDS.items() if field.type not in _NUMERIC)
        raise BadInput(f"{name!r} has no values to offer: expected one of {texts}")
    if field.keyed:
        return f"{name}[{{key:String}}]" if key else f"arrayJoin(mapKeys({name}))"
    if name == "tag":
        return "arrayJoin(tags)"
    return OF_SPAN.get(name) or text_columns(name)[0]
