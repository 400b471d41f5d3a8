"""Runs: what a run is, in which order the list gives them, and which of them match a filter."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import make
from clew import filter as filters
from clew.errors import BadInput, NotFound
from clew.ingest import Ingest
from clew.query.times import HOUR_NS, Range
from clew.query.traces import Run, Trace, ask_runs, get_skeleton, list_runs
from clew.query.walk import Listing
from clew.span import Span
from clew.store.embedded import EmbeddedEngine

pytestmark = pytest.mark.anyio


async def find(engine: EmbeddedEngine, project: str, text: str = "", **given: object) -> list[Run]:
    """The runs of one page that match a filter."""
    listing = Listing(filter=filters.parse(text))._replace(**given)  # type: ignore[arg-type]
    return (await list_runs(engine, project, listing)).items


async def only(engine: EmbeddedEngine, project: str) -> Trace:
    """The one run of the project."""
    [run] = await find(engine, project)
    return run.trace


async def every_page(engine: EmbeddedEngine, project: str, listing: Listing) -> list[str]:
    """The trace ids of all pages, in order."""
    found: list[str] = []
    while True:
        page = await list_runs(engine, project, listing)
        found += [run.trace.trace_id for run in page.items]
        if page.next_cursor is None:
            return found
        listing = listing._replace(cursor=page.next_cursor)


async def test_run_is_summed_up_from_its_spans(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Names, counts, sums and previews come from whichever span says them."""
    root = make.agent(input__value="Plan a trip", output__value="Booked", start_ns=make.T0)
    call = make.llm(parent=root, session__id="s-1", user__id="u-1", start_ns=make.T0 + 10)
    look = make.tool(parent=root, error="timeout", start_ns=make.T0 + 20, seconds=4)
    await make.store(ingest, project, root, call, look)
    trace = await only(engine, project)
    assert (trace.name, trace.start_time) == ("planner", "2026-11-23T14:02:11.000000000Z")
    assert trace.duration_ms == pytest.approx(4000.00002)
    assert (trace.span_count, trace.error_count, trace.llm_calls, trace.tool_calls) == (3, 1, 1, 1)
    assert (trace.input_tokens, trace.output_tokens, trace.cost_usd) == (100, 10, None)
    assert (trace.cache_read_tokens, trace.unpriced_calls) == (None, 1)
    assert (trace.session_id, trace.user_id) == ("s-1", "u-1")
    assert (trace.agents, trace.models) == (["planner"], ["gpt-5"])
    assert (trace.input_preview, trace.output_preview) == ("Plan a trip", "Booked")
    assert (trace.status, trace.error_message) == ("ok", "")


