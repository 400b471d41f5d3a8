"""Deleting for good: rows are rewritten out of every part before these return.

Contents go with their trace. A delete that the process doesn't survive is finished by the engine
after the next start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from clew.store.engine import Engine, Param
from clew.store.spans import DAY_NS

BY_TRACE = ("spans", "contents", "logs", "scores")
ALL = (*BY_TRACE, "metrics")
BATCH = 1_000
"""Trace ids in one statement."""


async def delete_traces(engine: Engine, project: str, trace_ids: Sequence[str]) -> None:
    """Remove the traces with everything that belongs to them."""
    for start in range(0, len(trace_ids), BATCH):
        batch = list(trace_ids[start : start + BATCH])
        for table in BY_TRACE:
            await _delete(
                engine,
                table,
                "project = {project:String} AND trace_id IN {trace_ids:Array(String)}",
                {"project": project, "trace_ids": batch},
            )


async def delete_session(engine: Engine, project: str, session_id: str) -> int:
    """Remove the session's traces and scores; returns how many traces there were."""
    trace_ids = await _trace_ids(engine, project, "session_id", session_id)
    await delete_traces(engine, project, trace_ids)
    await _delete(
        engine,
        "scores",
        "project = {project:String} AND session_id = {session_id:String}",
        {"project": project, "session_id": session_id},
    )
    return len(trace_ids)


async def delete_user(engine: Engine, project: str, user_id: str) -> int:
    """Remove the traces of a user; returns how many there were."""
    trace_ids = await _trace_ids(engine, project, "user_id", user_id)
    await delete_traces(engine, project, trace_ids)
    return len(trace_ids)


async def delete_project(engine: Engine, project: str) -> None:
    """Remove all that the project holds."""
    for table in ALL:
        await _delete(engine, table, "project = {project:String}", {"project": project})


async def delete_before(engine: Engine, project: str, cutoff_ns: int) -> int:
    """Remove what a project received for days that ended before `cutoff_ns`; returns how many
    spans there were. Whole days go, so that a span never outlives its contents."""
    day = cutoff_ns // DAY_NS
    params: dict[str, Param] = {"project": project, "day": day, "before_ns": day * DAY_NS}
    old = "project = {project:String} AND start_ns < {before_ns:Int64}"
    count = await _count(engine, "spans", old, params)
    if count:
        await _delete(engine, "spans", old, params)
    for table in ("contents", "logs", "metrics"):
        old_days = "project = {project:String} AND day < {day:UInt32}"
        if await _count(engine, table, old_days, params):
            await _delete(engine, table, old_days, params)
    old_scores = "project = {project:String} AND time_ns < {before_ns:Int64}"
    if await _count(engine, "scores", old_scores, params):
        await _delete(engine, "scores", old_scores, params)
    return count


async def _delete(engine: Engine, table: str, where: str, params: Mapping[str, Param]) -> None:
    await engine.query(
        f"ALTER TABLE {engine.layout.stored(table)} DELETE WHERE {where}"
        " SETTINGS mutations_sync = 2",
        params,
        fmt="Null",
    )


async def _count(engine: Engine, table: str, where: str, params: Mapping[str, Param]) -> int:
    found = await engine.query(f"SELECT count() AS n FROM {table} WHERE {where}", params)  # noqa: S608
    return int(msgspec.json.decode(found)["n"])


async def _trace_ids(engine: Engine, project: str, column: str, value: str) -> list[str]:
    lines = await engine.query(
        f"SELECT DISTINCT trace_id FROM spans"  # noqa: S608 - a column of ours
        f" WHERE project = {{project:String}} AND {column} = {{value:String}}",
        {"project": project, "value": value},
    )
    return [msgspec.json.decode(line)["trace_id"] for line in lines.splitlines()]
