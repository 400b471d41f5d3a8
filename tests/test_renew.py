"""What is stored is understood and priced again, batch by batch, and only where it differs."""

from __future__ import annotations

import msgspec
import pytest

import make
from clew import filter as filters
from clew import renew as renewal
from clew.ingest import Ingest
from clew.query.whole import whole_spans
from clew.renew import Asked, Renewed, renew
from clew.span import Cost, Facts, Log, Span
from clew.store.engine import Engine

pytestmark = pytest.mark.anyio


class Prices:
    """One price for every call; None is unknown."""

    def __init__(self) -> None:
        self.usd: float | None = None

    def __call__(self, _facts: Facts, _at_ns: int) -> Cost | None:
        """The cost of any span."""
        return None if self.usd is None else Cost(total_usd=self.usd, source="operator")


async def facts_of(engine: Engine, project: str, span: Span) -> Facts:
    """The stored facts of a span."""
    [whole] = await whole_spans(engine, project, span.trace_id, span.span_id)
    return msgspec.json.decode(whole.facts, type=Facts)


async def all_of(engine: Engine, ingest: Ingest, project: str, asked: Asked) -> list[Renewed]:
    """Every batch."""
    done = [await renew(engine, ingest, project, asked)]
    while done[-1].next_cursor:
        done.append(
            await renew(engine, ingest, project, asked._replace(cursor=done[-1].next_cursor))
        )
    return done


async def misunderstood(ingest: Ingest, project: str, *spans: Span) -> None:
    """Store spans as an earlier version that knew nothing would have."""
    await ingest.rewrite(project, spans, {span.span_id: Facts() for span in spans})


async def test_spans_are_understood_again_once(
    ingest: Ingest, engine: Engine, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches of two: each is looked at, and the second time none is changed."""
    monkeypatch.setattr(renewal, "BATCH", 2)
    spans = [make.llm(), make.tool(), make.agent(), make.llm(), make.llm()]
    for span in spans:
        await misunderstood(ingest, project, span)
    first = await all_of(engine, ingest, project, Asked("everything"))
    assert [(one.looked_at, one.changed) for one in first] == [(2, 2), (2, 2), (1, 1)]
    assert first[0].total == 5
    assert [(await facts_of(engine, project, span)).kind for span in spans] == [
        "llm",
        "tool",
        "agent",
        "llm",
        "llm",
    ]
    again = await all_of(engine, ingest, project, Asked("everything"))
    assert sum(one.changed for one in again) == 0


async def test_a_filter_says_which(ingest: Ingest, engine: Engine, project: str) -> None:
    """Only what it finds is looked at."""
    old, other = make.llm("old"), make.llm("other")
    await misunderstood(ingest, project, old, other)
    [done] = await all_of(engine, ingest, project, Asked("everything", filters.parse("name:old")))
    assert (done.looked_at, done.changed) == (1, 1)
    assert (await facts_of(engine, project, other)).kind == "other"


async def test_what_logs_told_is_not_forgotten(
    ingest: Ingest, engine: Engine, project: str
) -> None:
    """A span is understood again together with its log records."""
    span = make.span("chat m", gen_ai__operation__name="chat", gen_ai__request__model="m")
    log = Log(
        trace_id=span.trace_id,
        span_id=span.span_id,
        time_ns=span.start_ns,
        event_name="gen_ai.client.inference.operation.details",
        attributes={"gen_ai.usage.input_tokens": 7},
    )
    await ingest.submit(project, spans=[span], logs=[log])
    await all_of(engine, ingest, project, Asked("everything"))
    usage = (await facts_of(engine, project, span)).usage
    assert usage is not None
    assert usage.input_tokens == 7


async def test_changed_prices_are_applied_but_what_senders_said_stays(
    engine: Engine, ingest: Ingest, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown becomes known, known becomes another or unknown; the client's word is its own."""
    prices = Prices()
    monkeypatch.setattr(ingest, "price", prices)
    ours, theirs = make.llm(), make.llm(clew__cost__total_usd=5.0)
    await misunderstood(ingest, project, make.agent())
    facts = {span.span_id: ingest.understand(span) for span in (ours, theirs)}
    facts[ours.span_id].cost = None
    await ingest.rewrite(project, [ours, theirs], facts)
    for usd, changed in ((0.5, 1), (0.5, 0), (0.25, 1), (None, 1)):
        prices.usd = usd
        [done] = await all_of(engine, ingest, project, Asked("prices"))
        assert done.changed == changed
        cost = (await facts_of(engine, project, ours)).cost
        assert (cost.total_usd if cost else None) == usd
    cost = (await facts_of(engine, project, theirs)).cost
    assert cost is not None
    assert (cost.total_usd, cost.source) == (5.0, "client")
