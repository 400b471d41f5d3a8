"""`run.sql` and what lies below it, without the columns that a question doesn't want.

The engine computes no column that isn't asked for, but it takes 20 to 30 ms to understand all of
`run.sql` over all columns of `spans` before it leaves them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Final, NamedTuple

from clew.query import ask
from clew.store.spans import SPAN_COLUMNS

_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_BRACKETS: Final = {"(": 1, "[": 1, ")": -1, "]": -1}
_STORED: Final = (*SPAN_COLUMNS, "hour")


class _Run(NamedTuple):
    """`run.sql`: columns of a run by name, from aggregates over its spans by name."""

    columns: Mapping[str, str]
    aggregates: Mapping[str, str]


def span_columns(*fragments: str) -> str:
    """The columns of `spans` that some SQL speaks of, for a SELECT of rows it is asked over."""
    words = _words(*fragments)
    found = [column for column in _STORED if column in words]
    return ", ".join(found or ["span_id"])


def run_sql(
    source: str,
    wanted: str,
    more: Mapping[str, str] | None = None,
    *,
    final: str = "",
    narrow: str = "true",
) -> str:
    """`run.sql` over the rows of `sql/{source}.sql`: the columns that the SQL `wanted` speaks of,
    with `more` aggregates by name."""
    return _run_sql(source, wanted, tuple((more or {}).items()), final, narrow)


@lru_cache(maxsize=512)
def _run_sql(
    source: str, wanted: str, more: tuple[tuple[str, str], ...], final: str, narrow: str
) -> str:
    columns = _needed(_run().columns, {"trace_id", "first_ns"} | _words(wanted))
    aggregates = _needed(_run().aggregates, _words(*columns.values()))
    grouped = [*aggregates.values(), *(f"{sql} AS {name}" for name, sql in more)]
    return ask.sql(
        "run",
        columns=",\n".join([*columns.values(), *(name for name, _ in more)]),
        aggregates=",\n".join(grouped),
        rows=ask.sql(
            source,
            columns=span_columns("trace_id span_id version start_ns", *grouped),
            final=final,
            narrow=narrow,
        ),
    )


def _needed(items: Mapping[str, str], words: Iterable[str]) -> dict[str, str]:
    """The items that are named, with those that they name themselves, in their order."""
    waiting = [word for word in words if word in items]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [word for word in _words(items[name]) if word in items]
    return {name: text for name, text in items.items() if name in found}


@cache
def _run() -> _Run:
    return _Run(_items(ask.sql("run_columns")), _items(ask.sql("run_aggregates")))


def _items(text: str) -> dict[str, str]:
    """The expressions of a SELECT, by the names that they give."""
    items = map(str.strip, _split(text))
    return {_WORD.findall(item)[-1]: item for item in items if item}


def _split(text: str) -> list[str]:
    """`text` at the commas that stand in no brackets."""
    depth, start, pieces = 0, 0, list[str]()
    for position, char in enumerate(text):
        depth += _BRACKETS.get(char, 0)
        if char == "," and depth == 0:
            pieces.append(text[start:position])
            start = position + 1
    return [*pieces, text[start:]]


def _words(*fragments: str) -> set[str]:
    return {word for fragment in fragments for word in _WORD.findall(fragment)}
