r"""The filter: text ⇄ `Filter`.

    kind:llm status:error model:gpt-* cost>0.10 prompt:planner@7 -tag:internal "rate limit"

The grammar, terms joined by "and":

    filter   = { term }
    term     = ["-"] ( text | "has:" field | "is:running" | condition )
    condition = field ":" any-of | field compare number
    any-of   = value { "," value } | number ".." number        (the range for numbers only)
    compare  = ">" | ">=" | "<" | "<="
    field    = name [ "." key ]                                a key for score, metadata, …
    text     = word | quoted
    value    = word | quoted                                   "*" stands for any characters
    quoted   = '"' … '"'                                       \" \\ and \* are taken literally

What a term means for a run or a span is said by whoever compiles it (`clew.query.where`).
"""

from __future__ import annotations

import difflib
import re
from decimal import Decimal
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from clew.errors import BadFilter
from clew.span import Kind, Outcome, Status

Op = Literal["is", "has", ">", ">=", "<", "<=", "between"]
Type = Literal["text", "id", "choice", "number", "count", "duration", "any", "flag"]


class Glob(msgspec.Struct, frozen=True):
    """A text to compare with: `pieces` are the literal parts between wildcards, so `("gpt-", "")`
    is `gpt-*` and `("llm",)` has no wildcard. Inner pieces are never empty."""

    pieces: tuple[str, ...]

    @property
    def literal(self) -> str | None:
        """The text itself, None where there is a wildcard."""
        return self.pieces[0] if len(self.pieces) == 1 else None


