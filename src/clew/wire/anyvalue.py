"""Attributes ⇄ their protobuf bytes.

Half of the time it takes to decode a span goes into its attributes, and most of that into the
objects that generated classes make on the way: two for each attribute. So what every encoder
writes is read here directly from the bytes, and only what looks unusual is given to the
generated classes, which know every form that protobuf allows.

    KeyValue      0x0a length key · 0x12 length AnyValue
    AnyValue      one field, or nothing for null
    ArrayValue    0x0a length AnyValue · …
    KeyValueList  0x0a length KeyValue · …
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from clew.wire import otlp_schema as schema
from clew.wire.limits import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clew.span import Attributes, Value
    from clew.wire.limits import Findings, Limits

# Tags: field number << 3 | wire type.
_KEY, _VALUE = 0x0A, 0x12
_ITEM = 0x0A
_STRING, _BOOL, _INT, _DOUBLE, _ARRAY, _MAP, _BYTES = 0x0A, 0x10, 0x18, 0x21, 0x2A, 0x32, 0x3A
_SIZED = frozenset((_ARRAY, _MAP, _BYTES))
_ONE_BYTE = 0x80
"""Varints below this take one byte."""
_SHIFTS = range(7, 70, 7)
"""Of the bytes after the first: ten are the most that 64 bits need."""
_DOUBLE_SIZE = 8
_DEEPER = 32
"""So far beyond the limit of depth the text of a nested value goes on."""

_unpack_double = struct.Struct("<d").unpack_from
_pack_double = struct.Struct("<d").pack


class _UnusualError(ValueError):
    """Bytes that encoders don't write, though they may be valid."""


class _Heads(dict[bytes, str]):
    """The bytes before an attribute's value → its key: the same few come with every span."""

    def __missing__(self, head: bytes) -> str:
        usual = head[0] == _KEY and head[-1] == _VALUE and len(head) == head[1] + 3
        if not usual or head[1] >= _ONE_BYTE:
            raise _UnusualError
        key = self[head] = head[2:-1].decode()
        return key


class AttributeReader:
    """Reads the attributes of one body. Nothing raises: bad UTF-8 becomes U+FFFD, and a value that
    isn't protobuf stays bytes, both with a warning."""

    def __init__(self, limits: Limits, findings: Findings) -> None:
        self._limits = limits
        self._findings = findings
        self._heads = _Heads()

    def attributes(self, pairs: Iterable[bytes]) -> Attributes:
        """The attributes of encoded KeyValues. Of a key that comes twice, the last value holds."""
        heads = self._heads
        attributes: Attributes = {}
        for pair in pairs:
            try:
                at = pair[1] + 3  # where the length of the value stands
                key = heads[pair[:at]]
                size = pair[at]
                if size >= _ONE_BYTE:
                    size, at = _varint(pair, at)
                else:
                    at += 1
                end = len(pair)
                if at + size != end:
                    raise _UnusualError
                if size < _ONE_BYTE and pair[at] == _STRING and pair[at + 1] == size - 2:
                    attributes[key] = pair[at + 2 :].decode()
                else:
                    attributes[key] = self._read(pair, at, end, 0)
            except (IndexError, ValueError):
                self._add_pair(attributes, pair, 0)
        return attributes

    def value(self, raw: bytes) -> Value:
        """The value of an encoded AnyValue."""
        return self._value(raw, 0, len(raw), 0)

    def text(self, raw: bytes) -> str:
        """A string field, which protobuf wants in UTF-8."""
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self._findings.warn("text that is not UTF-8: bad bytes became U+FFFD")
            return raw.decode(errors="replace")

    def _value(self, raw: bytes, start: int, end: int, depth: int) -> Value:
        try:
            return self._read(raw, start, end, depth)
        except (IndexError, ValueError):
            return self._repaired(raw[start:end], depth)

    def _read(self, raw: bytes, start: int, end: int, depth: int) -> Value:
        """The AnyValue in `raw[start:end]`; IndexError or ValueError if it is unusual."""
        if start == end:
            return None
        tag = raw[start]
        if tag == _DOUBLE:
            _expect(start + 1 + _DOUBLE_SIZE == end)
            return _unpack_double(raw, start + 1)[0]
        number, at = _varint(raw, start + 1)
        if tag == _STRING and at + number == end:
            return self.text(raw[at:end])
        if at == end and tag == _INT:
            return number - (1 << 64) if number >> 63 else number
        if at == end and tag == _BOOL:
            return number != 0
        _expect(at + number == end and tag in _SIZED)
        content = raw[at:end]
        return content if tag == _BYTES else self._nested(tag, content, depth)

    def _nested(self, tag: int, raw: bytes, depth: int) -> Value:
        """A list or a map; beyond the limit of depth, its JSON text."""
        read = self._list if tag == _ARRAY else self._map
        limit = self._limits.depth
        if depth == limit:
            self._findings.warn(f"a value nested deeper than {limit} became text")
            return json_text(read(raw, depth + 1))
        return "…" if depth > limit + _DEEPER else read(raw, depth + 1)

    def _list(self, raw: bytes, depth: int) -> Value:
        return [self._value(item, 0, len(item), depth) for item in _items(raw)]

    def _map(self, raw: bytes, depth: int) -> Value:
        attributes: Attributes = {}
        for item in _items(raw):
            self._add_pair(attributes, item, depth)
        return attributes

    def _add_pair(self, attributes: Attributes, raw: bytes, depth: int) -> None:
        try:
            key, at = _key(raw)
        except (IndexError, ValueError):
            self._add_unusual_pair(attributes, raw, depth)
            return
        attributes[self.text(key)] = self._value(raw, at, len(raw), depth)

    def _add_unusual_pair(self, attributes: Attributes, raw: bytes, depth: int) -> None:
        try:
            pair = schema.KeyValue.FromString(raw)
        except DecodeError:
            self._findings.warn("an attribute is not protobuf and was left out")
            return
        attributes[self.text(pair.key)] = self._value(pair.value, 0, len(pair.value), depth)

    def _repaired(self, raw: bytes, depth: int) -> Value:
        """The AnyValue in `raw`, given a form that is expected."""
        try:
            message = schema.AnyValue.FromString(raw)
            message.DiscardUnknownFields()
            # An index into a table of strings, which only profiles have.
            message.ClearField("string_value_strindex")
            usual = message.SerializeToString()
            return self._read(usual, 0, len(usual), depth)
        except (DecodeError, IndexError, ValueError):
            self._findings.warn("a value is not protobuf and was kept as bytes")
            return raw


