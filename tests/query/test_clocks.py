"""One project with spans at the start of time, now and at its end, as broken clocks send them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import pytest

import make
from clew import filter as filters
from clew.ingest import Ingest
from clew.query.search import list_hits
from clew.query.sessions import list_sessions
from clew.query.spans import list_spans
from clew.query.stats import Chart, get_stats, list_values
from clew.query.times import DAY_NS, Range
from clew.query.traces import list_runs
from clew.query.walk import SPANS, Listing, Page, Walk, extent
from clew.span import Span
from clew.store.embedded import EmbeddedEngine

pytestmark = pytest.mark.anyio

Item = TypeVar("Item")

LAST_NS = 9_223_372_036_854_775_000


@pytest.fixture
async def moments(ingest: Ingest, project: str) -> list[Span]:
    """Runs in 2262, now (two) and 1970, newest first, each in a session and saying hello."""
    starts = {"future": LAST_NS, "later": make.T0 + 1, "now": make.T0, "past": 0}
    runs = [
        make.agent(name, start_ns=at, seconds=0, session__id=name, input__value="hello")
        for name, at in starts.items()
    ]
    await make.store(ingest, project, *runs)
    return runs


@pytest.mark.parametrize("order", ["start_time", "-start_time"])
@pytest.mark.parametrize("limit", [1, 50])
async def test_lists_reach_every_time(
    engine: EmbeddedEngine, moments: list[Span], project: str, order: str, limit: int
) -> None:
    """Runs and spans come in order of time from 1970 to 2262, on one page or on many."""
    expected = [run.trace_id for run in moments][:: 1 if order == "start_time" else -1]
    listing = Listing(order=order, limit=limit)
    runs, spans = partial(list_runs, engine, project), partial(list_spans, engine, project)
    assert [run.trace.trace_id for run in await every_item(runs, listing)] == expected
    assert [span.trace_id for span in await every_item(spans, listing)] == expected


async def every_item(
    list_: Callable[[Listing], Awaitable[Page[Item]]], listing: Listing
) -> list[Item]:
    """What all pages of a list hold."""
    page = await list_(listing)
    found = page.items
    while page.next_cursor is not None:
        page = await list_(listing._replace(cursor=page.next_cursor))
        found += page.items
    return found


@pytest.mark.parametrize("order", ["duration", "cost", "tokens"])
async def test_measures_rank_every_time(
    engine: EmbeddedEngine, moments: list[Span], project: str, order: str
) -> None:
    """A list by a measure has all runs and spans, whenever they were."""
    listing = Listing(order=order)
    assert len((await list_runs(engine, project, listing)).items) == len(moments)
    assert len((await list_spans(engine, project, listing)).items) == len(moments)


async def test_filter_finds_a_run_of_any_time(
    engine: EmbeddedEngine, moments: list[Span], project: str
) -> None:
    """By id, by name and by the size of its run, one run is one row."""
    for run, name in zip(moments, ("future", "later", "now", "past"), strict=True):
        for text in (f"trace:{run.trace_id}", f"agent:{name}", f"agent:{name} hello steps:1"):
            listing = Listing(filter=filters.parse(text))
            [found] = (await list_runs(engine, project, listing)).items
            assert found.trace.trace_id == run.trace_id
            [row] = (await list_spans(engine, project, listing)).items
            assert row.trace_id == run.trace_id


async def test_sessions_and_search_reach_every_time(
    engine: EmbeddedEngine, moments: list[Span], project: str
) -> None:
    """All sessions and all hits, the newest first."""
    sessions = (await list_sessions(engine, project)).items
    assert [one.session_id for one in sessions] == ["future", "later", "now", "past"]
    hits = (await list_hits(engine, project, "hello")).items
    assert [hit.trace_id for hit in hits] == [run.trace_id for run in moments]


@pytest.mark.parametrize("metric", ["traces", "spans"])
async def test_stats_count_every_time(
    engine: EmbeddedEngine, moments: list[Span], project: str, metric: str
) -> None:
    """Without a range all are counted; a range without an end counts the future; one of today
    counts neither 1970 nor 2262."""
    whole = await get_stats(engine, project, Chart(metric))
    assert whole.total == len(moments)
    assert len(whole.series[0].points) <= 121
    onwards = Chart(metric, range=Range(make.T0 - DAY_NS))
    assert (await get_stats(engine, project, onwards)).total == 3
    today = Chart(metric, group_by=("user",), range=Range(make.T0 - DAY_NS, make.T0 + DAY_NS))
    assert (await get_stats(engine, project, today)).total == 2


async def test_values_come_from_every_time(
    engine: EmbeddedEngine, moments: list[Span], project: str
) -> None:
    """A span of 2262 hides no name of today."""
    assert len(await list_values(engine, project, "name")) == len(moments)


@pytest.mark.usefixtures("moments")
async def test_walk_jumps_over_what_is_empty(engine: EmbeddedEngine, project: str) -> None:
    """Three moments in three centuries are three windows of at most six hours."""
    whole = await extent(engine, project, Range())
    assert whole is not None
    assert whole.to_ns == 2**63 - 1
    for descending in (True, False):
        way = Walk(engine, project, descending)
        found = [window async for window in way.windows(whole, None)]
        assert len(found) == 3
        assert all(window.to_ns - window.from_ns <= 6 * SPANS.unit_ns for window in found)