Number: TypeAlias = int | float


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A condition on a field. `values` is empty for `has` and for flags, two numbers (both
    inclusive) for `between`, one for a comparison, and for `is` those of which any may match.
    Durations are whole nanoseconds, money is US dollars."""

    field: str
    key: str = ""
    op: Op = "is"
    values: tuple[Glob | Number, ...] = ()
    negated: bool = False


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """Words that a content has to say, in this order."""

    text: str
    negated: bool = False


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Terms that must all hold; no terms hold for everything."""

    terms: tuple[Term | Text, ...] = ()


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a field before any data is seen. `of_run` marks the values that a run has
    itself; `keyed` fields are written `field.KEY`."""

    type: Type = "text"
    choices: tuple[str, ...] = ()
    of_run: bool = False
    keyed: bool = False


FIELDS: Final[dict[str, Field]] = {
    "kind": Field(type="choice", choices=get_args(Kind)),
    "name": Field(),
    "status": Field(type="choice", choices=get_args(Status), of_run=True),
    "outcome": Field(type="choice", choices=get_args(Outcome), of_run=True),
    "error": Field(),
    "model": Field(),
    "provider": Field(),
    "agent": Field(),
    "tool": Field(),
    "prompt": Field(),
    "user": Field(type="id"),
    "session": Field(type="id"),
    "tag": Field(),
    "environment": Field(),
    "release": Field(),
    "service": Field(),
    "trace": Field(type="id"),
    "span": Field(type="id"),
    "cost": Field(type="number", of_run=True),
    "tokens": Field(type="count", of_run=True),
    "input_tokens": Field(type="count", of_run=True),
    "output_tokens": Field(type="count", of_run=True),
    "duration": Field(type="duration", of_run=True),
    "ttft": Field(type="duration"),
    "steps": Field(type="count", of_run=True),
    "errors": Field(type="count", of_run=True),
    "llm_calls": Field(type="count", of_run=True),
    "tool_calls": Field(type="count", of_run=True),
    "running": Field(type="flag", of_run=True),
    "score": Field(type="any", keyed=True),
    "metadata": Field(type="any", keyed=True),
    "attributes": Field(type="any", keyed=True),
    "resource": Field(type="any", keyed=True),
}

# Each term is a look at the store of its own, and each text one at the index of all contents.
MAX_CHARS: Final = 4_096
MAX_TERMS: Final = 32
MAX_TEXTS: Final = 16

_DURATIONS: Final[dict[str, int]] = {
    "d": 86_400_000_000_000,
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
_COUNTS: Final[dict[str, int]] = {"": 1, "k": 1_000, "M": 1_000_000}
_PLAIN: Final[dict[str, int]] = {"": 1}
_NUMERIC: Final = ("number", "count", "duration")
# Durations are kept in a signed 64-bit column.
_LARGEST: Final = 2.0**63

_HEAD: Final = re.compile(r'(?P<name>[A-Za-z_]\w*)(?:\.(?P<key>"(?:[^"\\]|\\.)*"|[^\s:<>"]+))?')
_OPERATOR: Final = re.compile(r">=|<=|>|<|:")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_UNIT: Final = re.compile(r"[^\s,.\d]*")
_RANGE: Final = re.compile(rf"{_NUMBER.pattern}\.\.{_NUMBER.pattern}(?=\s|$)", re.ASCII)
_WORD: Final = re.compile(r'[^\s"]+')
_VALUE: Final = re.compile(r'[^\s,"]+')
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PIECE: Final = re.compile(r"\\(?P<escaped>.)|(?P<star>\*+)|(?P<plain>[^\\*]+)", re.DOTALL)
# What needs no quotes to be read as the same key, value or words again.
_BARE_KEY: Final = re.compile(r'[^\s:<>"]+')
_BARE_VALUE: Final = re.compile(r'(?!.*\.\.)[^\s,"*\\]+')
_BARE_TEXT: Final = re.compile(r'[^\s"*:<>-][^\s"*:<>]*')


def parse(text: str) -> Filter:
    """Read a filter. Raises BadFilter, with the place and what was expected there, or when it is
    longer than a question to the store can be."""
    if len(text) > MAX_CHARS:
        raise BadFilter(f"the filter is longer than {MAX_CHARS} characters", MAX_CHARS)
    return Filter(terms=tuple(_Reader(text).terms()))


def render(filter_: Filter) -> str:
    """Write a filter so that `parse` reads the same one."""
    return " ".join(
        ("-" if term.negated else "")
        + (_render_text(term.text) if isinstance(term, Text) else _render_term(term))
        for term in filter_.terms
    )


class _Reader:
    """A place in a text that moves forward over the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def terms(self) -> list[Term | Text]:
        terms: list[Term | Text] = []
        while self._skip_space():
            start = self.at
            terms.append(self._term())
            _check_count(terms, start)
            if self.at < len(self.text) and not self.text[self.at].isspace():
                raise BadFilter(f"expected a space before the next term at {self.at}", self.at)
        return terms

    def _skip_space(self) -> bool:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]

    def _took(self, mark: str) -> bool:
        taken = self.text.startswith(mark, self.at)
        self.at += len(mark) * taken
        return taken

    def _term(self) -> Term | Text:
        negated = self._took("-")
        if self.text.startswith('"', self.at):
            return Text(text=self._phrase(), negated=negated)
        head = _HEAD.match(self.text, self.at)
        if head is None or not _OPERATOR.match(self.text, head.end()):
            return Text(text=self._word(), negated=negated)
        return self._condition(head, negated=negated)

    def _quoted(self) -> str:
        start = self.at
        quoted = self._take(_QUOTED)
        if not quoted:
            raise BadFilter(f"the quote at {start} is not closed", start)
        return quoted[1:-1]

    def _phrase(self) -> str:
        start = self.at
        phrase = _unescape(self._quoted())
        if not phrase.strip():
            raise BadFilter(f"expected words between the quotes at {start}", start)
        return phrase

    def _word(self) -> str:
        start = self.at
        word = self._take(_WORD)
        if not word:
            raise BadFilter(f"expected a term at {start}, such as kind:llm or a word", start)
        operator = _OPERATOR.search(word)
        if operator:
            at = start + operator.start()
            raise BadFilter(f"expected a field before '{operator[0]}' at {at}; quote text", at)
        if "*" in word:
            at = start + word.index("*")
            raise BadFilter(f"'*' at {at} is for values of fields; words are searched whole", at)
        return word

    def _condition(self, head: re.Match[str], *, negated: bool) -> Term:
        self.at = head.end()
        operator = self._take(_OPERATOR)
        if operator == ":" and head[0] == "is":
            return self._state(negated=negated)
        if operator == ":" and head[0] == "has":
            return self._presence(negated=negated)
        name, key, field = _known(head)
        if operator == ":":
            op, values = self._any_of(name, field)
        else:
            op, values = self._comparison(name, field, operator, head.end())
        return Term(field=name, key=key, op=op, values=values, negated=negated)

    def _state(self, *, negated: bool) -> Term:
        start = self.at
        if self._take(_WORD) != "running":
            raise BadFilter(f"expected 'running' after 'is:' at {start}", start)
        return Term(field="running", negated=negated)

    def _presence(self, *, negated: bool) -> Term:
        head = _HEAD.match(self.text, self.at)
        if head is None:
            raise BadFilter(f"expected a field after 'has:' at {self.at}", self.at)
        name, key, _ = _known(head)
        self.at = head.end()
        return Term(field=name, key=key, op="has", negated=negated)

    def _comparison(
        self, name: str, field: Field, operator: str, at: int
    ) -> tuple[Op, tuple[Number, ...]]:
        if field.type not in (*_NUMERIC, "any"):
            raise BadFilter(f"'{name}' is no number: expected ':' at {at}, not '{operator}'", at)
        return _COMPARISONS[operator], (self._number(field),)

    def _any_of(self, name: str, field: Field) -> tuple[Op, tuple[Glob | Number, ...]]:
        if field.type in _NUMERIC or (field.type == "any" and _RANGE.match(self.text, self.at)):
            return self._numbers(field)
        values = [self._glob(name, field)]
        while self._took(","):
            values.append(self._glob(name, field))
        return "is", tuple(values)

    def _numbers(self, field: Field) -> tuple[Op, tuple[Number, ...]]:
        values = [self._number(field)]
        if self._took(".."):
            return "between", (values[0], self._number(field))
        while self._took(","):
            values.append(self._number(field))
        return "is", tuple(values)

    def _number(self, field: Field) -> Number:
        start = self.at
        units = _units(field)
        digits = self._take(_NUMBER)
        if not digits:
            raise BadFilter(f"expected a number at {start}{_example(field)}", start)
        after = self.at
        unit = self._take(_UNIT)
        if unit not in units:
            raise BadFilter(f"expected {_in_words(units)} after '{digits}' at {after}", after)
        if abs(float(digits) * units[unit]) >= _LARGEST:
            raise BadFilter(f"the number at {start} is too large", start)
        value = Decimal(digits) * units[unit]
        return round(value) if field.type == "duration" else float(value)

    def _glob(self, name: str, field: Field) -> Glob:
        start = self.at
        quoted = self.text.startswith('"', start)
        written = self._quoted() if quoted else self._take(_VALUE)
        if not written and not quoted:
            raise BadFilter(f"expected a value of '{name}' at {start}", start)
        glob = _split(written if quoted else written.replace("\\", "\\\\"))
        if field.type == "choice":
            return _choice(name, field, glob, start)
        return glob


