"""What a run is, read in Python and by the engine."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import make
from clew.ingest import Ingest
from clew.query import traces
from clew.query.runs import Run
from clew.span import Span
from clew.store.embedded import EmbeddedEngine

pytestmark = pytest.mark.anyio

_KINDS = ("invoke_agent", "chat", "execute_tool", "")
some_times = st.integers(0, 5).map(lambda second: make.T0 + second * make.SECOND)
said = st.fixed_dictionaries(
    {},
    optional={
        "gen_ai.operation.name": st.sampled_from(_KINDS[:3]),
        "gen_ai.agent.name": st.sampled_from(["planner", "writer"]),
        "gen_ai.request.model": st.sampled_from(["gpt-5", "gpt-5-mini"]),
        "gen_ai.response.id": st.sampled_from(["r-1", "r-2"]),
        "gen_ai.response.finish_reasons": st.sampled_from([["stop"], ["content_filter"]]),
        "gen_ai.tool.call.id": st.sampled_from(["call-1", "call-2"]),
        "gen_ai.usage.input_tokens": st.integers(0, 1000),
        "gen_ai.usage.output_tokens": st.integers(0, 1000),
        "error.type": st.sampled_from(["KeyError", "TimeoutError"]),
        "gen_ai.usage.cost": st.sampled_from([0.25, 0.5]),
        "gen_ai.prompt.name": st.sampled_from(["plan", "write"]),
        "http.request.method": st.just("GET"),
        "session.id": st.sampled_from(["s-1", "s-2"]),
        "user.id": st.sampled_from(["u-1", "u-2"]),
        "input.value": st.sampled_from(["Plan it", "Say 'é'"]),
        "output.value": st.sampled_from(["Done", "No"]),
        "tag.tags": st.sampled_from([["a"], ["b", "a"]]),
    },
)


@dataclass(frozen=True)
class Sent:
    """A span to be sent: which of six it is, which may be sent twice, and what it says."""

    number: int
    parent: int | None
    start_ns: int
    seconds: float | None
    status: str
    attributes: dict[str, object]


sent_spans = st.lists(
    st.builds(
        Sent,
        number=st.integers(0, 5),
        parent=st.none() | st.integers(0, 6),
        start_ns=some_times,
        seconds=st.none() | st.sampled_from([-1.0, 0.0, 0.5, 2.0]),
        status=st.sampled_from(["unset", "ok", "error"]),
        attributes=said,
    ),
    min_size=1,
    max_size=8,
)


def as_span(trace_id: str, sent: Sent) -> Span:
    """The span that is sent."""
    span = make.span(
        f"step {sent.number}",
        trace=trace_id,
        span_id=f"{sent.number + 1:016x}",
        parent="" if sent.parent is None else f"{sent.parent + 1:016x}",
        start_ns=sent.start_ns,
        seconds=sent.seconds,
        error="it broke" if sent.status == "error" else "",
        status="unset" if sent.status == "unset" else "ok",
    )
    return msgspec.structs.replace(span, attributes=sent.attributes)


def told(run: Run) -> dict[str, object]:
    """A run by name, its floats rounded: two ways to sum may differ in the last bit."""
    values = {**msgspec.structs.asdict(run.trace), "first_ns": run.first_ns, "last_ns": run.last_ns}
    values["uncounted"] = sorted(run.uncounted)
    return {k: round(v, 9) if isinstance(v, float) else v for k, v in values.items()}


@given(sent=sent_spans)
@settings(max_examples=60)
async def test_engine_and_python_agree_on_what_a_run_is(
    engine: EmbeddedEngine, sent: list[Sent]
) -> None:
    """Lists and pages sum up runs in Python, filters and statistics by `run.sql`: whatever comes
    in whatever order and however often, both say the same."""
    project, trace_id = "twins", make.trace_id()
    ingest = Ingest(engine, interval_s=0.001)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ingest.run)
        for one in sent:
            await make.store(ingest, project, as_span(trace_id, one))
        tasks.cancel_scope.cancel()
    ids = {"project": project, "trace_ids": [trace_id]}
    [by_python] = await traces.find_runs(engine, project, [trace_id])
    [by_engine] = await traces.ask_runs(engine, project, ids)
    assert told(by_python) == told(by_engine)
    skeleton = msgspec.json.decode(await traces.get_skeleton(engine, project, trace_id))
    columns = msgspec.json.decode(await traces.ask_columns(engine, project, trace_id))
    assert skeleton["spans"] == columns
