"""Metrics as they were received: which there are, and the points of one."""

from __future__ import annotations

import msgspec

from clew.query import ask
from clew.query.times import DAY_NS, Range, render_time
from clew.store.engine import Engine, Param

_LAST_NS = (1 << 63) - 1


class Metric(msgspec.Struct, kw_only=True, frozen=True):
    """A metric of a project. `kind` is gauge, sum, histogram, exponential_histogram or summary."""

    name: str
    kind: str
    unit: str
    services: list[str]
    point_count: int
    last_at: str


class MetricPoint(msgspec.Struct, kw_only=True, frozen=True):
    """A data point; `value` is the number or, of a distribution, the sum. `since` is when the
    counting began, "" where the sender doesn't say."""

    time: str
    since: str
    value: float | None
    count: int | None
    unit: str
    kind: str
    service: str
    attributes: dict[str, str]


class _Name(msgspec.Struct):
    name: str
    kind: str
    unit: str
    services: list[str]
    point_count: int
    last_ns: int


class _Point(msgspec.Struct):
    time_ns: int
    start_ns: int
    kind: str
    unit: str
    value: float | None
    count: int | None
    service: str
    attributes: dict[str, str]


async def list_metrics(engine: Engine, project: str, range_: Range) -> list[Metric]:
    """The metrics with points in the range, by name."""
    found = await ask.rows(engine, ask.sql("metric_names"), _params(project, range_), _Name)
    return [
        Metric(
            name=one.name,
            kind=one.kind,
            unit=one.unit,
            services=[service for service in one.services if service],
            point_count=one.point_count,
            last_at=render_time(one.last_ns),
        )
        for one in found
    ]


async def list_points(
    engine: Engine, project: str, name: str, range_: Range, *, limit: int
) -> list[MetricPoint]:
    """The newest points of a metric in the range, newest first."""
    params = {**_params(project, range_), "name": name, "limit": limit}
    found = await ask.rows(engine, ask.sql("metric_points"), params, _Point)
    return [
        MetricPoint(
            time=render_time(one.time_ns),
            since=render_time(one.start_ns) if one.start_ns else "",
            value=one.value,
            count=one.count,
            unit=one.unit,
            kind=one.kind,
            service=one.service,
            attributes=one.attributes,
        )
        for one in found
    ]


def _params(project: str, range_: Range) -> dict[str, Param]:
    from_ns = range_.from_ns or 0
    to_ns = _LAST_NS if range_.to_ns is None else range_.to_ns
    return {
        "project": project,
        "from_ns": from_ns,
        "to_ns": to_ns,
        "from_day": from_ns // DAY_NS,
        "to_day": to_ns // DAY_NS,
    }
