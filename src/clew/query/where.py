"""Filter → SQL and its parameters.

A term about a span is a condition on a row of `spans`. A term about a run is a condition on a
column of `sql/run.sql`: its own values directly, anything else as "one of its spans matches".
Text of the user never becomes text of a statement: every value is a parameter.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from clew.filter import FIELDS, Filter, Glob, Number, Term, Text
from clew.query import ask
from clew.query.times import DAY_NS, clamp
from clew.store.engine import Param

LONGEST_RUN_NS: Final = 7 * DAY_NS
"""How long after the start of a run a filter looks for its spans: a run that takes longer is
judged by its first week. Without a bound, each filter on last month would read until now."""


class SpanWhere(NamedTuple):
    """What a filter asks of spans: a condition on rows of `spans`. `pointed` as in `RunWhere`."""

    condition: str
    params: dict[str, Param]
    pointed: bool


class RunWhere(NamedTuple):
    """What a filter asks of runs.

    `rows` are conditions on rows of `spans` that only narrow where to look (semi-joins), `rare`
    those of them that leave little, `has` are aggregates by name to add to `sql/run.sql`,
    `condition` is on its columns. `unsettled` are the
    terms whose sums `condition` lets pass where a run is ambiguous: check them on exact totals
    with `holds`. `pointed` says that the filter names ids that an index finds, so that looking
    everywhere at once is cheaper than walking through time.
    """

    rows: list[str]
    rare: list[str]
    has: dict[str, str]
    condition: str
    params: dict[str, Param]
    unsettled: list[Term]
    pointed: bool

    @property
    def narrow(self) -> str:
        """The conditions on rows of `spans` that are worth their while: each one reads the spans
        once more, and those of a filter for failed runs of a model leave as many as the first."""
        return " AND ".join(self.rows if self.pointed else self.rare or self.rows) or "true"


class _Params:
    """Parameters by name, as conditions come to need them."""

    def __init__(self) -> None:
        self.values: dict[str, Param] = {}

    def text(self, value: str) -> str:
        return self._add(value, "String")

    def number(self, value: Number) -> str:
        return self._add(value, "Int64" if isinstance(value, int) else "Float64")

    def _add(self, value: Param, kind: str) -> str:
        name = f"f{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{kind}}}"


# The columns that a text field is compared with: any of them may match.
_TEXTS: Final[dict[str, tuple[str, ...]]] = {
    "kind": ("kind",),
    "name": ("display_name", "name"),
    "status": ("status",),
    "outcome": ("outcome",),
    "error": ("error_type", "error_message", "status_message"),
    "model": ("model", "request_model"),
    "provider": ("provider",),
    "agent": ("agent_name",),
    "tool": ("tool_name",),
    "prompt": ("prompt_name", "concat(prompt_name, '@', prompt_version)"),
    "user": ("user_id",),
    "session": ("session_id",),
    "environment": ("environment",),
    "release": ("release",),
    "service": ("service",),
    "trace": ("trace_id",),
    "span": ("span_id",),
}
_PRESENT: Final = {
    "status": "status != 'unset'",
    "error": "(status = 'error' OR error_type != '')",
    "prompt": "prompt_name != ''",
    "tag": "notEmpty(tags)",
}
SPAN_TOKENS: Final = (
    "if(isNull(input_tokens) AND isNull(output_tokens), total_tokens,"
    " ifNull(input_tokens, 0) + ifNull(output_tokens, 0))"
)
_NUMBERS: Final = {
    "cost": "cost_usd",
    "tokens": SPAN_TOKENS,
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "duration": "(end_ns - start_ns)",
    "ttft": "ttft_ns",
}
FAILED: Final = "outcome = 'error' OR (outcome = '' AND status = 'error')"
"""The same as `clew.query.runs.is_failed`, of a span or a run."""
# What a run counts, as a condition on one of its spans.
_COUNTS: Final = {
    "steps": "count()",
    "errors": f"countIf({FAILED})",
    "llm_calls": "countIf(kind = 'llm')",
    "tool_calls": "countIf(kind = 'tool')",
}
_RUN_TEXTS: Final = {"status": "status", "outcome": "outcome"}
_USUAL: Final = (None, "", "unset", "ok", "success")
"""Statuses and outcomes that most runs have, or any (a pattern)."""
RUN_TOKENS: Final = (
    "if(isNull(input_tokens) AND isNull(output_tokens), NULL,"
    " ifNull(input_tokens, 0) + ifNull(output_tokens, 0))"
)
_RUN_NUMBERS: Final = {
    "cost": "cost_usd",
    "tokens": RUN_TOKENS,
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "duration": "duration_ns",
    "steps": "span_count",
    "errors": "error_count",
    "llm_calls": "llm_calls",
    "tool_calls": "tool_calls",
}
_SUMS: Final = ("cost", "tokens", "input_tokens", "output_tokens")
_MAPS: Final = ("metadata", "attributes", "resource")
_ONE_WORD: Final = re.compile(r"[A-Za-z0-9]+")


def span_where(filter_: Filter) -> SpanWhere:
    """The filter as a condition on spans; what only runs have is asked of a span's run.

    Needs the parameters `project` and `bounds` beside its own.
    """
    params = _Params()
    conditions: list[str] = []
    for term in filter_.terms:
        if isinstance(term, Text):
            condition = _said(term, params, "(trace_id, span_id)", "trace_id, span_id")
        else:
            condition = _span_condition(term, params)
        conditions.append(_signed(condition, negated=term.negated))
    pointed = any(map(_points, filter_.terms))
    return SpanWhere(" AND ".join(conditions) or "true", params.values, pointed)


def bounds(from_ns: int, to_ns: int) -> dict[str, Param]:
    """The parameters of a condition on spans that start in a range."""
    return {
        "rows_from_ns": from_ns,
        "rows_to_ns": to_ns,
        "runs_from_ns": clamp(from_ns - LONGEST_RUN_NS),
        "runs_to_ns": clamp(to_ns + LONGEST_RUN_NS),
    }


def run_where(filter_: Filter) -> RunWhere:
    """The filter as conditions on runs.

    Needs the parameters `project`, `rows_from_ns` and `rows_to_ns` beside its own.
    """
    where = RunWhere([], [], {}, "", {}, [], any(map(_points, filter_.terms)))
    params = _Params()
    conditions: list[str] = []
    for term in filter_.terms:
        if isinstance(term, Text):
            condition = _said(term, params, "trace_id", "trace_id")
        elif term.field == "score":
            condition = _scored(term, params, "of_scored_runs")
        elif term.field == "tag":
            condition = _tagged_run(term, params, where)
        elif FIELDS[term.field].of_run:
            condition = _run_condition(term, params)
            if _is_rare(term):
                # What a run says of itself, one of its spans says.
                where.rare.append(ask.sql("of_spans", condition=condition))
        else:
            conditions.append(_of_some_span(term, params, where))
            continue
        signed = _signed(condition, negated=term.negated)
        if isinstance(term, Term) and term.field in _SUMS:
            where.unsettled.append(term)
            signed = f"(ambiguous OR {signed})"
        conditions.append(signed)
    return where._replace(condition=" AND ".join(conditions) or "true", params=params.values)


class Totals(NamedTuple):
    """The sums of a run that a filter can ask for; None where unknown."""

    cost_usd: float | None
    input_tokens: int | None
    output_tokens: int | None

    def of(self, field: str) -> Number | None:
        """The value of a field of the filter."""
        match field:
            case "cost":
                return self.cost_usd
            case "input_tokens":
                return self.input_tokens
            case "output_tokens":
                return self.output_tokens
            case _:
                known = [n for n in (self.input_tokens, self.output_tokens) if n is not None]
                return sum(known) if known else None


def holds(term: Term, totals: Totals) -> bool:
    """Whether the exact sums of a run satisfy one of `RunWhere.unsettled`; as in SQL, what is
    unknown satisfies nothing but a negation."""
    value = totals.of(term.field)
    if value is None:
        return term.negated
    numbers = [number for number in term.values if not isinstance(number, Glob)]
    return (term.op == "has" or _compares(term.op, value, numbers)) != term.negated


class Needles:
    """Words and phrases to look for in contents, and their parameters."""

    def __init__(self) -> None:
        self.params: dict[str, Param] = {}

    def says(self, text: str) -> str:
        """The condition on rows of `contents` that they say `text`, its words in this order."""
        name = f"said{len(self.params)}"
        self.params[name] = " ".join(text.split())
        return _says(f"{{{name}:String}}", text)


def text_columns(field: str) -> tuple[str, ...]:
    """The columns of `spans` that a text field speaks of."""
    return _TEXTS[field]


def _of_some_span(term: Term, params: _Params, where: RunWhere) -> str:
    """The term holds for one of the run's spans: counted over them, after a semi-join that
    narrows where to look."""
    condition = _span_condition(term, params)
    alias = f"has_{len(where.has)}"
    where.has[alias] = f"countIf({condition}) > 0"
    if term.negated:
        return f"NOT {alias}"
    where.rows.append(ask.sql("of_spans", condition=condition))
    return alias


def _tagged_run(term: Term, params: _Params, where: RunWhere) -> str:
    """A tag stands on one of the run's spans, or a person gave it to the run."""
    sent, by_hand = _sent_tag(term, params), _hand_tag(term, params)
    alias = f"has_{len(where.has)}"
    where.has[alias] = f"countIf({sent}) > 0"
    if not term.negated:
        where.rows.append(f"({ask.sql('of_spans', condition=sent)} OR {by_hand})")
    return f"({alias} OR {by_hand})"


