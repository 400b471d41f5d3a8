"""Sessions: runs that belong together, such as the turns of one conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from clew.errors import NotFound
from clew.filter import Filter, Glob, Term
from clew.query import ask
from clew.query.lately import Lately
from clew.query.order import Order
from clew.query.runs import is_failed
from clew.query.times import render_time
from clew.query.totals import add_up, add_up_usd
from clew.query.traces import Run, Search, Trace, find_runs
from clew.query.walk import (
    EVERYTHING,
    Candidate,
    Listing,
    Page,
    Place,
    Window,
    read_cursor,
    walk,
    window_of,
)
from clew.store.engine import Engine, Param


class Session(msgspec.Struct, kw_only=True, frozen=True):
    """The runs with one session id, summed up. `error_count` counts failed runs."""

    session_id: str
    start_time: str
    end_time: str
    trace_count: int
    error_count: int
    user_id: str
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    input_preview: str
    output_preview: str


class WholeSession(Session, kw_only=True, frozen=True):
    """A session with its runs, oldest first."""

    traces: list[Trace]


class _Member(msgspec.Struct):
    trace_id: str


RUNS_AT_ONCE: Final = 200
"""A session is found by its runs, of which most aren't its newest."""

_NEWEST_FIRST: Final = Order("first_ns", "Int64", descending=True)


async def list_sessions(
    engine: Engine, project: str, listing: Listing = EVERYTHING, lately: Lately | None = None
) -> Page[Session]:
    """Sessions that have a run in the range that matches, the one with the newest such run first;
    each is summed up over all its runs. Raises BadInput for a foreign cursor."""
    after = read_cursor(listing.cursor)
    whole = window_of(listing.range)
    search = _Search(engine, project, listing.filter, whole, lately or Lately())
    through = search.runs.through(whole, after)
    return await walk(search.fetch, through, after, listing.limit, batch_size=RUNS_AT_ONCE)


async def get_session(
    engine: Engine, project: str, session_id: str, lately: Lately | None = None
) -> WholeSession:
    """One session with its runs. Raises NotFound."""
    runs = (await _members(engine, project, [session_id], lately or Lately())).get(session_id)
    if not runs:
        raise NotFound(f"project {project} has no session {session_id}")
    whole = msgspec.structs.asdict(_sum_up(session_id, runs))
    return WholeSession(**whole, traces=[run.trace for run in runs])


class _Search:
    """One search through the sessions of a project: a walk through its runs, in which a session
    stands at the place of its newest run that matches."""

    def __init__(
        self, engine: Engine, project: str, filter_: Filter, whole: Window, lately: Lately
    ) -> None:
        self._engine = engine
        self._lately = lately
        self._project = project
        self._filter = filter_
        self._whole = whole
        in_session = Term(field="session", op="has")
        terms = Filter(terms=(*filter_.terms, in_session))
        self.runs = Search(engine, project, terms, _NEWEST_FIRST, lately)

    async def fetch(
        self, window: Window, after: Place | None, count: int
    ) -> list[Candidate[Session]]:
        """The next runs of a window, with the session where a run is its newest."""
        candidates = await self.runs.fetch(window, after, count)
        named = {run.trace.session_id for _, run in candidates if run is not None}
        names = sorted(named - {""})
        members = await _members(self._engine, self._project, names, self._lately)
        newest = {name: await self._newest(name, runs) for name, runs in members.items()}
        return [Candidate(place, self._session(run, members, newest)) for place, run in candidates]

    @staticmethod
    def _session(
        run: Run | None, members: dict[str, list[Run]], newest: dict[str, str]
    ) -> Session | None:
        name = run.trace.session_id if run else ""
        if run is None or newest.get(name) != run.trace.trace_id:
            return None
        return _sum_up(name, members[name])

    async def _newest(self, name: str, runs: Sequence[Run]) -> str:
        """The newest of a session's runs that is in the range and matches the filter."""
        if not self._filter.terms:
            inside = [r for r in runs if self._whole.from_ns <= r.first_ns < self._whole.to_ns]
            return max(inside, key=_age).trace.trace_id if inside else ""
        of_session = Term(field="session", values=(Glob((name,)),))
        terms = Filter(terms=(*self._filter.terms, of_session))
        search = Search(self._engine, self._project, terms, _NEWEST_FIRST, self._lately)
        found = await walk(search.fetch, search.through(self._whole, None), None, 1)
        return found.items[0].trace.trace_id if found.items else ""


async def _members(
    engine: Engine, project: str, session_ids: Sequence[str], lately: Lately
) -> dict[str, list[Run]]:
    """The runs of sessions by session id, oldest first."""
    if not session_ids:
        return {}
    params: dict[str, Param] = {"project": project, "session_ids": list(session_ids)}
    found = await ask.rows(engine, ask.sql("session_traces"), params, _Member)
    runs = await find_runs(engine, project, [member.trace_id for member in found], lately)
    sessions: dict[str, list[Run]] = {}
    for run in sorted(runs, key=_age):
        # A run whose spans name several sessions belongs to the first of them.
        if run.trace.session_id in session_ids:
            sessions.setdefault(run.trace.session_id, []).append(run)
    return sessions


def _age(run: Run) -> tuple[int, str]:
    return run.first_ns, run.trace.trace_id


def _sum_up(session_id: str, runs: Sequence[Run]) -> Session:
    """`runs` are oldest first, and at least one."""
    traces = [run.trace for run in runs]
    return Session(
        session_id=session_id,
        start_time=traces[0].start_time,
        end_time=render_time(max(run.last_ns or run.first_ns for run in runs)),
        trace_count=len(traces),
        error_count=sum(is_failed(trace.status, trace.outcome) for trace in traces),
        user_id=_first(trace.user_id for trace in traces),
        input_tokens=add_up(trace.input_tokens for trace in traces),
        output_tokens=add_up(trace.output_tokens for trace in traces),
        cost_usd=add_up_usd(trace.cost_usd for trace in traces),
        input_preview=_first(trace.input_preview for trace in traces),
        output_preview=_first(trace.output_preview for trace in reversed(traces)),
    )


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")
