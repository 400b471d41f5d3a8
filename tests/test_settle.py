"""Sums over many runs count once, whatever order the spans came in."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from clew.ingest import Ingest
from clew.query.whole import whole_spans
from clew.settle import Settler
from clew.span import Facts, Log, Span
from clew.store.embedded import EmbeddedEngine
from clew.wire.agent_logs import placed
from clew.wire.otlp import decode_logs
from corpus.expected import HERE

pytestmark = pytest.mark.anyio

T0 = 1_795_442_531_000_000_000


def agent(**usage: int) -> Span:
    """An agent that repeats the sum of its calls."""
    attributes = {f"gen_ai.usage.{name}": value for name, value in usage.items()}
    return Span(
        trace_id="1" * 32,
        span_id="a" * 16,
        name="invoke_agent planner",
        start_ns=T0,
        end_ns=T0 + 10,
        attributes={"gen_ai.operation.name": "invoke_agent", **attributes},
    )


def call(number: int, **fields: str) -> Span:
    """A model call of ten and two tokens below the agent."""
    return Span(
        trace_id="1" * 32,
        span_id=f"{number:016x}",
        parent_id="a" * 16,
        name="chat gpt-4o",
        start_ns=T0 + number,
        end_ns=T0 + number + 1,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 2,
            **fields,
        },
    )


async def total(engine: EmbeddedEngine, project: str) -> int:
    """Input tokens by the rows alone, as statistics add them up."""
    body = await engine.query(
        "SELECT sumIf(input_tokens, counted) AS n FROM spans FINAL WHERE project = {p:String}",
        {"p": project},
    )
    return int(msgspec.json.decode(body)["n"] or 0)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_an_agents_sum_counts_only_without_its_calls(
    ingest: Ingest, engine: EmbeddedEngine, project: str, order: tuple[int, ...]
) -> None:
    """Agent and two calls in any order, settled after each: in the end the calls count."""
    settler = Settler(engine, ingest)
    spans = [agent(input_tokens=20, output_tokens=4), call(1), call(2)]
    for index in order:
        await ingest.submit(project, spans=[spans[index]])
        await settler.settle(project, ["1" * 32])
    assert await total(engine, project) == 20


async def test_an_agent_without_calls_counts_itself(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """A remote agent that only tells its sum is counted."""
    settler = Settler(engine, ingest)
    await ingest.submit(project, spans=[agent(input_tokens=20, output_tokens=4)])
    await settler.settle(project, ["1" * 32])
    assert await total(engine, project) == 20


async def test_a_call_seen_twice_counts_once(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """Two instrumentors report one call, with the provider's response id."""
    settler = Settler(engine, ingest)
    twice = [call(number, **{"gen_ai.response.id": "resp_1"}) for number in (1, 2)]
    await ingest.submit(project, spans=twice)
    await settler.settle(project, ["1" * 32])
    assert await total(engine, project) == 10


async def test_a_changed_run_is_settled_by_itself(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """Ingest tells the settler which runs changed."""
    settler = Settler(engine, ingest)
    await ingest.submit(project, spans=[call(1)])
    assert settler.waiting == 1


@pytest.mark.parametrize("logs_first", [True, False])
async def test_a_span_is_understood_with_its_logs(
    ingest: Ingest, engine: EmbeddedEngine, project: str, *, logs_first: bool
) -> None:
    """Messages and usage that came as a log record are in the span's facts and sums."""
    settler = Settler(engine, ingest)
    bare = Span(
        trace_id="1" * 32,
        span_id="a" * 16,
        name="chat gpt-4o",
        start_ns=T0,
        end_ns=T0 + 1,
        attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"},
    )
    log = Log(
        trace_id="1" * 32,
        span_id="a" * 16,
        time_ns=T0,
        event_name="gen_ai.client.inference.operation.details",
        attributes={
            "gen_ai.input.messages": [
                {"role": "user", "parts": [{"type": "text", "content": "what's the weather?"}]}
            ],
            "gen_ai.usage.input_tokens": 5,
        },
    )
    for logs in (True, False) if logs_first else (False, True):
        if logs:
            await ingest.submit(project, logs=[log])
        else:
            await ingest.submit(project, spans=[bare])
    await settler.settle(project, ["1" * 32])
    assert await total(engine, project) == 5
    body = await engine.query(
        "SELECT input_preview FROM spans FINAL WHERE project = {p:String}", {"p": project}
    )
    assert msgspec.json.decode(body) == {"input_preview": "what's the weather?"}
    written = ingest.committed_spans
    await settler.settle(project, ["1" * 32])
    assert ingest.committed_spans == written


async def test_log_records_of_a_coding_agent_become_a_run(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """In two exports, settled after each: one run with its sums, and nothing left to write."""
    settler = Settler(engine, ingest)
    body = (HERE / "claude-code-2.1.197" / "logs.otlp.pb").read_bytes()
    logs = decode_logs(body, "protobuf").logs[:17]
    trace_id = placed(logs[0]).trace_id
    for part in (logs[9:], logs[:9], logs):
        await ingest.submit(project, logs=part)
        await settler.settle(project, [trace_id])
    commits = ingest.commits
    await settler.settle(project, [trace_id])
    assert ingest.commits == commits
    spans = await whole_spans(engine, project, trace_id)
    assert next(whole.span for whole in spans if not whole.span.parent_id).name == (
        "invoke_agent claude-code"
    )
    calls = [whole for whole in spans if whole.span.name.startswith("chat ")]
    facts = [msgspec.json.decode(whole.facts, type=Facts).usage for whole in calls]
    told = sum(usage.input_tokens or 0 for usage in facts if usage)
    assert told > 0
    assert await total(engine, project) == told