def _points(term: Term | Text) -> bool:
    return (
        isinstance(term, Term)
        and FIELDS[term.field].type == "id"
        and not term.negated
        and term.op == "is"
        and all(isinstance(value, Glob) and value.literal for value in term.values)
    )


def _is_rare(term: Term) -> bool:
    """Whether the term asks for a status or outcome that few runs have."""
    values = {value.literal for value in term.values if isinstance(value, Glob)}
    return (
        term.field in _RUN_TEXTS
        and term.op == "is"
        and not term.negated
        and values.isdisjoint(_USUAL)
    )


def _signed(condition: str, *, negated: bool) -> str:
    # A comparison with NULL is neither; here it is false, so that its negation is true.
    return f"{'NOT ' * negated}ifNull({condition}, false)"


def _span_condition(term: Term, params: _Params) -> str:  # noqa: PLR0911 - one for each sort
    if term.field == "score":
        return _scored(term, params, "of_scored_spans")
    if term.field == "running":
        return "isNull(end_ns)"
    if term.field in _MAPS:
        return _in_map(term, params)
    if term.field == "tag":
        return _tagged(term, params)
    if term.field in _TEXTS:
        if term.op == "has":
            return _PRESENT.get(term.field, f"{_TEXTS[term.field][0]} != ''")
        return _any_match(_TEXTS[term.field], term, params)
    if term.field in _COUNTS:
        return ask.sql("of_runs", condition=_number_matches(_COUNTS[term.field], term, params))
    return _number_matches(_NUMBERS[term.field], term, params)


