"""Attributes ⇄ protobuf: read by hand just as generated classes read them."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from clew.wire.anyvalue import AttributeReader, write_pair
from clew.wire.limits import Findings, Limits
from wire import otlp_bodies as some


class TestUnusualProtobuf:
    """Forms that protobuf allows and encoders don't write."""

    @pytest.mark.parametrize(
        ("pair", "expected"),
        [
            (b"", {"": None}),
            (b"\x0a\x01k", {"k": None}),
            (b"\x0a\x01k\x12\x00", {"k": None}),
            (b"\x12\x02\x18\x05", {"": 5}),
            (b"\x12\x02\x18\x05\x0a\x01k", {"k": 5}),
            (b"\x0a\x01k\x12\x02\x18\x05\x18\x07", {"k": 5}),
            (b"\x0a\x01k\x12\x04\x18\x05\x18\x06", {"k": 6}),
            (b"\x0a\x01k\x12\x04\x18\x05\x78\x01", {"k": 5}),
            (b"\x0a\x01k\x12\x03\x18\x85\x00", {"k": 5}),
            (b"\x0a\x01k\x12\x02\x40\x05", {"k": None}),
            (b"\x0a\x01k\x12\x08\x2a\x06\x0a\x02\x18\x05\x78\x01", {"k": [5]}),
            (b"\x0a\x01k\x12\x06\x32\x04\x78\x01\x0a\x00", {"k": {"": None}}),
            (b"\x0a\x01k\x12\x02\x18\x05\x0a\x01j", {"j": 5}),
            (b"\x0a\x01k\x12\x05\x0a\x01v\x10\x00", {"k": False}),
        ],
    )
    def test_pairs(self, pair: bytes, expected: dict[str, object]) -> None:
        """Fields missing, unknown, repeated, out of order, numbers in too many bytes."""
        findings = Findings()
        assert AttributeReader(Limits(), findings).attributes([pair]) == expected
        assert findings.messages() == []

    @pytest.mark.parametrize(
        ("pair", "expected"),
        [
            (b"\x0a\x05k", {}),
            (b"\xff", {}),
            (b"\x0a\x01k\x12\x02\x0a\x05", {"k": b"\x0a\x05"}),
            (b"\x0a\x01k\x12\x04\x2a\x02\x0a\x05", {"k": b"\x2a\x02\x0a\x05"}),
        ],
    )
    def test_what_is_not_protobuf_stays_bytes(
        self, pair: bytes, expected: dict[str, object]
    ) -> None:
        """Or is left out where not even its key can be read; the other attributes live."""
        findings = Findings()
        reader = AttributeReader(Limits(), findings)
        after = write_pair("after", 1)
        assert reader.attributes([pair, after]) == {**expected, "after": 1}
        assert len(findings.messages()) == 1

    @settings(max_examples=200)
    @given(raw=st.binary(max_size=40) | some.damaged_pairs())
    def test_whatever_generated_classes_read_is_read_alike(self, raw: bytes) -> None:
        """And what they refuse raises nothing. Of a field that comes twice, which protobuf merges,
        the last holds here."""
        attributes = AttributeReader(Limits(), Findings()).attributes([raw])
        try:
            pair = KeyValue.FromString(raw)
        except DecodeError:
            return
        if len(pair.SerializeToString()) == len(raw):
            assert list(attributes) == [pair.key]
            assert repr(attributes[pair.key]) == repr(plain(pair.value))

    @given(attributes=some.attributes)
    def test_attributes_are_what_generated_classes_write(self, attributes: dict[str, Any]) -> None:
        """Both directions: our bytes parse there, and theirs are read here."""
        reader = AttributeReader(Limits(), Findings())
        theirs: list[bytes] = []
        for key, value in attributes.items():
            pair = KeyValue.FromString(write_pair(key, value))
            assert pair.key == key
            theirs.append(pair.SerializeToString())
        assert repr(reader.attributes(theirs)) == repr(attributes)

    def test_nesting_has_an_end_however_deep_it_is(self) -> None:
        """Nothing here depends on how deep Python may go."""
        value = b""
        for _ in range(5000):
            value = sized(0x2A, sized(0x0A, value))
        findings = Findings()
        pair = sized(0x0A, b"k") + sized(0x12, value)
        attributes = AttributeReader(Limits(depth=3), findings).attributes([pair])
        assert str(attributes).startswith("{'k': [[['[[[[")
        assert findings.messages() == snapshot(["a value nested deeper than 3 became text"])


def sized(tag: int, content: bytes) -> bytes:
    """A field with its length before it."""
    size, written = len(content), bytearray((tag,))
    while size > 127:
        written.append(size & 127 | 128)
        size >>= 7
    return bytes(written) + bytes((size,)) + content


def plain(value: AnyValue) -> object:
    """A value as generated classes read it."""
    which = value.WhichOneof("value")
    if which is None or which == "string_value_strindex":
        return None
    if which == "array_value":
        return [plain(item) for item in value.array_value.values]
    if which == "kvlist_value":
        return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, which)