async def test_what_a_guard_stopped_is_no_error(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """A run that was blocked left its spans by an exception, and says why; none of them failed."""
    root = make.agent(error="not about travel", error__type="GuardrailViolation")
    guard = make.tool(parent=root, error="not about travel", error__type="GuardrailViolation")
    await make.store(ingest, project, root, guard)
    trace = await only(engine, project)
    assert (trace.status, trace.outcome, trace.error_count) == ("error", "blocked", 0)
    assert trace.error_message == "not about travel"
    listing = Listing(filter=filters.parse("errors:0 -errors>0"))
    assert len((await list_runs(engine, project, listing)).items) == 1


async def test_sum_of_costs_ends_where_its_parts_do(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """0.1 and 0.2 are 0.3, in lists and in SQL alike."""
    root = make.agent()
    calls = [make.llm(parent=root, gen_ai__usage__cost=usd) for usd in (0.1, 0.2)]
    await make.store(ingest, project, root, *calls)
    assert (await only(engine, project)).cost_usd == 0.3
    ids = {"project": project, "trace_ids": [root.trace_id]}
    [run] = await ask_runs(engine, project, ids)
    assert run.trace.cost_usd == 0.3


async def test_span_that_runs_has_no_duration_yet(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Null in the skeleton, so that it is drawn as running; not 0."""
    root = make.agent(seconds=None, start_ns=make.T0)
    done = make.llm(parent=root, start_ns=make.T0, seconds=2)
    await make.store(ingest, project, root, done)
    skeleton = msgspec.json.decode(await get_skeleton(engine, project, root.trace_id))
    found = dict(zip(skeleton["spans"]["span_id"], skeleton["spans"]["duration_us"], strict=True))
    assert found == {root.span_id: None, done.span_id: 2_000_000}


async def test_run_without_root_speaks_through_all_its_spans(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Children that came before their root make a run, as bad as the worst of them."""
    first = make.llm(parent="feed", trace=make.trace_id())
    said = {"error": "denied", "error__type": "Denied"}
    second = make.tool("refund", parent="feed", trace=first.trace_id, **said)
    await make.store(ingest, project, first, second)
    trace = await only(engine, project)
    assert (trace.name, trace.status, trace.error_message) == ("gpt-5", "error", "denied")
    assert trace.error_type == "Denied"
    assert not trace.running


async def test_run_behind_an_http_request_is_named_after_the_agent(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """An HTTP root is how the agent was called, not what ran."""
    request = make.span("POST /chat", http__request__method="POST")
    await make.store(ingest, project, request, make.agent("planner", parent=request))
    assert (await only(engine, project)).name == "planner"


async def test_running_is_until_the_root_has_ended(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """An unfinished root is a running run; its end, sent later, finishes it, also out of order."""
    root = make.agent(seconds=None)
    await make.store(ingest, project, root, make.llm(parent=root))
    trace = await only(engine, project)
    assert (trace.running, trace.duration_ms, trace.outcome) == (True, None, "")
    ended = msgspec.structs.replace(root, end_ns=root.start_ns + 3 * make.SECOND)
    await make.store(ingest, project, ended)
    await make.store(ingest, project, root)
    trace = await only(engine, project)
    assert (trace.running, trace.duration_ms, trace.span_count) == (False, 3000.0, 2)
    assert await find(engine, project, "is:running") == []


async def test_a_run_that_ends_in_a_refusal_was_refused(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """The agent hands the refusal on and ends well; one that it got over doesn't count."""
    refused = make.agent()
    no = make.llm(parent=refused, gen_ai__response__finish_reasons=["content_filter"])
    went_on = make.agent()
    first = make.llm(parent=went_on, gen_ai__response__finish_reasons=["content_filter"])
    await make.store(ingest, project, refused, no, went_on, first, make.llm(parent=went_on))
    outcomes = {run.trace.trace_id: run.trace.outcome for run in await find(engine, project)}
    assert outcomes == {refused.trace_id: "refused", went_on.trace_id: "success"}


async def test_repeated_and_moved_spans_count_once(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """A span that comes again is one span, also where its later version lies in another hour."""
    root = make.agent()
    call = make.llm(parent=root, seconds=None)
    moved = msgspec.structs.replace(
        call, start_ns=call.start_ns + 2 * HOUR_NS, end_ns=call.start_ns + 3 * HOUR_NS
    )
    await make.store(ingest, project, root, call)
    await make.store(ingest, project, root, call)
    await make.store(ingest, project, moved)
    trace = await only(engine, project)
    assert (trace.span_count, trace.llm_calls, trace.input_tokens) == (2, 1, 100)


async def test_usage_that_is_told_twice_counts_once_everywhere(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """An agent that repeats the sum of its calls changes no total, in the list or on the page."""
    root = make.agent(gen_ai__usage__input_tokens=200, gen_ai__usage__output_tokens=20)
    calls = [make.llm(parent=root), make.llm(parent=root)]
    await make.store(ingest, project, root, *calls)
    skeleton = msgspec.json.decode(await get_skeleton(engine, project, root.trace_id))
    assert skeleton["uncounted"] == [root.span_id]
    assert skeleton["trace"]["input_tokens"] == 200
    assert (await only(engine, project)).input_tokens == 200
    assert len(await find(engine, project, "input_tokens:200")) == 1
    assert await find(engine, project, "input_tokens>300") == []
    assert await find(engine, project, "-tokens<300") == []


async def test_score_of_a_run_stands_in_its_row(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Scores of the run are in the list, those of its spans on the page only."""
    root = make.agent()
    scores = [
        make.score("helpful", 0.5, of=root, score_id="a", time_ns=2),
        make.score("helpful", 0.9, of=root, score_id="a", time_ns=2),
        make.score("tone", of=root, label="warm", data_type="category", time_ns=3),
        make.score("exact", 1, of=root, span_id=root.span_id, time_ns=1),
    ]
    await make.store(ingest, project, root)
    for score in scores:
        await make.store(ingest, project, scores=[score])
    listed = (await only(engine, project)).scores
    shown = [(score.name, score.value, score.label) for score in listed]
    assert shown == [("helpful", 0.9, ""), ("tone", None, "warm")]
    skeleton = msgspec.json.decode(await get_skeleton(engine, project, root.trace_id))
    assert [score["name"] for score in skeleton["scores"]] == ["exact", "helpful", "tone"]


async def test_unknown_run_is_not_found(engine: EmbeddedEngine, project: str) -> None:
    """Exactly one was asked for."""
    with pytest.raises(NotFound, match="no trace 0123"):
        await get_skeleton(engine, project, "0123")


async def test_pages_give_every_run_once_newest_first(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Over hours and days, with equal starts, forwards and backwards, in pages of any size."""
    starts = [0, 0, 1, 5, 5, 70, 4_000, 4_000, 90_000, 90_001, 700_000]
    runs = [make.agent(start_ns=make.T0 - seconds * make.SECOND) for seconds in starts]
    await make.store(ingest, project, *runs)
    newest_first = [
        run.trace_id for run in sorted(runs, key=lambda r: (r.start_ns, r.trace_id), reverse=True)
    ]
    for limit in (1, 3, 50):
        assert await every_page(engine, project, Listing(limit=limit)) == newest_first
    backwards = Listing(limit=3, order="-start_time")
    assert await every_page(engine, project, backwards) == newest_first[::-1]


async def test_cursor_stays_where_it_is_when_runs_arrive(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """The second page goes on after the first, whatever came in between."""
    runs = [make.agent() for _ in range(4)]
    await make.store(ingest, project, *runs)
    first = await list_runs(engine, project, Listing(limit=2))
    await make.store(ingest, project, make.agent(), make.agent())
    second = await list_runs(engine, project, Listing(limit=2, cursor=first.next_cursor))
    shown = [run.trace.trace_id for run in first.items + second.items]
    assert shown == [run.trace_id for run in reversed(runs)]


async def test_run_belongs_to_the_range_in_which_it_starts(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """A run whose later spans lie in a range didn't start there, and is whole where it did."""
    root = make.agent(start_ns=make.T0)
    late = make.llm(parent=root, start_ns=make.T0 + 5 * HOUR_NS)
    await make.store(ingest, project, root, late)
    after = Range(make.T0 + HOUR_NS, None)
    assert await find(engine, project, range=after) == []
    assert await find(engine, project, "kind:llm", range=after) == []
    [run] = await find(engine, project, "kind:llm", range=Range(None, make.T0 + HOUR_NS))
    assert run.trace.span_count == 2


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("duration", ["slow", "fast", "running"]),
        ("-duration", ["fast", "slow", "running"]),
        ("tokens", ["slow", "running", "fast"]),
        ("span_count", ["slow", "running", "fast"]),
        ("-span_count", ["fast", "running", "slow"]),
    ],
)
async def test_measures_order_the_whole_range(
    engine: EmbeddedEngine, ingest: Ingest, project: str, order: str, expected: list[str]
) -> None:
    """Largest first, `-` smallest first, unknown last; in pages too."""
    fast = make.agent("fast", seconds=1)
    slow = make.agent("slow", seconds=9)
    running = make.agent("running", seconds=None)
    calls = [make.llm(parent=slow), make.llm(parent=slow), make.llm(parent=running)]
    await make.store(ingest, project, fast, slow, running, *calls)
    names = {root.trace_id: root.attributes["gen_ai.agent.name"] for root in (fast, slow, running)}
    found = await every_page(engine, project, Listing(order=order, limit=1))
    assert [names[trace_id] for trace_id in found] == expected


async def test_unknown_order_is_refused(engine: EmbeddedEngine, project: str) -> None:
    """The refusal names the orders there are."""
    with pytest.raises(BadInput, match="start_time, duration, cost, tokens, span_count"):
        await list_runs(engine, project, Listing(order="size"))


@pytest.fixture
async def zoo(ingest: Ingest, project: str) -> dict[str, Span]:
    """Runs that differ in one thing each."""
    plain = make.agent("Plain", seconds=2, gen_ai__conversation__id="s_1")
    failed = make.agent("failed", error="quota exceeded", seconds=30)
    asked = make.agent("asked", input__value="Why was the refund late?\nRate limit, café, 退款政策")
    await make.store(
        ingest,
        project,
        plain,
        make.llm(parent=plain, gen_ai__request__model="gpt-5-mini"),
        failed,
        make.tool("refund", parent=failed, error="denied"),
        make.llm(parent=failed),
        asked,
        scores=[make.score("helpful", 0.9, of=asked), make.score("tone", of=plain, label="warm")],
    )
    return {"plain": plain, "failed": failed, "asked": asked}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "asked failed plain"),
        ("status:error", "failed"),
        ("-status:error", "asked plain"),
        ("outcome:success", "asked plain"),
        ("kind:tool", "failed"),
        ("-kind:llm", "asked"),
        ("kind:llm kind:tool", "failed"),
        ("kind:llm -kind:tool", "plain"),
        ("model:gpt-5", "failed"),
        ("model:gpt-5*", "failed plain"),
        ("model:GPT-5-MINI", "plain"),
        ("model:gpt-4,gpt-5-mini", "plain"),
        ("agent:plain", "plain"),
        ("tool:refund", "failed"),
        ("tool:ref_nd", ""),
        ("tool:ref*", "failed"),
        ("name:refund", "failed"),
        ('name:"execute_tool refund"', "failed"),
        ("error:*quota*", "failed"),
        ("has:error", "failed"),
        ("-has:error", "asked plain"),
        ("has:model", "failed plain"),
        ("session:s_1", "plain"),
        ("session:S_1", ""),
        ("session:s*", "plain"),
        ("session:s%", ""),
        ("-session:s_1", "asked failed"),
        ("duration>5s", "failed"),
        ("duration:1s..5s", "asked plain"),
        ("steps:1", "asked"),
        ("steps>=2", "failed plain"),
        ("errors>1", "failed"),
        ("llm_calls:0", "asked"),
        ("tool_calls:1", "failed"),
        ("tokens>100", "failed plain"),
        ("-tokens>100", "asked"),
        ("has:tokens", "failed plain"),
        ("cost>0", ""),
        ("-cost>0", "asked failed plain"),
        ("score.helpful>0.5", "asked"),
        ("score.helpful:0.9", "asked"),
        ("score.tone:warm", "plain"),
        ("-has:score.tone", "asked failed"),
        ("attributes.gen_ai.tool.name:refund", "failed"),
        ("attributes.gen_ai.usage.input_tokens>99", "failed plain"),
        ("has:attributes.gen_ai.tool.name", "failed"),
        ("refund", "asked"),
        ("REFUND late", "asked"),
        ("refun", ""),
        ('"late refund"', ""),
        ('"the refund"', "asked"),
        ('"rate limit"', "asked"),
        ("limit,", "asked"),
        ("CAFÉ", "asked"),
        ("退款", "asked"),
        ("款退", ""),
        ("-refund", "failed plain"),
        ("is:running", ""),
        ("-is:running kind:llm status:error errors:2", "failed"),
    ],
)
async def test_filter_picks_runs(
    engine: EmbeddedEngine, project: str, zoo: dict[str, Span], text: str, expected: str
) -> None:
    """A run's own values are compared with the run, anything else with its spans."""
    names = {span.trace_id: name for name, span in zoo.items()}
    found = {names[run.trace.trace_id] for run in await find(engine, project, text)}
    assert found == set(expected.split())


async def test_trace_and_span_ids_point_at_runs(
    engine: EmbeddedEngine, project: str, zoo: dict[str, Span]
) -> None:
    """Ids are found wherever in time they are."""
    failed = zoo["failed"]
    for text in (f"trace:{failed.trace_id}", f"span:{failed.span_id}"):
        [run] = await find(engine, project, text)
        assert run.trace.trace_id == failed.trace_id


nasty = st.text(
    alphabet=st.sampled_from([*"ab'\"\\%_*{}:;`\n\t\0é退\x1f?$"]), min_size=1, max_size=6
)


@given(value=nasty)
@settings(max_examples=15)
async def test_what_is_typed_never_becomes_sql(engine: EmbeddedEngine, value: str) -> None:
    """Any value in any kind of term is compared as a value."""
    glob = filters.Glob((value,))
    terms = (
        filters.Term(field="name", values=(glob, filters.Glob((value, "")))),
        filters.Term(field="session", values=(glob,)),
        filters.Term(field="tag", values=(glob,), negated=True),
        filters.Term(field="metadata", key=value, values=(glob,), negated=True),
        filters.Term(field="score", key=value, values=(glob,), negated=True),
        *([filters.Text(text=value, negated=True)] if value.strip() else []),
    )
    page = await list_runs(engine, "typed", Listing(filter=filters.Filter(terms=terms)))
    assert page.items == []