def _run_condition(term: Term, params: _Params) -> str:
    if term.field == "running":
        return "running"
    if term.field not in _RUN_TEXTS:
        return _number_matches(_RUN_NUMBERS[term.field], term, params)
    column = _RUN_TEXTS[term.field]
    if term.op == "has":
        return f"{column} NOT IN ('', 'unset')"
    return _any_match((column,), term, params)


def _tagged(term: Term, params: _Params) -> str:
    return f"({_sent_tag(term, params)} OR {_hand_tag(term, params)})"


def _hand_tag(term: Term, params: _Params) -> str:
    matches = "true" if term.op == "has" else _any_match(("label",), term, params)
    return ask.sql("of_tagged_runs", matches=matches)


def _sent_tag(term: Term, params: _Params) -> str:
    if term.op == "has":
        return _PRESENT["tag"]
    return f"arrayExists(tag -> {_any_match(('tag',), term, params)}, tags)"


def _in_map(term: Term, params: _Params) -> str:
    key = params.text(term.key)
    value = f"{term.field}[{key}]"
    if term.op == "has":
        return f"mapContains({term.field}, {key})"
    if term.op == "is":
        return f"(mapContains({term.field}, {key}) AND {_any_match((value,), term, params)})"
    return _number_matches(f"toFloat64OrNull({value})", term, params)


