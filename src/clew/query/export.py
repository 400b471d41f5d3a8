"""Runs as files: lines of JSON, CSV, or Parquet, as the engine writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from clew.query import ask
from clew.query.narrow import run_sql
from clew.query.traces import list_runs
from clew.query.walk import Listing
from clew.store.engine import Engine

Format = Literal["jsonl", "csv", "parquet"]

MOST_RUNS: Final = 10_000
"""In one file."""
_AT_ONCE: Final = 1_000

_FORMATS: Final[dict[Format, str]] = {
    "jsonl": "JSONEachRow",
    "csv": "CSVWithNames",
    "parquet": "Parquet",
}
# CSV has no lists: what a cell holds of them is for people.
_LISTS: Final = {
    "agents": "agents",
    "models": "models",
    "prompts": "prompts",
    "tags": "all_tags",
    "scores": "all_scores",
}
_JOINED: Final = {name: f"arrayStringConcat({sql}, ', ')" for name, sql in _LISTS.items()} | {
    "scores": (
        "arrayStringConcat(arrayMap(score -> concat(score.name, '=', if(score.label != '',"
        " score.label, toString(score.value))), all_scores), ', ')"
    )
}


async def export_runs(
    engine: Engine, project: str, trace_ids: Sequence[str], form: Format
) -> bytes:
    """Those of the runs that exist, with the columns of the list, the newest first."""
    lists = _JOINED if form == "csv" else _LISTS
    wanted = ask.sql("view_traces", run="")
    statement = ask.sql(
        "export_runs",
        run=run_sql("rows_of_traces", wanted),
        judged=ask.sql("run_scores"),
        **lists,
    )
    params = {"project": project, "trace_ids": list(trace_ids)}
    return await engine.query(statement, params, fmt=_FORMATS[form])


async def matching_ids(engine: Engine, project: str, listing: Listing) -> list[str]:
    """The ids of the first runs of a list, as many as `listing.limit` asks for."""
    found: list[str] = []
    cursor = listing.cursor
    while len(found) < listing.limit:
        count = min(_AT_ONCE, listing.limit - len(found))
        page = await list_runs(engine, project, listing._replace(limit=count, cursor=cursor))
        found += [run.trace.trace_id for run in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found
