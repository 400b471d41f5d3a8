"""The parameters that lists have in common, as they stand in the URL."""

from __future__ import annotations

import time
from typing import Annotated, Any, TypeAlias

from litestar import Request
from litestar.params import Parameter

from clew import filter as filters
from clew.filter import Filter
from clew.query.times import Range, parse_range

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
Limit: TypeAlias = Annotated[int, Parameter(ge=1, le=1_000, description="How many, at most.")]
Cursor: TypeAlias = Annotated[
    str | None, Parameter(description="The `next_cursor` of the page before.")
]


def read_filter(text: str) -> Filter:
    """The filter in a URL. Raises BadFilter."""
    return filters.parse(text)


def read_range(from_: str | None, to: str | None) -> Range:
    """The range in a URL, relative to now. Raises BadInput."""
    return parse_range(from_, to, time.time_ns())
