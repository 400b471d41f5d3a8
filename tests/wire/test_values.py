"""Loosely typed values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.wire import values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ('[{"role":"user","content":"hel', [{"role": "user", "content": "hel"}]),
        ('{"a":"one \\"two\\" thr', {"a": 'one "two" thr'}),
        ('{"a":"x\\', {"a": "x"}),
        ('{"a":"x\\u12', {"a": "x"}),
        ('{"a":1,"b":12', {"a": 1}),
        ('{"a":1,"b":', {"a": 1}),
        ('{"a":1,"be', {"a": 1}),
        ('{"a":{"b":"c"}', {"a": {"b": "c"}}),
        ('["x", "y"', ["x", "y"]),
    ],
)
def test_json_that_was_cut_is_read_as_far_as_it_goes(sent: str, meant: object) -> None:
    """A cut string keeps its beginning; a cut number, key or word is dropped."""
    assert values.decoded(sent) == (meant, True)


@pytest.mark.parametrize(
    "sent", ["[INFO] started", "[1] see below", "[unclosed", "{name} said", "", "plain", '{"a":']
)
def test_text_that_only_looks_like_json_stays_text(sent: str) -> None:
    """Log lines and templates are not JSON that was cut."""
    assert values.decoded(sent) == (sent, False)


def test_json_as_python_writes_it_is_read() -> None:
    """NaN is null, raw control characters stay, half a surrogate pair is replaced."""
    assert values.decoded('{"a": NaN, "b": "x\ty", "c": "\\ud83d"}').value == {
        "a": None,
        "b": "x\ty",
        "c": "?",
    }


@given(JSON)
def test_whole_json_is_never_called_cut(value: object) -> None:
    """Any JSON value comes back as it was."""
    assert values.decoded_json(json.dumps(value)) == (value, False)


@given(st.lists(JSON, min_size=1) | st.dictionaries(st.text(), JSON, min_size=1), st.data())
def test_json_cut_anywhere_gives_a_value_that_can_be_encoded(
    value: object, data: st.DataObject
) -> None:
    """Whatever remains is a value or the text itself; nothing raises, nothing is half a letter."""
    whole = json.dumps(value)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    held = values.decoded(cut)
    assert values.encode_json(held.value)
    assert held.truncated or held.value == cut


def test_json_nested_too_deep_to_read_stays_text() -> None:
    """An attack by nesting is neither an error nor a crash."""
    deep = "[" * 100_000
    assert values.decoded(deep).value == deep


def test_numbers_and_booleans_are_read_from_strings() -> None:
    """Many emitters stringify everything."""
    assert values.count("12") == 12
    assert values.count(3.0) == 3
    assert values.number("0.25") == 0.25
    assert values.boolean("False") is False
    assert values.boolean("true") is True


@pytest.mark.parametrize("value", [True, "many", None, -1, 1 << 64, float("nan"), float("inf"), []])
def test_what_is_no_count_is_unknown(value: object) -> None:
    """Never 0, and never a number that no column holds."""
    assert values.count(value) is None  # type: ignore[arg-type]


def test_lists_are_read_from_json_and_from_single_values() -> None:
    """Tags and finish reasons come as a list, as JSON, and as one string."""
    assert values.texts(["a", 1, None]) == ["a", "1"]
    assert values.texts('["a", "b"]') == ["a", "b"]
    assert values.texts("stop") == ["stop"]
    assert values.texts(None) == values.texts("") == []


def test_a_time_longer_than_its_span_was_in_milliseconds() -> None:
    """0.4 s in a span of one second is seconds; 400 in the same span is milliseconds."""
    second = 1_000_000_000
    assert values.duration_ns(0.4, second) == 400_000_000
    assert values.duration_ns(400, second) == 400_000_000
    assert values.duration_ns(400, None) == 400 * second
    assert values.duration_ns(-1, second) is None
