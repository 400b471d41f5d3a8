"""The parameters that lists have in common, as they stand in the URL."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final, TypeAlias

from litestar import Request
from litestar.di import Provide
from litestar.params import Dependency, Parameter

from clew import filter as filters
from clew.query.times import Range, parse_range
from clew.query.walk import Listing

AnyRequest: TypeAlias = "Request[Any, Any, Any]"

FilterText: TypeAlias = Annotated[
    str, Parameter(query="filter", description="The filter, such as `kind:llm status:error`.")
]
From: TypeAlias = Annotated[
    str | None,
    Parameter(query="from", description="From when on: ISO 8601, or relative such as `now-24h`."),
]
To: TypeAlias = Annotated[
    str | None, Parameter(query="to", description="Until before when, written as `from`.")
]
Order: TypeAlias = Annotated[
    str,
    Parameter(description="`start_time` or a measure, largest first; with `-`, smallest first."),
]
Limit: TypeAlias = Annotated[int, Parameter(ge=1, le=1_000, description="How many, at most.")]
Cursor: TypeAlias = Annotated[
    str | None, Parameter(description="The `next_cursor` of the page before.")
]


def read_listing(
    filter_: FilterText = "",
    from_: From = None,
    to: To = None,
    order: Order = "start_time",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Listing:
    """The page that a URL asks for. Raises BadFilter and BadInput."""
    return Listing(filters.parse(filter_), read_range(from_, to), order, limit, cursor)


def read_range(from_: str | None, to: str | None) -> Range:
    """The range in a URL, relative to now. Raises BadInput."""
    return parse_range(from_, to, time.time_ns())


Listed: TypeAlias = Annotated[Listing, Dependency(skip_validation=True)]
LISTED: Final = {"listing": Provide(read_listing, sync_to_thread=False)}
"""For handlers of lists: their parameters, as one `Listing`."""
