"""Spans: the list of them, and one as it is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Literal, cast

import msgspec

from clew.errors import NotFound
from clew.filter import Filter
from clew.query import ask
from clew.query.lately import Lately
from clew.query.logs import plain
from clew.query.narrow import span_columns
from clew.query.order import Order, place_params, read_order
from clew.query.times import render_time
from clew.query.values import readable
from clew.query.walk import (
    EVERYTHING,
    Candidate,
    Listing,
    Page,
    Place,
    Walk,
    Window,
    at_once,
    read_cursor,
    walk,
    window_of,
)
from clew.query.where import SPAN_TOKENS, bounds, span_where
from clew.query.whole import whole_logs, whole_spans
from clew.score import Score
from clew.span import (
    Event,
    Kind,
    Outcome,
    Span,
    Status,
)
from clew.store.engine import Engine, Param
from clew.wire.normalize import conversation


class SpanRow(msgspec.Struct, kw_only=True, frozen=True):
    """A span in a list. `prompt` is name@version; hashes name contents, in order."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    display_name: str
    kind: Kind
    start_time: str
    duration_ms: float | None
    status: Status
    outcome: Outcome | Literal[""]
    error_type: str
    error_message: str
    level: str
    agent: str
    tool: str
    tool_call_id: str
    model: str
    provider: str
    prompt: str
    response_id: str
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    ttft_us: int | None
    retries: int | None
    input_preview: str
    output_preview: str
    service: str
    scope: str
    links: int
    events: int
    dropped: int
    handoff_from: str
    handoff_to: str
    input_hashes: list[str]
    output_hashes: list[str]


class _Key(msgspec.Struct):
    trace_id: str
    span_id: str
    version: int
    place: int | float = 0


_MEASURES: Final = {"duration": "end_ns - start_ns", "cost": "cost_usd", "tokens": SPAN_TOKENS}
_COLUMNS: Final = ask.sql("span_columns") + ask.sql("span_hashes")
_ROWS: Final = ask.sql(
    "span_rows",
    columns=_COLUMNS,
    stored=span_columns("trace_id version start_ns end_ns", _COLUMNS),
)


async def list_spans(
    engine: Engine, project: str, listing: Listing = EVERYTHING, lately: Lately | None = None
) -> Page[SpanRow]:
    """A page of the project's spans that start in the range. Raises BadInput for an unknown order
    or a foreign cursor."""
    order = read_order(listing.order, "start_ns", _MEASURES)
    after = read_cursor(listing.cursor)
    newest_ns = lately.newest_ns(project) if lately and order.descending else None
    search = _Search(engine, project, listing.filter, order, newest_ns)
    through = search.through(window_of(listing.range), after)
    return await walk(search.fetch, through, after, listing.limit)


async def get_span(engine: Engine, project: str, trace_id: str, span_id: str) -> bytes:
    """One whole span as JSON: what it means, and everything that came in. Raises NotFound."""
    params = {"project": project, "trace_id": trace_id, "span_id": span_id}
    found, logs, scores = await asyncio.gather(
        whole_spans(engine, project, trace_id, span_id),
        whole_logs(engine, project, trace_id, span_id),
        ask.rows(engine, ask.sql("span_scores"), params, Score),
    )
    if not found:
        raise NotFound(f"trace {trace_id} of project {project} has no span {span_id}")
    span = found[0].span
    return msgspec.json.encode(
        {
            **_head(span),
            "facts": found[0].facts,
            "conversation": conversation(span, logs),
            "attributes": readable(span.attributes),
            "events": [_event(event) for event in span.events],
            "links": readable(span.links),
            "logs": [plain(log) for log in logs],
            "resource": readable(span.resource),
            "scope": readable(span.scope),
            "scores": scores,
        }
    )


class _Search:
    """One search through the spans of a project, by a filter and in an order."""

    def __init__(
        self,
        engine: Engine,
        project: str,
        filter_: Filter,
        order: Order,
        newest_ns: int | None,
    ) -> None:
        self._engine = engine
        self._project = project
        self._newest_ns = newest_ns
        self._where = span_where(filter_)
        self._order = order

    def through(self, whole: Window, after: Place | None) -> AsyncIterator[Window]:
        """The windows to look in, one after the other."""
        if self._order.of_time and not self._where.pointed:
            descending = self._order.descending
            way = Walk(self._engine, self._project, descending, newest_ns=self._newest_ns)
            return way.windows(whole, after)
        return at_once(whole)

    async def fetch(
        self, window: Window, after: Place | None, count: int
    ) -> list[Candidate[SpanRow]]:
        """The next candidates of a window, each read in its newest version."""
        keys = await self._keys(window, after, count)
        rows = await self._rows(keys) if keys else {}
        return [
            Candidate(
                (key.place, key.trace_id, key.span_id),
                rows.get((key.trace_id, key.span_id, key.version)),
            )
            for key in keys
        ]

    async def _keys(self, window: Window, after: Place | None, count: int) -> list[_Key]:
        statement = ask.sql(
            "span_places",
            rows=ask.sql(
                "rows_between",
                columns=span_columns("trace_id span_id version", self._order.sql),
                final="FINAL",
                narrow=self._where.condition,
            ),
            place=self._order.sql,
            after=self._order.after(after, "trace_id, span_id"),
            direction=self._order.direction,
        )
        params: dict[str, Param] = {
            **self._where.params,
            "project": self._project,
            **bounds(*window),
            "count": count,
            **place_params(after),
        }
        return await ask.rows(self._engine, statement, params, _Key)

    async def _rows(self, keys: list[_Key]) -> dict[tuple[str, str, int], SpanRow]:
        """The newest rows of the spans, by trace, span and version."""
        params: dict[str, Param] = {
            "project": self._project,
            "trace_ids": sorted({key.trace_id for key in keys}),
            "span_ids": sorted({key.span_id for key in keys}),
        }
        body = await self._engine.query(_ROWS, params)
        versions = [key.version for key in ask.decode_rows(body, _Key)]
        return {
            (row.trace_id, row.span_id, version): row
            for row, version in zip(ask.decode_rows(body, SpanRow), versions, strict=True)
        }


def _head(span: Span) -> dict[str, object]:
    """The plain values of a span, and its times as the API tells them."""
    kept = (
        "span_id", "trace_id", "parent_id", "name", "otel_kind", "status", "status_message",
        "trace_state", "flags", "dropped_attributes_count", "dropped_events_count",
        "dropped_links_count", "truncated",
    )  # fmt: skip
    over = span.end_ns is not None
    return {
        **{name: getattr(span, name) for name in kept},
        "start_time": render_time(span.start_ns),
        "end_time": render_time(cast("int", span.end_ns)) if over else None,
        "duration_ms": max(cast("int", span.end_ns) - span.start_ns, 0) / 1e6 if over else None,
    }


def _event(event: Event) -> dict[str, object]:
    return {
        "name": event.name,
        "time": render_time(event.time_ns),
        "attributes": readable(event.attributes),
        "dropped_attributes_count": event.dropped_attributes_count,
    }
