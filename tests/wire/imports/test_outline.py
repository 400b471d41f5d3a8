"""Where the parts of a JSON document stand."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.wire.imports.outline import elements, members

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
indents = st.sampled_from([None, 1])
plain_keys = st.text(st.characters(codec="ascii", exclude_characters='\\"', categories=["L", "P"]))


@settings(max_examples=40)
@given(st.lists(values), indents)
def test_the_elements_of_any_list_are_found(listed: list[object], indent: int | None) -> None:
    """Whatever brackets and quotes its texts hold."""
    document = json.dumps(listed, indent=indent).encode()
    assert [msgspec.json.decode(place.of(document)) for place in elements(document)] == listed


@settings(max_examples=40)
@given(st.dictionaries(plain_keys, values), indents)
def test_the_members_of_any_object_are_found(said: dict[str, object], indent: int | None) -> None:
    """By their keys."""
    document = json.dumps(said, indent=indent).encode()
    found = {
        key: msgspec.json.decode(place.of(document)) for key, place in members(document).items()
    }
    assert found == said


@settings(max_examples=40)
@given(st.lists(values, min_size=1), st.data())
def test_a_document_that_breaks_off_gives_what_is_whole(
    listed: list[object], data: st.DataObject
) -> None:
    """All elements before the cut, and at most one that is broken."""
    document = json.dumps(listed).encode()
    cut = data.draw(st.integers(1, len(document) - 1))
    places = elements(document[:cut])
    whole = [msgspec.json.decode(place.of(document[:cut])) for place in places[:-1]]
    assert whole == listed[: len(whole)]