def _expect(condition: bool) -> None:  # noqa: FBT001
    if not condition:
        raise _UnusualError


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """The number that begins at `at`, kept to 64 bits, and where it ends."""
    byte = raw[at]
    if byte < _ONE_BYTE:
        return byte, at + 1
    number = byte & 0x7F
    for shift in _SHIFTS:
        at += 1
        byte = raw[at]
        if byte < _ONE_BYTE:
            return (number | byte << shift) & 0xFFFF_FFFF_FFFF_FFFF, at + 1
        number |= (byte & 0x7F) << shift
    raise _UnusualError


def _items(raw: bytes) -> list[bytes]:
    """The elements of an ArrayValue or a KeyValueList, both a repeated field 1."""
    items: list[bytes] = []
    at, end = 0, len(raw)
    while at < end and raw[at] == _ITEM:
        size, at = _varint(raw, at + 1)
        items.append(raw[at : at + size])
        at += size
    if at == end:
        return items
    try:
        return list(schema.ArrayValue.FromString(raw).values)
    except DecodeError as exc:
        raise _UnusualError from exc


def _key(raw: bytes) -> tuple[bytes, int]:
    """The key of a KeyValue, and where its AnyValue begins, which goes to the end. Protobuf leaves
    out a key that is empty and a value that was never set."""
    key, at, end = b"", 0, len(raw)
    if at < end and raw[at] == _KEY:
        size, at = _varint(raw, at + 1)
        key, at = raw[at : at + size], at + size
    if at < end:
        _expect(raw[at] == _VALUE)
        size, at = _varint(raw, at + 1)
        _expect(at + size == end)
    _expect(at <= end)
    return key, at


def write_pair(key: str, value: Value) -> bytes:
    """An encoded KeyValue."""
    return _sized(_KEY, utf8(key)) + _sized(_VALUE, write_value(value))


def write_value(value: Value) -> bytes:  # noqa: PLR0911 - one for each type
    """An encoded AnyValue; nothing for None. An integer beyond 64 bits becomes text."""
    match value:
        case None:
            return b""
        case bool():
            return bytes((_BOOL, value))
        case int():
            return _written_int(value)
        case float():
            return bytes((_DOUBLE,)) + _pack_double(value)
        case str():
            return _sized(_STRING, utf8(value))
        case bytes():
            return _sized(_BYTES, value)
        case dict():
            pairs = [_sized(_ITEM, write_pair(key, item)) for key, item in value.items()]
            return _sized(_MAP, b"".join(pairs))
        case _:
            return _sized(_ARRAY, b"".join([_sized(_ITEM, write_value(item)) for item in value]))


def utf8(text: str) -> bytes:
    """Text as protobuf has it; a lone surrogate, which UTF-8 doesn't have, becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _written_int(value: int) -> bytes:
    if not -(1 << 63) <= value < 1 << 63:
        return _sized(_STRING, str(value).encode())
    return bytes((_INT,)) + _written_varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def _sized(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < _ONE_BYTE:
        return bytes((tag, size)) + content
    return bytes((tag,)) + _written_varint(size) + content


def _written_varint(number: int) -> bytes:
    written = bytearray()
    while number >= _ONE_BYTE:
        written.append(number & 0x7F | _ONE_BYTE)
        number >>= 7
    written.append(number)
    return bytes(written)
