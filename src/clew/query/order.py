"""How a list is sorted, and where the next page begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from clew.errors import BadInput
from clew.query.walk import Place
from clew.store.engine import Param


class Order(NamedTuple):
    """A sort by the expression `sql`, whose values are of the type `kind` in cursors."""

    sql: str
    kind: str
    descending: bool

    @property
    def of_time(self) -> bool:
        """Whether a walk through time gives this order."""
        return self.kind == "Int64"

    @property
    def direction(self) -> str:
        """For ORDER BY."""
        return "DESC" if self.descending else "ASC"

    def after(self, place: Place | None, ids: str) -> str:
        """The condition that a row comes after a place; `ids` are the columns that tell equals
        apart. Takes `place_params`."""
        if place is None:
            return "true"
        comparison = "<" if self.descending else ">"
        known = ", ".join(f"{{after_{column.strip()}:String}}" for column in ids.split(","))
        return f"(place, {ids}) {comparison} ({{after:{self.kind}}}, {known})"


def place_params(place: Place | None, second_id: str = "span_id") -> dict[str, Param]:
    """The parameters of `Order.after`, whose ids are a trace's and, where told apart, another."""
    if place is None:
        return {}
    return {"after": place[0], "after_trace_id": place[1], f"after_{second_id}": place[2]}


def read_order(text: str, start: str, measures: Mapping[str, str]) -> Order:
    """The order named `text`: `start_time`, which is the column `start`, or one of `measures`.
    Largest first, and smallest first with `-` in front; unknown values always come last. Raises
    BadInput."""
    descending, name = not text.startswith("-"), text.removeprefix("-")
    if name == "start_time":
        return Order(start, "Int64", descending)
    if name not in measures:
        known = ", ".join(["start_time", *measures])
        raise BadInput(f"unknown order {text!r}: expected one of {known}, or - and one of them")
    missing = "-1" if descending else "1e300"
    # Costs that were sent may be infinite, or sum to that: no number in JSON, so unknown there.
    known = f"if(isFinite({measures[name]}), {measures[name]}, NULL)"
    return Order(f"toFloat64(ifNull({known}, {missing}))", "Float64", descending)
