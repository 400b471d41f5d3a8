"""Facets: which values the runs (or spans) that match have, and how many have each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from clew.errors import BadInput
from clew.filter import Filter, Term
from clew.query import ask
from clew.query.narrow import run_sql, span_columns
from clew.query.stats import LOOK_BACK_NS, OF_SPAN, whole_range
from clew.query.times import Range, clamp
from clew.query.walk import Window
from clew.query.where import LONGEST_RUN_NS, bounds, run_where, span_where
from clew.store.engine import Engine, Param

Noun = Literal["runs", "spans"]


class FacetValue(msgspec.Struct, kw_only=True, frozen=True):
    """A value, and how many of the runs (or spans) have it."""

    value: str
    count: int


class Facet(msgspec.Struct, kw_only=True, frozen=True):
    """The most frequent values of a field of the filter. Of `outcome` one is `running`, which a
    filter calls `is:running`."""

    field: str
    values: list[FacetValue]


class Question(NamedTuple):
    """The facets of what: `fields` of the runs or spans in a range that a filter lets through."""

    of: Noun
    fields: Sequence[str]
    filter: Filter = Filter()
    range: Range = Range()
    limit: int = 20


class _Count(msgspec.Struct):
    field: str
    value: str
    count: int


_ERROR: Final = "error_type"
_TAGS: Final = "arrayDistinct(arrayConcat(arrayMap(tag -> toString(tag), tags), hand_tags))"
# What a run has itself, as columns of `run.sql`; of anything else it has the values of its spans.
_OF_RUN: Final = {
    "outcome": "[if(running, 'running', outcome)]",
    "status": "[status]",
    "name": "[name]",
    "environment": "[environment]",
    "release": "[release]",
    "service": "[service]",
    "user": "[user_id]",
    "tag": _TAGS,
}
_OF_SPANS: Final = {
    name: sql for name, sql in {**OF_SPAN, "error": _ERROR}.items() if name not in _OF_RUN
}
_OF_SPAN: Final = {
    **{name: f"[toString({sql})]" for name, sql in {**OF_SPAN, "error": _ERROR}.items()},
    "outcome": "[if(isNull(end_ns), 'running', toString(outcome))]",
    "tag": _TAGS,
}
FIELDS: Final[dict[Noun, tuple[str, ...]]] = {
    "runs": (*_OF_RUN, *_OF_SPANS),
    "spans": tuple(_OF_SPAN),
}


async def list_facets(engine: Engine, project: str, question: Question) -> list[Facet]:
    """The facets in the order of `fields`. Raises BadInput for a field that has none.

    A field that the filter speaks of is counted without what it says of it: else the one value
    that was chosen would stand alone, and nobody could choose another.
    """
    for field in question.fields:
        if field not in FIELDS[question.of]:
            known = ", ".join(FIELDS[question.of])
            raise BadInput(f"no facet {field!r}: expected one of {known}")
    whole = await whole_range(engine, project, question.range)
    if whole is None:
        return [Facet(field=field, values=[]) for field in question.fields]
    counted = await asyncio.gather(
        *(_count(engine, project, asked, whole) for asked in _split(question))
    )
    found: dict[str, list[FacetValue]] = {field: [] for field in question.fields}
    for line in (line for lines in counted for line in lines):
        found[line.field].append(FacetValue(value=line.value, count=line.count))
    return [Facet(field=field, values=values) for field, values in found.items()]


def _split(question: Question) -> list[Question]:
    """One question for all fields that the filter says nothing of, and one for each other."""
    said = [field for field in question.fields if _without(question.filter, field)]
    unsaid = [field for field in question.fields if field not in said]
    return [
        *([question._replace(fields=unsaid)] if unsaid else []),
        *(
            question._replace(fields=[field], filter=_without(question.filter, field) or Filter())
            for field in said
        ),
    ]


def _without(filter_: Filter, field: str) -> Filter | None:
    """The filter without its terms on values of the field; None where it has none."""
    names = (field, "running") if field == "outcome" else (field,)
    rest = tuple(
        term
        for term in filter_.terms
        if not (isinstance(term, Term) and term.field in names and term.op == "is")
    )
    return None if len(rest) == len(filter_.terms) else Filter(terms=rest)


async def _count(engine: Engine, project: str, question: Question, whole: Window) -> list[_Count]:
    of = _runs if question.of == "runs" else _spans
    source, pairs, params = of(question, whole)
    if "tag" in question.fields:
        source = ask.sql("with_hand_tags", columns="tagged.*", source=source)
    statement = ask.sql(
        "facets",
        source=source,
        pairs=", ".join(pairs),
        at="first_ns" if question.of == "runs" else "start_ns",
    )
    params |= {
        "project": project,
        "from_ns": whole.from_ns,
        "to_ns": whole.to_ns,
        "limit": question.limit,
    }
    return await ask.rows(engine, statement, params, _Count)


def _runs(question: Question, whole: Window) -> tuple[str, list[str], dict[str, Param]]:
    where = run_where(question.filter)
    gathered = {
        f"values_{field}": f"groupUniqArrayIf(toString({sql}), {sql} != '')"
        for field, sql in _OF_SPANS.items()
        if field in question.fields
    }
    values = {field: _OF_RUN.get(field, f"values_{field}") for field in question.fields}
    run = run_sql(
        "rows_between",
        " ".join([where.condition, *values.values()]),
        gathered | where.has,
        final="FINAL",
        narrow=where.narrow,
    )
    return (
        ask.sql("stats_runs", run=run, condition=where.condition),
        _pairs(values),
        {
            **where.params,
            "rows_from_ns": clamp(whole.from_ns - LOOK_BACK_NS),
            "rows_to_ns": clamp(whole.to_ns + LONGEST_RUN_NS),
        },
    )


def _spans(question: Question, whole: Window) -> tuple[str, list[str], dict[str, Param]]:
    where = span_where(question.filter)
    values = {field: _OF_SPAN[field] for field in question.fields}
    rows = ask.sql(
        "rows_between",
        columns=span_columns("trace_id start_ns", *values.values()),
        final="FINAL",
        narrow=where.condition,
    )
    return rows, _pairs(values), {**where.params, **bounds(*whole)}


def _pairs(values: dict[str, str]) -> list[str]:
    return [
        f"arrayMap(value -> ('{field}', toString(value)), {sql})" for field, sql in values.items()
    ]
