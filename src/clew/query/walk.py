"""Lists that walk through time, so that a page costs what it shows and not what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from clew.filter import Filter
from clew.query import ask
from clew.query.times import DAY_NS, END_NS, HOUR_NS, Range, clamp
from clew.store.engine import Engine, Param

Item = TypeVar("Item")
Place = tuple[int | float, str, str]
"""The sort key of a row: a value and the ids that tell equals apart."""

FIRST_WINDOW_NS: Final = 6 * HOUR_NS
"""Reading six hours of starts costs less than planning a second question (about 30 ms)."""

GROWTH: Final = 4
SMALLEST_BATCH: Final = 32


class Window(NamedTuple):
    """A part of time; `to_ns` is outside."""

    from_ns: int
    to_ns: int


class Candidate(NamedTuple, Generic[Item]):
    """A row at its place; `item` is None where a closer look showed that it isn't one."""

    place: Place
    item: Item | None


class Page(NamedTuple, Generic[Item]):
    """Rows of a list, and the cursor for those after them."""

    items: list[Item]
    next_cursor: str | None


class Listing(NamedTuple):
    """What a page of a list is asked for. `order` is a name of the API; a session or a hit has
    only one. `limit` rows, after the place of `cursor`."""

    filter: Filter = Filter()
    range: Range = Range()
    order: str = "start_time"
    limit: int = 50
    cursor: str | None = None


EVERYTHING: Final = Listing()

Fetch = Callable[[Window, Place | None, int], Awaitable[Sequence[Candidate[Item]]]]
"""The next candidates of a window after a place, at most so many. Fewer mean that the window
holds no more."""


class Timeline(NamedTuple):
    """A table that is ordered by project and `column`, the time in units of `unit_ns`."""

    table: str
    column: str
    unit_ns: int


SPANS: Final = Timeline("spans", "hour", HOUR_NS)
CONTENTS: Final = Timeline("contents", "day", DAY_NS)


class _Edge(msgspec.Struct):
    edge: int


async def extent(
    engine: Engine, project: str, range_: Range, timeline: Timeline = SPANS
) -> Window | None:
    """The hours (or days) of the range in which the project has rows, None where it has none."""
    unit_ns = timeline.unit_ns
    whole = window_of(range_)
    # Two small questions side by side: as one with two parts they take the engine three times as
    # long to plan.
    oldest, newest = await asyncio.gather(
        find_edge(engine, project, whole, timeline, descending=False),
        find_edge(engine, project, whole, timeline, descending=True),
    )
    if oldest is None or newest is None:
        return None
    return Window(
        max(whole.from_ns, oldest * unit_ns), min(whole.to_ns, clamp((newest + 1) * unit_ns))
    )


def window_of(range_: Range) -> Window:
    """The range, as wide as times can be where it is open."""
    return Window(range_.from_ns or 0, END_NS if range_.to_ns is None else range_.to_ns)


async def find_edge(
    engine: Engine, project: str, whole: Window, timeline: Timeline, *, descending: bool
) -> int | None:
    """The last hour (or day) of a window in which the project has rows, or the first."""
    params: dict[str, Param] = {"project": project}
    # What isn't bounded isn't asked: a condition that always holds costs 10 ms at 20 million rows.
    bounded: list[str] = []
    if whole.from_ns:
        params["first"] = whole.from_ns // timeline.unit_ns
        bounded.append(f"{timeline.column} >= {{first:UInt32}}")
    if whole.to_ns < END_NS:
        params["last"] = max(whole.to_ns - 1, 0) // timeline.unit_ns
        bounded.append(f"{timeline.column} <= {{last:UInt32}}")
    statement = ask.sql(
        "edge",
        table=timeline.table,
        column=timeline.column,
        bounded=" AND ".join(bounded) or "true",
        direction="DESC" if descending else "ASC",
    )
    found = await ask.rows(engine, statement, params, _Edge)
    return found[0].edge if found else None


