"""`GET …/metrics` and `GET …/metrics/{name}`: the data points that senders measured themselves."""

from __future__ import annotations

import msgspec
from litestar import get

from clew.query import metrics as query
from clew.query.metrics import Metric, MetricPoint
from clew.server.api.parameters import AnyRequest, From, Limit, To, read_range
from clew.server.auth import Access
from clew.store.engine import Engine


class MetricList(msgspec.Struct, kw_only=True, frozen=True):
    """The metrics of a project, by name."""

    metrics: list[Metric]


class PointList(msgspec.Struct, kw_only=True, frozen=True):
    """Points of one metric, the newest first."""

    points: list[MetricPoint]


@get("/api/projects/{project:str}/metrics", tags=["metrics"])
async def list_metrics(
    project: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    from_: From = None,
    to: To = None,
) -> MetricList:
    """Which metrics came in, such as `claude_code.token.usage`."""
    await access.read(request.headers, project)
    return MetricList(metrics=await query.list_metrics(engine, project, read_range(from_, to)))


@get("/api/projects/{project:str}/metrics/{name:str}", tags=["metrics"])
async def list_points(
    project: str,
    name: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    from_: From = None,
    to: To = None,
    limit: Limit = 1_000,
) -> PointList:
    """The newest points of a metric."""
    await access.read(request.headers, project)
    range_ = read_range(from_, to)
    return PointList(points=await query.list_points(engine, project, name, range_, limit=limit))


metric_routes = [list_metrics, list_points]
