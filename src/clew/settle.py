"""What only shows when a run's other parts are there, written to the rows soon after.

What is counted once: sums over many runs need no trees then.

A span is stored with its own evidence: a model call counts, an aggregate doesn't. Whether it
repeats another one shows only when the run's other spans are there, in whatever order they came.
So runs that changed are looked at again shortly after, and rows that turn out otherwise get a new
version. Lists and the page of a run don't wait for that: they resolve it when they read.

What a span's log records tell: some instrumentations keep messages, and even usage, off the span,
and logs travel apart from spans. A span that has such records is understood again with them. Coding
agents send nothing but log records: the spans of their runs are made of these.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence

import msgspec

from clew.errors import ClewError
from clew.ingest import Ingest
from clew.query import ask
from clew.query.narrow import run_sql
from clew.query.totals import settle
from clew.query.whole import whole_logs, whole_spans
from clew.store.engine import Engine
from clew.store.spans import SPAN_COLUMNS
from clew.wire.agent_logs import PREFIXES, spans_of

EVERY_S = 2.0
"""A question costs 40 ms to plan, and has the journal stored first: 2.5 % of the processor."""
QUIET_S = 1.0
"""A run that grew less than this ago waits, so that a burst of exports is settled once…"""
PATIENCE_S = 10.0
"""…but not longer than this."""
BATCH = 1_000
"""Runs settled with one question, which takes as long to plan for one as for all."""

log = logging.getLogger("clew")


_TOLD_IN_LOGS = """
SELECT DISTINCT trace_id, span_id FROM logs
WHERE project = {project:String} AND trace_id IN {trace_ids:Array(String)}
    AND if(
        span_id = '',
        arrayExists(prefix -> startsWith(event_name, prefix), {agents:Array(String)}),
        startsWith(event_name, 'gen_ai.')
    )
"""


class _Place(msgspec.Struct):
    trace_id: str
    span_id: str


class _Changed(msgspec.Struct):
    since: float
    last: float


async def told_in_logs(
    engine: Engine, project: str, trace_ids: Iterable[str]
) -> set[tuple[str, str]]:
    """(trace id, span id) of the spans of these runs that log records tell more of; the span id is
    "" for a run that is told in log records alone."""
    params = {"project": project, "trace_ids": sorted(trace_ids), "agents": list(PREFIXES)}
    places = await ask.rows(engine, _TOLD_IN_LOGS, params, _Place)
    return {(place.trace_id, place.span_id) for place in places}


class Settler:
    """Settles the runs that ingest tells it of. `run` must be running."""

    def __init__(self, engine: Engine, ingest: Ingest) -> None:
        self._engine = engine.unhurried()
        self._ingest = ingest
        self._changed: dict[tuple[str, str], _Changed] = {}
        ingest.on_commit(self._note)

    @property
    def waiting(self) -> int:
        """Runs that changed and aren't settled yet."""
        return len(self._changed)

    def _note(self, project: str, trace_ids: set[str]) -> None:
        now = time.monotonic()
        for trace_id in trace_ids:
            changed = self._changed.setdefault((project, trace_id), _Changed(now, now))
            changed.last = now

    async def run(self) -> None:
        """Settle what changed until cancelled. What fails is logged and tried again."""
        while True:
            await asyncio.sleep(EVERY_S)
            for project, trace_ids in self._due(time.monotonic()).items():
                for start in range(0, len(trace_ids), BATCH):
                    batch = trace_ids[start : start + BATCH]
                    try:
                        await self.settle(project, batch)
                    except ClewError as exc:
                        log.error("settling failed; it is tried again: %s", exc)  # noqa: TRY400
                        self._note(project, set(batch))

    def _due(self, now: float) -> dict[str, list[str]]:
        due: dict[str, list[str]] = {}
        for (project, trace_id), changed in list(self._changed.items()):
            if now - changed.last >= QUIET_S or now - changed.since >= PATIENCE_S:
                del self._changed[project, trace_id]
                due.setdefault(project, []).append(trace_id)
        return due

    async def settle(self, project: str, trace_ids: Sequence[str]) -> int:
        """Bring `counted` up to date in these runs; returns how many runs needed a look."""
        runs = run_sql("rows_of_traces", "ambiguous")
        found = await self._engine.query(
            f"SELECT trace_id FROM ({runs}) WHERE ambiguous",  # noqa: S608 - SQL of ours
            {"project": project, "trace_ids": list(trace_ids)},
        )
        ambiguous = [msgspec.json.decode(line)["trace_id"] for line in found.splitlines()]
        await self._join_logs(project, trace_ids)
        settled = await settle(self._engine, project, ambiguous)
        for trace_id, sums in settled.items():
            await self._rewrite(project, trace_id, sums.uncounted)
        return len(ambiguous)

    async def _join_logs(self, project: str, trace_ids: Sequence[str]) -> None:
        """Understand spans anew whose messages or usage came as log records, and make the spans of
        runs that are told in log records alone."""
        for trace_id, span_id in sorted(await told_in_logs(self._engine, project, trace_ids)):
            if span_id:
                await self._understand(project, trace_id, span_id)
            else:
                await self._tell(project, trace_id)

    async def _understand(self, project: str, trace_id: str, span_id: str) -> None:
        spans = await whole_spans(self._engine, project, trace_id, span_id, blobs=True)
        logs = await whole_logs(self._engine, project, trace_id, span_id)
        for whole in spans:
            facts = self._ingest.understand(whole.span, logs)
            if msgspec.json.encode(facts) != bytes(whole.facts):
                await self._ingest.rewrite(project, [whole.span], {span_id: facts})

    async def _tell(self, project: str, trace_id: str) -> None:
        """Write the spans of a coding agent's run that aren't stored as its logs tell them now."""
        spans = spans_of(await whole_logs(self._engine, project, trace_id, blobs=True))
        stored = {
            whole.span.span_id: whole.span
            for whole in await whole_spans(self._engine, project, trace_id, blobs=True)
        }
        changed = [span for span in spans if stored.get(span.span_id) != span]
        if changed:
            facts = {span.span_id: self._ingest.understand(span) for span in changed}
            await self._ingest.rewrite(project, changed, facts)

    async def _rewrite(self, project: str, trace_id: str, uncounted: list[str]) -> None:
        params = {"project": project, "trace_ids": [trace_id], "uncounted": uncounted}
        rows = ask.sql("rows_of_traces", columns=", ".join(SPAN_COLUMNS))
        # A version that arrives in between is newer than one more than the version it replaces.
        values = ", ".join(_VALUES.get(column, column) for column in SPAN_COLUMNS)
        await self._engine.query(
            f"INSERT INTO spans ({', '.join(SPAN_COLUMNS)})"  # noqa: S608 - columns of ours
            f" SELECT {values} FROM ({rows})"
            " WHERE (usage_scope != '' OR isNotNull(cost_usd))"
            " AND counted != (span_id NOT IN {uncounted:Array(String)})",
            params,
            fmt="Null",
        )


_VALUES = {
    "version": "version + 1",
    "counted": "span_id NOT IN {uncounted:Array(String)}",
}