class Walk(NamedTuple):
    """The way through a project's rows in a range of time, from its end or its start. `newest_ns`
    is about where its newest rows are, for a walk from the end where that is known: then it needn't
    be asked."""

    engine: Engine
    project: str
    descending: bool = True
    timeline: Timeline = SPANS
    newest_ns: int | None = None

    async def windows(self, whole: Window, after: Place | None) -> AsyncIterator[Window]:
        """Growing parts of `whole`, the first of six hours, from one end to the other.

        A list that is ordered by time goes on at the place `after`, whose value is a time. Where
        nothing is for longer than the next part would be, the walk jumps and begins anew: one
        span with a broken clock must not make a part of centuries.
        """
        rest: Window | None = _after(whole, after, descending=self.descending)
        size = FIRST_WINDOW_NS
        if after is None and self.newest_ns is not None:
            # With all that came since: it may be older than the newest row.
            near = rest._replace(to_ns=min(rest.to_ns, self.newest_ns))
            rest = _cut(near, size, descending=True)[1]
            yield Window(rest.to_ns, whole.to_ns)
            size *= GROWTH
        if after is None:
            rest = await self._held(rest)
        while rest is not None and rest.from_ns < rest.to_ns:
            window, left = _cut(rest, size, descending=self.descending)
            yield window
            size *= GROWTH
            rest = await self._held(left)
            if rest is not None and _gap(left, rest, descending=self.descending) > size:
                size = FIRST_WINDOW_NS

    async def _held(self, left: Window) -> Window | None:
        """`left` from the first row that lies in it on; None where none does."""
        if left.from_ns >= left.to_ns:
            return None
        edge = await find_edge(
            self.engine, self.project, left, self.timeline, descending=self.descending
        )
        if edge is None:
            return None
        if self.descending:
            end_ns = clamp((edge + 1) * self.timeline.unit_ns)
            return left._replace(to_ns=min(left.to_ns, end_ns))
        return left._replace(from_ns=max(left.from_ns, edge * self.timeline.unit_ns))


async def at_once(whole: Window) -> AsyncIterator[Window]:
    """`whole` as the only window."""
    yield whole


def _after(whole: Window, after: Place | None, *, descending: bool) -> Window:
    if after is None:
        return whole
    if descending:
        return whole._replace(to_ns=min(whole.to_ns, int(after[0]) + 1))
    return whole._replace(from_ns=max(whole.from_ns, int(after[0])))


def _cut(whole: Window, size: int, *, descending: bool) -> tuple[Window, Window]:
    """The next `size` nanoseconds, and what is left."""
    if descending:
        edge = max(whole.from_ns, whole.to_ns - size)
        return Window(edge, whole.to_ns), Window(whole.from_ns, edge)
    edge = min(whole.to_ns, whole.from_ns + size)
    return Window(whole.from_ns, edge), Window(edge, whole.to_ns)


def _gap(left: Window, held: Window, *, descending: bool) -> int:
    return left.to_ns - held.to_ns if descending else held.from_ns - left.from_ns


async def walk(
    fetch: Fetch[Item],
    through: AsyncIterator[Window],
    after: Place | None,
    limit: int,
    *,
    batch_size: int = SMALLEST_BATCH,
) -> Page[Item]:
    """A page of `limit` rows from `fetch`, going through the windows until it is full. At least
    `batch_size` candidates are fetched at once."""
    found: list[tuple[Place, Item]] = []
    async for window in through:
        more = True
        while more:
            count = max(limit + 1 - len(found), batch_size)
            batch = await fetch(window, after, count)
            found += [(place, item) for place, item in batch if item is not None]
            if len(found) > limit:
                return Page([item for _, item in found[:limit]], _cursor(found[limit - 1][0]))
            after = batch[-1].place if batch else after
            more = len(batch) == count
    return Page([item for _, item in found], None)


def read_cursor(cursor: str | None) -> Place | None:
    """The place that a cursor names. Raises BadInput."""
    return ask.decode_cursor(cursor, Place) if cursor else None


def _cursor(place: Place) -> str:
    return ask.encode_cursor(place)