def _scored(term: Term, params: _Params, question: str) -> str:
    """The condition that a score named by the term matches; `question` is of_scored_spans or
    of_scored_runs."""
    name = params.text(term.key)
    if term.op == "has":
        matches = "true"
    elif term.op == "is":
        equal = (f"value = {params.number(number)}" for number in _as_numbers(term))
        matches = _either([_any_match(("label",), term, params), *equal])
    else:
        matches = _number_matches("value", term, params)
    return ask.sql(question, name=name, matches=f"ifNull({matches}, false)")


def _as_numbers(term: Term) -> list[float]:
    """Those values of a term that read as numbers: `score.helpful:0.9` means the number too."""
    found: list[float] = []
    for value in term.values:
        try:
            found.append(float((value.literal or "") if isinstance(value, Glob) else value))
        except ValueError:
            continue
    return found


def _any_match(expressions: tuple[str, ...], term: Term, params: _Params) -> str:
    exact_case = FIELDS[term.field].type == "id"
    return _either(
        [
            _matches(expression, value, params, exact_case=exact_case)
            for value in term.values
            if isinstance(value, Glob)
            for expression in expressions
        ]
    )


def _matches(expression: str, glob: Glob, params: _Params, *, exact_case: bool) -> str:
    if not any(glob.pieces) and glob.literal is None:
        return f"{expression} != ''"
    operator = "LIKE" if glob.literal is None else "="
    wanted = glob.literal if glob.literal is not None else _like(glob)
    if exact_case:
        return f"{expression} {operator} {params.text(wanted)}"
    return f"lowerUTF8({expression}) {operator} lowerUTF8({params.text(wanted)})"


def _like(glob: Glob) -> str:
    return "%".join(re.sub(r"([\\%_])", r"\\\1", piece) for piece in glob.pieces)


def _number_matches(expression: str, term: Term, params: _Params) -> str:
    numbers = [params.number(value) for value in term.values if not isinstance(value, Glob)]
    match term.op:
        case "has":
            return f"isNotNull({expression})"
        case "between":
            return f"({expression} >= {numbers[0]} AND {expression} <= {numbers[1]})"
        case "is":
            return _either([f"{expression} = {number}" for number in numbers])
        case operator:
            return f"{expression} {operator} {numbers[0]}"


def _compares(op: str, value: Number, numbers: list[Number]) -> bool:
    match op:
        case "between":
            return numbers[0] <= value <= numbers[1]
        case "is":
            return value in numbers
        case ">":
            return value > numbers[0]
        case ">=":
            return value >= numbers[0]
        case "<":
            return value < numbers[0]
        case _:
            return value <= numbers[0]


def _said(term: Text, params: _Params, key: str, columns: str) -> str:
    needle = params.text(" ".join(term.text.split()))
    return ask.sql("saying", key=key, columns=columns, says=_says(needle, term.text))


def _says(needle: str, text: str) -> str:
    """The index finds contents that hold all words; only one plain word is surely a match.

    Otherwise the words must stand as they were typed, with any white space between them.
    """
    if _ONE_WORD.fullmatch(text.strip()):
        return f"hasAllTokens(text, {needle})"
    in_order = (
        r"position(replaceRegexpAll("
        r"lowerUTF8(normalizeUTF8NFKC(toValidUTF8(text))), '[\\s\\x1f]+', ' '),"
        f" lowerUTF8(normalizeUTF8NFKC(toValidUTF8({needle})))) > 0"
    )
    if not any(map(str.isalnum, text)):
        return in_order
    return f"(hasAllTokens(text, {needle}) AND {in_order})"


def _either(conditions: list[str]) -> str:
    return conditions[0] if len(conditions) == 1 else f"({' OR '.join(conditions)})"
