"""Numbers over time, completion, and times as they are asked for."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

import make
from clew import filter as filters
from clew.errors import BadInput
from clew.ingest import Ingest
from clew.query.stats import Chart, Stats, Value, get_stats, list_values, read_interval
from clew.query.times import DAY_NS, HOUR_NS, Range, parse_range, parse_time, render_time
from clew.query.walk import Window
from clew.store.embedded import EmbeddedEngine

pytestmark = pytest.mark.anyio

START = make.T0 // HOUR_NS * HOUR_NS
HOURS = Range(START, START + 4 * HOUR_NS)


@pytest.fixture
async def charted(ingest: Ingest, project: str) -> str:
    """Three runs in the first and third of four hours; the last has no model call."""
    a = make.agent("a", start_ns=START + 1, user__id="ann", seconds=2)
    b = make.agent("b", start_ns=START + 2, user__id="bob", seconds=4, error="broke")
    c = make.agent("c", start_ns=START + 2 * HOUR_NS, seconds=6)
    calls = [
        make.llm(parent=a, start_ns=START + 3),
        make.llm(parent=b, start_ns=START + HOUR_NS, gen_ai__request__model="gpt-4"),
    ]
    await make.store(ingest, project, a, b, c, *calls)
    return project


def shape(stats: Stats) -> dict[str, list[float | None]]:
    """The values of each group."""
    return {
        ",".join(one.group.values()): [value for _, value in one.points] for one in stats.series
    }


@dataclass
class Case:
    """A chart, its series by group and its total."""

    metric: str
    series: dict[str, list[float | None]]
    total: object
    group_by: tuple[str, ...] = ()
    filter: str = ""


CASES = [
    Case("traces", {"": [2, 0, 1, 0]}, 3),
    Case("errors", {"": [1, 0, 0, 0]}, 1),
    Case("error_rate", {"": [0.5, None, 0, None]}, pytest.approx(1 / 3)),
    Case("duration_p50", {"": [None, None, 6000, None]}, 6000, filter="agent:c"),
    Case("spans", {"": [3, 1, 1, 0]}, 5),
    Case("llm_calls", {"": [1, 1, 0, 0]}, 2),
    Case("input_tokens", {"": [100, 100, None, None]}, 200),
    Case("cost_usd", {"": [None] * 4}, None),
    Case("output_tokens", {"": [None, None, None, None]}, None, filter="kind:agent"),
    Case("ttft_p50", {"": [None, None, None, None]}, None),
    Case("llm_calls", {"ann": [1, 0, 0, 0], "bob": [0, 1, 0, 0], "": [0] * 4}, 2, ("user",)),
    Case("traces", {"": [0, 0, 1, 0], "gpt-4": [1, 0, 0, 0], "gpt-5": [1, 0, 0, 0]}, 3, ("model",)),
    Case("traces", {"a,ok": [1, 0, 0, 0]}, 1, ("name", "status"), "model:gpt-5"),
    Case("spans", {"llm": [1, 1, 0, 0]}, 2, ("kind",), "kind:llm"),
    Case("spans", {"": [3, 1, 0, 0]}, 4, (), "llm_calls:1 steps:2 -tool:x -name:nobody"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.metric} {case.group_by}")
async def test_metric_over_time(engine: EmbeddedEngine, charted: str, case: Case) -> None:
    """Buckets by start without gaps: counts are 0 where nothing was, what nobody told unknown."""
    chart = Chart(case.metric, case.group_by, "1h", filters.parse(case.filter), HOURS)
    stats = await get_stats(engine, charted, chart)
    assert stats.interval_s == 3600
    assert stats.total == case.total
    assert shape(stats) == case.series
    assert all(one.points[0][0] == render_time(START) for one in stats.series)


async def test_what_was_blocked_is_not_among_the_errors(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """A run stopped by a guard has the status error, and yet did not fail."""
    await make.store(
        ingest,
        project,
        make.agent(start_ns=START, error="off topic", error__type="GuardrailViolation"),
        make.agent(start_ns=START, error="broke"),
    )
    for metric, value in (("errors", 1), ("error_rate", 0.5)):
        assert (await get_stats(engine, project, Chart(metric, range=HOURS))).total == value


@pytest.mark.parametrize(
    ("chart", "message"),
    [
        (Chart("size"), "unknown metric 'size'"),
        (Chart("spans", ("size",)), "unknown group 'size'"),
        (Chart("spans", ("kind", "model", "name")), "one or two"),
        (Chart("spans", (), "often"), "no interval"),
        (Chart("spans", (), "1s", range=HOURS), "more than 1500 points"),
    ],
)
async def test_wrong_chart_is_refused(
    engine: EmbeddedEngine, charted: str, chart: Chart, message: str
) -> None:
    """Unknown names and too many points say what would do."""
    with pytest.raises(BadInput, match=message):
        await get_stats(engine, charted, chart)


@given(st.integers(1, 4000 * DAY_NS))
def test_absent_interval_gives_a_readable_chart(span_ns: int) -> None:
    """Up to 120 points, whatever the range."""
    interval_s = read_interval(None, Window(0, span_ns))
    assert span_ns / (interval_s * 1e9) <= 120


async def test_values_are_offered_by_frequency(engine: EmbeddedEngine, charted: str) -> None:
    """Values of a field, keys of a field with keys, values of a key; narrowed by a prefix."""
    assert await list_values(engine, charted, "kind") == [
        Value(value="agent", count=3),
        Value(value="llm", count=2),
    ]
    assert await list_values(engine, charted, "model", prefix="GPT-4") == [
        Value(value="gpt-4", count=1)
    ]
    keys = await list_values(engine, charted, "attributes", prefix="gen_ai.agent")
    assert keys == [Value(value="gen_ai.agent.name", count=3)]
    names = await list_values(engine, charted, "attributes.gen_ai.agent.name", limit=2)
    assert [one.value for one in names] == ["a", "b"]
    with pytest.raises(BadInput, match="'cost' has no values"):
        await list_values(engine, charted, "cost")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T14:02:11Z", make.T0),
        ("2026-11-23T14:02:11.123456789Z", make.T0 + 123_456_789),
        ("2026-11-23T15:02:11.5+01:00", make.T0 + 500_000_000),
        ("2026-11-23T14:02:11", make.T0),
        ("2026-11-23", make.T0 - (14 * 3600 + 131) * make.SECOND),
        ("now", 10 * DAY_NS),
        ("now-24h", 9 * DAY_NS),
        ("now-15m", 10 * DAY_NS - 15 * 60 * make.SECOND),
        ("now-1w", 3 * DAY_NS),
    ],
)
def test_times_are_read(text: str, expected: int) -> None:
    """ISO 8601 with up to nine decimals, and relative to now."""
    assert parse_time(text, 10 * DAY_NS) == expected


@pytest.mark.parametrize(
    "text", ["yesterday", "now-1", "2026-13-01", "1960-01-01", "9999-01-01", ""]
)
def test_other_times_are_refused(text: str) -> None:
    """The refusal says what a time looks like."""
    with pytest.raises(BadInput):
        parse_time(text, 0)


def test_range_that_ends_before_it_starts_is_refused() -> None:
    """An empty range is a mistake, not an empty answer."""
    with pytest.raises(BadInput, match="ends before it starts"):
        parse_range("now", "now-1h", DAY_NS)


@given(st.integers(0, 2**62))
def test_rendered_time_is_read_as_the_same(time_ns: int) -> None:
    """Parse ∘ render is the identity on times."""
    assert parse_time(render_time(time_ns), 0) == time_ns