def _check_count(terms: list[Term | Text], at: int) -> None:
    """Raise BadFilter if the last of the terms, which starts at `at`, is one too many."""
    if len(terms) > MAX_TERMS:
        raise BadFilter(f"more than {MAX_TERMS} terms, the first too many at {at}", at)
    if sum(isinstance(term, Text) for term in terms) > MAX_TEXTS:
        raise BadFilter(
            f"more than {MAX_TEXTS} words or phrases, the first too many at {at}:"
            " quote words that stand side by side",
            at,
        )


_COMPARISONS: Final[dict[str, Op]] = {">": ">", ">=": ">=", "<": "<", "<=": "<="}


def _known(head: re.Match[str]) -> tuple[str, str, Field]:
    """The name, key and type of a field as written. Raises BadFilter where there is no such."""
    name, at = head["name"], head.start()
    key = _unescape(head["key"][1:-1]) if (head["key"] or "").startswith('"') else head["key"] or ""
    field = FIELDS.get(name)
    if field is None or field.type == "flag":
        raise BadFilter(f"unknown field '{name}' at {at}{_meant(name, _written_fields())}", at)
    if field.keyed and not key:
        raise BadFilter(f"'{name}' at {at} needs a key, as in {name}.KEY", at)
    if key and not field.keyed:
        raise BadFilter(f"'{name}' takes no key, found '.{head['key']}' at {head.start('key')}", at)
    return name, key, field


