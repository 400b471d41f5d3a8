"""Full-text search in what was said."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec

from clew.errors import BadInput
from clew.filter import MAX_CHARS, MAX_TEXTS, Filter
from clew.query import ask
from clew.query.narrow import run_sql
from clew.query.order import Order, place_params
from clew.query.times import render_time
from clew.query.walk import (
    CONTENTS,
    EVERYTHING,
    Candidate,
    Listing,
    Page,
    Place,
    Walk,
    Window,
    read_cursor,
    walk,
    window_of,
)
from clew.query.where import Needles, bounds, span_where
from clew.store.engine import Engine, Param

SNIPPET_CHARS: Final = 160
LEAD_CHARS: Final = 50
"""How much of a snippet stands before the first match."""


class Hit(msgspec.Struct, kw_only=True, frozen=True):
    """A content that was found, and the span that said it first. `ranges` are the matches in
    `snippet`, in UTF-16 code units."""

    trace_id: str
    span_id: str
    content_hash: str
    time: str
    snippet: str
    ranges: list[tuple[int, int]]
    trace_name: str
    span_name: str
    kind: str


class Snippet(NamedTuple):
    """A piece of a text, and where in it the matches are, in UTF-16 code units."""

    text: str
    ranges: list[tuple[int, int]]


class _Key(msgspec.Struct):
    trace_id: str
    content_hash: str
    place: int


class _Content(msgspec.Struct):
    trace_id: str
    content_hash: str
    span_id: str
    first_ns: int
    text: str


class _SpanName(msgspec.Struct):
    trace_id: str
    span_id: str
    display_name: str
    kind: str


class _RunName(msgspec.Struct):
    trace_id: str
    name: str


_NEWEST_FIRST: Final = Order("first_ns", "Int64", descending=True)
_QUERY: Final = re.compile(r'"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+)')


async def list_hits(
    engine: Engine, project: str, text: str, listing: Listing = EVERYTHING
) -> Page[Hit]:
    """Contents that hold every word and "quoted phrase" of `text`, newest first, each once a
    trace, of spans that match the filter. Raises BadInput without a word or for a foreign
    cursor."""
    search = _Search(engine, project, read_needles(text), listing.filter)
    after = read_cursor(listing.cursor)
    way = Walk(engine, project, timeline=CONTENTS)
    through = way.windows(window_of(listing.range), after)
    return await walk(search.fetch, through, after, listing.limit)


def read_needles(text: str) -> list[str]:
    """The words and phrases of a search. Raises BadInput if there are none or too many."""
    if len(text) > MAX_CHARS:
        raise BadInput(f"the search is longer than {MAX_CHARS} characters: shorten q")
    found = [" ".join((m["phrase"] or m["word"] or "").split()) for m in _QUERY.finditer(text)]
    needles = [needle for needle in found if needle]
    if not needles:
        raise BadInput("there is nothing to search for: give q a word or a quoted phrase")
    if len(needles) > MAX_TEXTS:
        raise BadInput(
            f"q has {len(needles)} words or phrases and may have {MAX_TEXTS}:"
            " quote words that stand side by side"
        )
    return needles


def cut_snippet(text: str, needles: Sequence[str]) -> Snippet:
    """About 160 characters of `text` around the first match, composed as needles are typed."""
    plain = re.sub(r"[\s\x1f]", " ", unicodedata.normalize("NFC", text))
    pattern = re.compile("|".join(map(_pattern, needles)), re.IGNORECASE)
    first = pattern.search(plain)
    start = _word_start(plain, max(0, (first.start() if first else 0) - LEAD_CHARS))
    end = min(len(plain), start + SNIPPET_CHARS)
    piece = ("…" if start else "") + plain[start:end] + ("…" if end < len(plain) else "")
    units = [0, *accumulate(len(char.encode("utf-16-le")) // 2 for char in piece)]
    return Snippet(piece, [(units[m.start()], units[m.end()]) for m in pattern.finditer(piece)])


def _pattern(needle: str) -> str:
    spaced = r"\s+".join(map(re.escape, unicodedata.normalize("NFC", needle).split()))
    # The index knows whole words, so a plain word is not marked inside of a longer one.
    whole = needle.isascii() and needle.isalnum()
    return rf"(?<![A-Za-z0-9]){spaced}(?![A-Za-z0-9])" if whole else spaced


def _word_start(text: str, position: int) -> int:
    """The start of the next word, if one begins soon after `position`."""
    if position == 0:
        return 0
    space = text.find(" ", position, position + LEAD_CHARS // 2)
    return position if space < 0 else space + 1


class _Search:
    """One search through the contents of a project."""

    def __init__(
        self, engine: Engine, project: str, needles: Sequence[str], filter_: Filter
    ) -> None:
        self._engine = engine
        self._project = project
        self._needles = needles
        self._filter = filter_

    async def fetch(self, window: Window, after: Place | None, count: int) -> list[Candidate[Hit]]:
        """The next candidates of a window; a place that isn't the first in its trace is none."""
        keys = await self._keys(window, after, count)
        hits = await self._hits(keys) if keys else {}
        return [
            Candidate(
                (key.place, key.trace_id, key.content_hash),
                hits.get((key.trace_id, key.content_hash, key.place)),
            )
            for key in keys
        ]

    async def _keys(self, window: Window, after: Place | None, count: int) -> list[_Key]:
        said = Needles()
        condition = " AND ".join(said.says(needle) for needle in self._needles)
        where = span_where(self._filter)
        spans = ask.sql(
            "rows_between", columns="trace_id, span_id", final="FINAL", narrow=where.condition
        )
        statement = ask.sql(
            "search_places",
            said=condition,
            narrow=ask.sql("among_spans", rows=spans) if self._filter.terms else "true",
            after=_NEWEST_FIRST.after(after, "trace_id, content_hash"),
        )
        params: dict[str, Param] = {
            **said.params,
            **where.params,
            "project": self._project,
            **bounds(*window),
            "count": count,
            **place_params(after, "content_hash"),
        }
        return await ask.rows(self._engine, statement, params, _Key)

    async def _hits(self, keys: Sequence[_Key]) -> dict[tuple[str, str, int], Hit]:
        """The hits by trace, content and when it was first said."""
        params: dict[str, Param] = {
            "project": self._project,
            "trace_ids": sorted({key.trace_id for key in keys}),
            "hashes": sorted({key.content_hash for key in keys}),
        }
        contents = await ask.rows(self._engine, ask.sql("search_texts"), params, _Content)
        params["span_ids"] = sorted({content.span_id for content in contents})
        runs_sql = ask.sql("run_names", run=run_sql("rows_of_traces", "name"))
        spans, runs = await asyncio.gather(
            ask.rows(self._engine, ask.sql("span_names"), params, _SpanName),
            ask.rows(self._engine, runs_sql, params, _RunName),
        )
        by_span = {(span.trace_id, span.span_id): span for span in spans}
        by_run = {run.trace_id: run.name for run in runs}
        return {
            (found.trace_id, found.content_hash, found.first_ns): _hit(
                found,
                cut_snippet(found.text, self._needles),
                by_run.get(found.trace_id, ""),
                by_span.get((found.trace_id, found.span_id)),
            )
            for found in contents
        }


def _hit(content: _Content, snippet: Snippet, trace_name: str, span: _SpanName | None) -> Hit:
    return Hit(
        trace_id=content.trace_id,
        span_id=content.span_id,
        content_hash=content.content_hash,
        time=render_time(content.first_ns),
        snippet=snippet.text,
        ranges=snippet.ranges,
        trace_name=trace_name,
        span_name=span.display_name if span else "",
        kind=span.kind if span else "",
    )
