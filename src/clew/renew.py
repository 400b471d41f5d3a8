"""What is stored is understood, or priced, again: after a better dialect, a rule, another price.

    places ─► whole spans, their logs ─► facts, as they are now ─► those that differ: rewritten

Batch by batch, each asked for on its own, so that whoever asks can stop and go on. A span whose
facts are as they were is left alone, so asking twice changes nothing.
"""

from __future__ import annotations

import time
from typing import Final, Literal, NamedTuple

import msgspec

from clew.filter import Filter
from clew.ingest import Ingest
from clew.query import ask
from clew.query.times import Range
from clew.query.walk import window_of
from clew.query.where import bounds, span_where
from clew.query.whole import WholeSpan, whole_logs, whole_spans_of
from clew.settle import told_in_logs
from clew.span import Facts
from clew.store.engine import Engine, Param
from clew.store.spans import FINISHED

BATCH: Final = 200
"""Spans of a batch; read whole, each with all that was said."""

What = Literal["everything", "prices"]


class Asked(NamedTuple):
    """Which spans, and what of them: all that the dialects understand, or only what they cost."""

    what: What
    filter: Filter = Filter()
    range: Range = Range()
    cursor: str | None = None


class Renewed(msgspec.Struct, kw_only=True, frozen=True):
    """One batch. `total` is about how many spans there are in all, told with the first one;
    `next_cursor` is None when all were looked at."""

    looked_at: int
    changed: int
    total: int | None = None
    next_cursor: str | None = None


class _Place(msgspec.Struct):
    hour: int
    trace_id: str
    span_id: str


class _After(msgspec.Struct, array_like=True):
    began_ns: int
    hour: int = 0
    trace_id: str = ""
    span_id: str = ""


class _Count(msgspec.Struct):
    n: int


async def renew(engine: Engine, ingest: Ingest, project: str, asked: Asked) -> Renewed:
    """Do the next batch; what it changed is durable. Raises BadInput for a foreign cursor."""
    after = _After(time.time_ns())
    if asked.cursor is not None:
        after = ask.decode_cursor(asked.cursor, _After)
    where = span_where(asked.filter)
    window = window_of(asked.range)
    params: dict[str, Param] = {
        **bounds(window.from_ns, window.to_ns),
        **where.params,
        **msgspec.structs.asdict(after),
        "project": project,
        "finished": FINISHED,
        "count": BATCH,
    }
    statement = ask.sql("renew_places", condition=where.condition)
    places = await ask.rows(engine, statement, params, _Place)
    total = None
    if asked.cursor is None:
        counted = ask.sql("renew_count", condition=where.condition)
        total = (await ask.rows(engine, counted, params, _Count))[0].n
    changed = await _renew(engine, ingest, project, places, asked.what)
    return Renewed(
        looked_at=len(places),
        changed=changed,
        total=total,
        next_cursor=_cursor(after, places[-1]) if len(places) == BATCH else None,
    )


def _cursor(after: _After, last: _Place) -> str:
    return ask.encode_cursor([after.began_ns, last.hour, last.trace_id, last.span_id])


async def _renew(
    engine: Engine, ingest: Ingest, project: str, places: list[_Place], what: What
) -> int:
    """Rewrite what is understood otherwise now; returns how many spans that were."""
    wanted = {(place.trace_id, place.span_id) for place in places}
    if not wanted:
        return 0
    found = await whole_spans_of(
        engine, project, {trace_id for trace_id, _ in wanted}, {span_id for _, span_id in wanted}
    )
    logged: set[tuple[str, str]] = set()
    if what == "everything":
        logged = await told_in_logs(engine, project, {trace_id for trace_id, _ in wanted})
    changed: dict[str, list[tuple[WholeSpan, Facts]]] = {}
    for whole in found:
        place = whole.span.trace_id, whole.span.span_id
        if place not in wanted:
            continue
        if what == "prices":
            facts = _priced(ingest, whole)
        else:
            logs = await whole_logs(engine, project, *place) if place in logged else []
            facts = ingest.understand(whole.span, logs)
        if msgspec.json.encode(facts) != bytes(whole.facts):
            changed.setdefault(place[0], []).append((whole, facts))
    # Trace by trace: facts are told by span id, which only a trace keeps apart.
    for pairs in changed.values():
        facts_by_id = {whole.span.span_id: facts for whole, facts in pairs}
        await ingest.rewrite(project, [whole.span for whole, _ in pairs], facts_by_id)
    return sum(map(len, changed.values()))


def _priced(ingest: Ingest, whole: WholeSpan) -> Facts:
    """The stored facts with what the span costs by the prices of now. What the sender said it
    cost stays."""
    facts = msgspec.json.decode(whole.facts, type=Facts)
    if facts.usage is not None and (facts.cost is None or facts.cost.source != "client"):
        facts.cost = ingest.price(facts, whole.span.start_ns)
    return facts