def _written_fields() -> list[str]:
    return [name for name, field in FIELDS.items() if field.type != "flag"]


def _meant(wrong: str, known: list[str]) -> str:
    close = difflib.get_close_matches(wrong.lower(), known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; fields are {', '.join(known)}"


def _choice(name: str, field: Field, glob: Glob, at: int) -> Glob:
    """A value of a closed list, in lower case. Raises BadFilter where the list has no such."""
    lowered = Glob(tuple(piece.lower() for piece in glob.pieces))
    if lowered.literal is None or lowered.literal in field.choices:
        return lowered
    close = difflib.get_close_matches(lowered.literal, field.choices, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"expected {_in_words(field.choices)}"
    raise BadFilter(f"unknown {name} '{glob.literal}' at {at}; {hint}", at)


def _units(field: Field) -> dict[str, int]:
    return {"duration": _DURATIONS, "count": _COUNTS}.get(field.type, _PLAIN)


def _example(field: Field) -> str:
    return ", as in 2.5s or 300ms" if field.type == "duration" else ""


def _in_words(choices: dict[str, int] | tuple[str, ...]) -> str:
    words = [f"'{choice}'" for choice in choices if choice]
    if not words:
        return "a space"
    return f"one of {', '.join(words)}"


def _unescape(written: str) -> str:
    return re.sub(r"\\(.)", r"\1", written, flags=re.DOTALL)


def _split(written: str) -> Glob:
    """Cut at the wildcards. A backslash makes the next character literal."""
    pieces = [""]
    for found in _PIECE.finditer(written):
        if found["star"]:
            pieces.append("")
        else:
            pieces[-1] += found["escaped"] or found["plain"]
    return Glob(tuple(pieces))


def _render_term(term: Term) -> str:
    field = term.field
    if term.key:
        field += "." + (term.key if _BARE_KEY.fullmatch(term.key) else f'"{_escape(term.key)}"')
    if FIELDS[term.field].type == "flag":
        return f"is:{term.field}"
    if term.op == "has":
        return f"has:{field}"
    values = [_render_value(value, FIELDS[term.field]) for value in term.values]
    if term.op == "between":
        return f"{field}:{'..'.join(values)}"
    return f"{field}{':' if term.op == 'is' else term.op}{','.join(values)}"


def _render_text(text: str) -> str:
    return text if _BARE_TEXT.fullmatch(text) else f'"{_escape(text)}"'


def _render_value(value: Glob | Number, field: Field) -> str:
    if not isinstance(value, Glob):
        return _render_duration(int(value)) if field.type == "duration" else _render_number(value)
    if all(not piece or _BARE_VALUE.fullmatch(piece) for piece in value.pieces) and any(
        value.pieces
    ):
        return "*".join(value.pieces)
    return '"' + "*".join(_escape(piece).replace("*", "\\*") for piece in value.pieces) + '"'


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _render_number(value: Number) -> str:
    return repr(float(value)).removesuffix(".0")


def _render_duration(value_ns: int) -> str:
    for unit in ("d", "h", "m"):
        if value_ns and value_ns % _DURATIONS[unit] == 0:
            return f"{value_ns // _DURATIONS[unit]}{unit}"
    for unit in ("s", "ms", "us"):
        if abs(value_ns) >= _DURATIONS[unit]:
            return f"{Decimal(value_ns) / _DURATIONS[unit]:f}{unit}"
    return f"{value_ns}ns"
