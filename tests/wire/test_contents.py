"""Payloads come back byte for byte, whatever they are."""

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.wire.contents import SLOT, content_hash, fold, group_of, join, split, unfold

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
spacings = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")])


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """JSON as different senders write it: escaped or not, compact or spread out."""
    return json.dumps(
        draw(values),
        ensure_ascii=draw(st.booleans()),
        separators=draw(spacings),
        indent=draw(st.sampled_from([None, None, 2])),
    )


def round_trip(payload: str) -> str:
    """`payload` through everything that the store does to it."""
    taken = split(payload)
    parts: list[str] = []
    for part in taken.parts:
        folded = fold(part.decode())
        blobs = {blob.hash: blob.data for blob in folded.blobs}
        parts.append(unfold(folded.skeleton, folded.text, blobs))
    return join(taken.frame, parts)


@given(json_texts())
def test_json_comes_back(payload: str) -> None:
    """Any JSON, in any spacing and escaping, comes back byte for byte."""
    assert round_trip(payload) == payload


@given(st.lists(json_texts(), max_size=4))
def test_json_in_json_comes_back(texts: list[str]) -> None:
    """JSON inside the strings of JSON, as tool arguments are, comes back byte for byte."""
    payload = json.dumps([{"role": "tool", "content": text} for text in texts])
    assert round_trip(payload) == payload


@given(st.text() | st.text(alphabet='{}[]",:\\u00e9\x01\x02\x04\x05\x06\x1f 19-.'))
def test_text_comes_back(payload: str) -> None:
    """Text that isn't JSON, or nearly is, comes back byte for byte."""
    assert round_trip(payload) == payload


@given(json_texts(), st.integers(min_value=0))
def test_cut_off_json_comes_back(payload: str, at: int) -> None:
    """JSON that a length limit cut off comes back byte for byte."""
    cut = payload[: at % (len(payload) + 1)]
    assert round_trip(cut) == cut


@given(seed=st.integers(0, 2**32), size=st.integers(800, 3000), as_url=st.booleans())
def test_base64_comes_back_and_is_decoded(seed: int, size: int, *, as_url: bool) -> None:
    """Base64 of some size is kept as its bytes, and the text comes back."""
    data = random.Random(seed).randbytes(size)
    encoded = ("data:image/png;base64," if as_url else "") + base64.b64encode(data).decode()
    payload = json.dumps([{"type": "image", "data": encoded}])
    assert round_trip(payload) == payload
    [blob] = fold(split(payload).parts[0].decode()).blobs
    assert blob.data == data
    assert blob.hash == content_hash(data)
    assert blob.mime == ("image/png" if as_url else "")


@pytest.mark.parametrize(
    ("payload", "parts"),
    [
        ('[{"role":"user"},{"role":"assistant"}]', ['{"role":"user"}', '{"role":"assistant"}']),
        (
            '{"model":"m","messages":[ {"a":1} , {"a":1}],"tools":[]}',
            ['{"a":1}', '{"a":1}'],
        ),
        ("[0.1,0.2,0.3]", ["[0.1,0.2,0.3]"]),
        ("plain words", ["plain words"]),
        ('{"a":"x","a":"y"}', ['{"a":"x","a":"y"}']),
    ],
)
def test_each_message_is_a_content(payload: str, parts: list[str]) -> None:
    """A list is taken apart at its elements, also below a key; what holds none stays whole."""
    assert [part.decode() for part in split(payload).parts] == parts


def test_a_growing_conversation_shares_its_contents() -> None:
    """The second call's contents are the first call's and what is new."""
    first = split(json.dumps([{"role": "user", "content": "a"}]))
    second = split(json.dumps([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]))
    assert second.parts[:1] == first.parts


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ('{"role":"user","content":"caf\\u00e9"}', ["café"]),
        ('{"role":"user","content":"line\\nbreak"}', ["line\nbreak"]),
        ('{"arguments":"{\\"city\\": \\"Par\\\\u00eds\\"}"}', ["city", "París"]),
        ('{"order": 5512, "n": 7}', ["order", "5512", "n"]),
        ('{"text":"\\u4f60\\u597d"}', ["你好"]),
    ],
)
def test_words_are_stored_as_they_read(raw: str, words: list[str]) -> None:
    """What a search finds is what a person reads: unescaped, without the words of the wire."""
    assert fold(raw).text.split("\x1f") == words


def test_blobs_can_be_left_out() -> None:
    """Without their bytes, base64 parts read as the name of their content."""
    data = random.Random(1).randbytes(2000)
    raw = json.dumps({"url": "data:image/png;base64," + base64.b64encode(data).decode()})
    folded = fold(raw)
    shown = json.loads(unfold(folded.skeleton, folded.text))
    assert shown["url"] == f"data:image/png;base64,clew-content:{content_hash(data).hex()}"


@pytest.mark.parametrize("text", ["x" * 5000, "0123456789abcdef" * 100, "word" * 1000])
def test_long_words_are_words(text: str) -> None:
    """What only looks like base64 stays text."""
    assert fold(text) == ("", text, [])


def test_join_refuses_a_wrong_number_of_parts() -> None:
    """A frame that lost a part is an error, never a shorter payload."""
    with pytest.raises(ValueError, match="2 slots"):
        join(f"[{SLOT},{SLOT}]", ["1"])


def test_indexed_attributes_are_grouped() -> None:
    """Attributes of one message of an indexed list belong together."""
    assert group_of("llm.input_messages.10.message.role") == (
        "llm.input_messages.10",
        "message.role",
    )
    assert group_of("gen_ai.prompt.name") is None
