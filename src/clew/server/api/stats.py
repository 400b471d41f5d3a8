"""`GET …/stats`, `GET …/facets` and `GET …/values`: numbers over time, and values of fields."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from litestar import get
from litestar.di import Provide
from litestar.params import Dependency, Parameter

from clew import filter as filters
from clew.query import facets
from clew.query import stats as query
from clew.query.facets import Facet
from clew.query.stats import Chart, Stats, Value
from clew.server.api.parameters import (
    AnyRequest,
    FilterText,
    From,
    Limit,
    To,
    read_range,
)
from clew.server.auth import Access
from clew.store.engine import Engine


class ValueList(msgspec.Struct, kw_only=True, frozen=True):
    """Values of a field, the most frequent first."""

    values: list[Value]


class FacetList(msgspec.Struct, kw_only=True, frozen=True):
    """Facets, in the order in which they were asked for."""

    facets: list[Facet]


Asked: TypeAlias = Annotated[Chart, Dependency(skip_validation=True)]


def read_chart(
    metric: str,
    group_by: Annotated[
        list[str] | None, Parameter(description="One or two, repeated or with a comma between.")
    ] = None,
    interval: Annotated[str | None, Parameter(description="Such as `1m`, `1h` or `1d`.")] = None,
    filter_: FilterText = "",
    from_: From = None,
    to: To = None,
) -> Chart:
    """The statistics that a URL asks for. Raises BadFilter and BadInput."""
    groups = [name for names in group_by or [] for name in names.split(",") if name]
    return Chart(metric, groups, interval, filters.parse(filter_), read_range(from_, to))


@get(
    "/api/projects/{project:str}/stats",
    tags=["stats"],
    dependencies={"chart": Provide(read_chart, sync_to_thread=False)},
)
async def get_stats(
    project: str, request: AnyRequest, access: Access, engine: Engine, chart: Asked
) -> Stats:
    """A metric over time, of the whole or of the largest groups."""
    await access.read(request.headers, project)
    return await query.get_stats(engine, project, chart)


def read_facets(
    fields: Annotated[list[str], Parameter(description="Repeated or with commas between.")],
    of: facets.Noun = "runs",
    filter_: FilterText = "",
    from_: From = None,
    to: To = None,
    limit: Limit = 20,
) -> facets.Question:
    """The facets that a URL asks for. Raises BadFilter and BadInput."""
    names = [name for some in fields for name in some.split(",") if name]
    return facets.Question(
        of, list(dict.fromkeys(names)), filters.parse(filter_), read_range(from_, to), limit
    )


@get(
    "/api/projects/{project:str}/facets",
    tags=["stats"],
    dependencies={"question": Provide(read_facets, sync_to_thread=False)},
)
async def list_facets(
    project: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    question: Annotated[facets.Question, Dependency(skip_validation=True)],
) -> FacetList:
    """How many of the runs (or spans) that match have each value of some fields; a field that the
    filter speaks of is counted without that."""
    await access.read(request.headers, project)
    return FacetList(facets=await facets.list_facets(engine, project, question))


@get("/api/projects/{project:str}/values", tags=["stats"])
async def list_values(
    project: str,
    request: AnyRequest,
    access: Access,
    engine: Engine,
    field: str,
    prefix: str = "",
    limit: Limit = 20,
) -> ValueList:
    """The most frequent values of a field of the filter in the last 168 hours that have data."""
    await access.read(request.headers, project)
    found = await query.list_values(engine, project, field, prefix=prefix, limit=limit)
    return ValueList(values=found)


stats_routes = [get_stats, list_facets, list_values]
