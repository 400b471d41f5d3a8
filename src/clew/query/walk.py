"""Lists that walk through time, so that a page costs what it shows and not what is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from clew.filter import Filter
from clew.query import ask
from clew.query.times import HOUR_NS, Range
from clew.store.engine import Engine

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


class _Extent(msgspec.Struct):
    oldest: int | None
    newest: int | None


async def extent(engine: Engine, project: str, range_: Range) -> Window | None:
    """The hours of the range in which the project has spans, None where it has none."""
    params = {
        "project": project,
        "from_hour": (range_.from_ns or 0) // HOUR_NS,
        "to_hour": (range_.to_ns - 1) // HOUR_NS if range_.to_ns else 2**32 - 1,
    }
    [found] = await ask.rows(engine, ask.sql("extent"), params, _Extent)
    if found.oldest is None or found.newest is None:
        return None
    window = Window(found.oldest * HOUR_NS, (found.newest + 1) * HOUR_NS)
    return Window(
        max(window.from_ns, range_.from_ns or 0),
        min(window.to_ns, range_.to_ns or window.to_ns),
    )


def windows(whole: Window, *, descending: bool, after: Place | None) -> Iterator[Window]:
    """Growing parts of `whole`, the first of six hours, from one end to the other.

    A list that is ordered by time goes on at the place `after`, whose value is a time.
    """
    size = FIRST_WINDOW_NS
    from_ns, to_ns = whole
    if after is not None and descending:
        to_ns = min(to_ns, int(after[0]) + 1)
    elif after is not None:
        from_ns = max(from_ns, int(after[0]))
    while from_ns < to_ns:
        if descending:
            edge = max(from_ns, to_ns - size)
            yield Window(edge, to_ns)
            to_ns = edge
        else:
            edge = min(to_ns, from_ns + size)
            yield Window(from_ns, edge)
            from_ns = edge
        size *= GROWTH


async def walk(
    fetch: Fetch[Item],
    through: Iterator[Window],
    after: Place | None,
    limit: int,
    *,
    batch_size: int = SMALLEST_BATCH,
) -> Page[Item]:
    """A page of `limit` rows from `fetch`, going through the windows until it is full. At least
    `batch_size` candidates are fetched at once."""
    found: list[tuple[Place, Item]] = []
    for window in through:
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
