"""The filter: text ⇄ Filter, and errors that say where and what was expected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew import filter as filters
from clew.errors import BadFilter
from clew.filter import FIELDS, Filter, Glob, Term, Text, parse, render

words = st.text(min_size=1).filter(str.strip)
pieces = st.lists(st.text(min_size=1), min_size=1, max_size=3).flatmap(
    lambda inner: st.sampled_from([inner, ["", *inner], [*inner, ""], ["", *inner, ""]])
)
globs = st.one_of(
    st.text().map(lambda text: Glob((text,))),
    pieces.map(lambda found: Glob(tuple(found))),
    st.just(Glob(("", ""))),
)
durations = st.integers(-(2**62), 2**62)
numbers = st.floats(-1e18, 1e18)
negations = st.booleans()


def choices(name: str) -> st.SearchStrategy[Glob]:
    """One of the closed list of `name`."""
    return st.sampled_from(FIELDS[name].choices).map(lambda choice: Glob((choice,)))


def conditions(name: str) -> st.SearchStrategy[Term]:
    """Any term about the field `name`."""
    field = FIELDS[name]
    key = words if field.keyed else st.just("")
    number = durations if field.type == "duration" else numbers

    def terms(op: filters.Op, values: st.SearchStrategy[object]) -> st.SearchStrategy[Term]:
        return st.builds(
            Term, field=st.just(name), key=key, op=st.just(op), values=values, negated=negations
        )

    compared = [
        *(terms(op, st.tuples(number)) for op in (">", ">=", "<", "<=")),
        terms("between", st.tuples(number, number)),
    ]
    anyof = st.lists(choices(name) if field.choices else globs, min_size=1, max_size=3).map(tuple)
    present = terms("has", st.just(()))
    match field.type:
        case "flag":
            return terms("is", st.just(()))
        case "number" | "count" | "duration":
            some = st.lists(number, min_size=1, max_size=3).map(tuple)
            return st.one_of(present, terms("is", some), *compared)
        case "any":
            return st.one_of(present, terms("is", anyof), *compared)
        case _:
            return st.one_of(present, terms("is", anyof))


texts = st.builds(Text, text=words, negated=negations)
any_filter = st.lists(st.one_of(texts, st.sampled_from(sorted(FIELDS)).flatmap(conditions))).map(
    lambda terms: Filter(terms=tuple(terms))
)


@given(any_filter)
def test_rendered_filter_is_read_as_the_same_filter(filter_: Filter) -> None:
    """Parse ∘ render is the identity on filters."""
    assert parse(render(filter_)) == filter_


scraps = st.sampled_from([*'ab*-:<>=,. "\\1\t', "kind:", "cost>", "has:", "metadata."])


@given(st.lists(scraps).map("".join))
def test_any_text_is_read_or_refused_at_a_place(text: str) -> None:
    """Whatever is typed, the answer is a filter or a place in the text."""
    refusal, filter_ = None, Filter()
    try:
        filter_ = parse(text)
    except BadFilter as exc:
        refusal = exc
    assert refusal is None or 0 <= refusal.position <= len(text)
    assert refusal is None or str(refusal.position) in refusal.message
    assert parse(render(filter_)) == filter_


def test_example_of_the_design_is_read() -> None:
    """The example that every page shows means what it says."""
    text = 'kind:llm status:error model:gpt-* cost>0.10 prompt:planner@7 -tag:internal "rate limit"'
    assert parse(text).terms == (
        Term(field="kind", values=(Glob(("llm",)),)),
        Term(field="status", values=(Glob(("error",)),)),
        Term(field="model", values=(Glob(("gpt-", "")),)),
        Term(field="cost", op=">", values=(0.1,)),
        Term(field="prompt", values=(Glob(("planner@7",)),)),
        Term(field="tag", values=(Glob(("internal",)),), negated=True),
        Text(text="rate limit"),
    )


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("duration>2.5s", Term(field="duration", op=">", values=(2_500_000_000,))),
        ("ttft<300ms", Term(field="ttft", op="<", values=(300_000_000,))),
        (
            "duration:1m..2h",
            Term(field="duration", op="between", values=(60 * 10**9, 7200 * 10**9)),
        ),
        ("steps:1..5", Term(field="steps", op="between", values=(1, 5))),
        ("tokens>=10k", Term(field="tokens", op=">=", values=(10_000,))),
        ("release:1..5", Term(field="release", values=(Glob(("1..5",)),))),
        ("score.helpful:.5..1", Term(field="score", key="helpful", op="between", values=(0.5, 1))),
        (
            "score.tone:kind,warm",
            Term(field="score", key="tone", values=(Glob(("kind",)), Glob(("warm",)))),
        ),
        (
            "attributes.gen_ai.seed:7",
            Term(field="attributes", key="gen_ai.seed", values=(Glob(("7",)),)),
        ),
        ('metadata."a b:c":x', Term(field="metadata", key="a b:c", values=(Glob(("x",)),))),
        ("is:running", Term(field="running")),
        ("-has:error", Term(field="error", op="has", negated=True)),
        ("has:metadata.team", Term(field="metadata", key="team", op="has")),
        ('name:"plan a trip"', Term(field="name", values=(Glob(("plan a trip",)),))),
        (r'name:"2 \* 2*"', Term(field="name", values=(Glob(("2 * 2", "")),))),
        ("status:ERROR", Term(field="status", values=(Glob(("error",)),))),
        ("model:a:free,b", Term(field="model", values=(Glob(("a:free",)), Glob(("b",))))),
        (r"name:C:\tmp", Term(field="name", values=(Glob((r"C:\tmp",)),))),
        ("refund", Text(text="refund")),
        ('-"rate limit"', Text(text="rate limit", negated=True)),
        ("退款", Text(text="退款")),
    ],
)
def test_each_form_is_read(text: str, term: Term | Text) -> None:
    """Every form of the grammar has one meaning."""
    assert parse(text).terms == (term,)
    assert parse(render(parse(text))).terms == (term,)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("modle:gpt-5", 0, "unknown field 'modle' at 0; did you mean 'model'?"),
        ("kind:lmm", 5, "unknown kind 'lmm' at 5; did you mean 'llm'?"),
        ("cost>cheap", 5, "expected a number at 5"),
        ("duration>2", 10, "expected one of 'd', 'h', 'm', 's', 'ms', 'us', 'ns' after '2' at 10"),
        ("duration:", 9, "expected a number at 9, as in 2.5s or 300ms"),
        ("model>5", 5, "'model' is no number: expected ':' at 5, not '>'"),
        ("model:", 6, "expected a value of 'model' at 6"),
        ("model:a,", 8, "expected a value of 'model' at 8"),
        ('a "rate limit', 2, "the quote at 2 is not closed"),
        ('""', 0, "expected words between the quotes at 0"),
        ("score>1", 0, "'score' at 0 needs a key, as in score.KEY"),
        ("is:done", 3, "expected 'running' after 'is:' at 3"),
        ("has:", 4, "expected a field after 'has:' at 4"),
        ("fail*", 4, "'*' at 4 is for values of fields; words are searched whole"),
        ("12:30", 2, "expected a field before ':' at 2; quote text"),
        ("-", 1, "expected a term at 1, such as kind:llm or a word"),
        ('kind:llm"x"', 8, "expected a space before the next term at 8"),
        ("tokens>1e30", 7, "the number at 7 is too large"),
        ("cost>0.1$", 8, "expected a space after '0.1' at 8"),
    ],
)
def test_refusal_says_where_and_what_was_expected(text: str, position: int, message: str) -> None:
    """A wrong filter is answered with its place and what would be right there."""
    with pytest.raises(BadFilter) as refusal:
        parse(text)
    assert (refusal.value.position, refusal.value.message) == (position, message)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("word " * 1000, 4096, "longer than 4096 characters"),
        ("w " * 17, 32, "more than 16 words or phrases"),
        ("kind:llm " * 33, 288, "more than 32 terms"),
    ],
)
def test_filter_that_asks_too_much_is_refused(text: str, position: int, message: str) -> None:
    """A filter has up to 32 terms, of which 16 are texts; the refusal names the first too many."""
    with pytest.raises(BadFilter, match=message) as refused:
        parse(text)
    assert refused.value.position == position
    assert len(parse("w " * 16 + "kind:llm " * 16).terms) == 32
