"""What projects ask of the span store."""

from __future__ import annotations

import msgspec

from clew.ingest import Ingest
from clew.server.api.projects import ProjectCounts
from clew.store import deletion
from clew.store.engine import Engine

# A span may be there in several versions until they are merged. FINAL leaves one of each by the
# order of the table, without a set of all ids in memory.
_COUNTS = """
SELECT
    project,
    count() AS span_count,
    uniqExact(trace_id) AS trace_count,
    toString(fromUnixTimestamp64Nano(max(start_ns), 'UTC')) AS last_span_at
FROM spans FINAL
WHERE {project:Nullable(String)} IS NULL OR project = {project:Nullable(String)}
GROUP BY project
SETTINGS do_not_merge_across_partitions_select_final = 1
"""


class _Line(msgspec.Struct):
    project: str
    span_count: int
    trace_count: int
    last_span_at: str


class SpanStore:
    """`ProjectSpans` on the engine."""

    def __init__(self, engine: Engine, ingest: Ingest) -> None:
        self._engine = engine
        self._ingest = ingest

    async def counts(self, project: str | None) -> dict[str, ProjectCounts]:
        """See `ProjectSpans.counts`."""
        body = await self._engine.query(_COUNTS, {"project": project})
        return {
            line.project: ProjectCounts(
                span_count=line.span_count,
                trace_count=line.trace_count,
                last_span_at=line.last_span_at.replace(" ", "T") + "Z",
            )
            for line in msgspec.json.Decoder(_Line).decode_lines(body)
        }

    async def delete_project(self, project: str) -> None:
        """See `ProjectSpans.delete_project`."""
        async with self._ingest.paused(project):
            await deletion.delete_project(self._engine, project)
