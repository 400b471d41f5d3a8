"""Exact sums of the runs in which one span may repeat the usage of another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec

from clew.analysis.usage import Bearer, uncounted
from clew.query import ask
from clew.query.narrow import span_columns
from clew.store.engine import Engine

_Number = TypeVar("_Number", int, float)
_TOKENS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens")


class Usage(Bearer, Protocol):
    """A span with what is summed of it."""

    @property
    def bears_usage(self) -> bool:
        """Whether the span has tokens or cost of its own telling."""
        ...


class UsageRow(msgspec.Struct, kw_only=True, frozen=True):
    """A span, as far as it decides what counts."""

    trace_id: str
    span_id: str
    parent_id: str
    kind: str
    start_ns: int
    response_id: str
    usage_scope: str
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    has_content: bool

    @property
    def bears_usage(self) -> bool:
        """Whether the span has tokens or cost of its own telling."""
        return self.usage_scope != "" or self.cost_usd is not None


class Settled(NamedTuple):
    """The sums of a run, by field of `Trace`, and the spans that aren't in them."""

    sums: dict[str, int | float | None]
    uncounted: list[str]


async def settle(engine: Engine, project: str, trace_ids: Sequence[str]) -> dict[str, Settled]:
    """By trace id, the exact sums."""
    if not trace_ids:
        return {}
    usage = ask.sql("usage", rows="")
    rows_sql = ask.sql("rows_of_traces", columns=span_columns(usage, "version"))
    statement = ask.sql("usage", rows=rows_sql)
    params = {"project": project, "trace_ids": list(trace_ids)}
    rows = await ask.rows(engine, statement, params, UsageRow)
    return {
        trace_id: settle_spans(list(spans))
        for trace_id, spans in groupby(rows, attrgetter("trace_id"))
    }


def settle_spans(spans: Sequence[Usage]) -> Settled:
    """The exact sums of one run; `spans` are all of its spans, each once."""
    left_out = uncounted(spans)
    counted = [span for span in spans if span.bears_usage and span.span_id not in left_out]
    sums: dict[str, int | float | None] = {
        name: add_up(getattr(span, name) for span in counted) for name in _TOKENS
    }
    sums["cost_usd"] = add_up_usd(span.cost_usd for span in counted)
    sums["unpriced_calls"] = sum(
        span.usage_scope != "" and span.cost_usd is None for span in counted
    )
    return Settled(sums, [span.span_id for span in spans if span.span_id in left_out])


def add_up(values: Iterable[_Number | None]) -> _Number | None:
    """The sum of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known[1:], start=known[0]) if known else None


def add_up_usd(values: Iterable[float | None]) -> float | None:
    """The same of money, with as many digits as `run_columns.sql` gives: a sum of fractions ends
    in noise."""
    usd = add_up(values)
    return None if usd is None else round(usd, 12)
