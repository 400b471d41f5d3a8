"""Loosely typed values: what senders meant by the strings, numbers and JSON texts they sent.

Numbers and booleans arrive as strings, lists as JSON texts, JSON texts cut off in the middle.
Nothing here raises: what can't be read is None, empty, or the text as it was.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clew.span import Attributes, Value

_CENTURY_S = 3e9
_MAX_COUNT = 1 << 63
_JSON_STARTS = ("{", "[")
_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*("?)|[\[\]{},]', re.DOTALL)
_CLOSER = {"[": "]", "{": "}"}
_CUT_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{0,3}$")

encode_json = msgspec.json.Encoder(enc_hook=str).encode
_decode = msgspec.json.Decoder().decode


class Decoded(NamedTuple):
    """A value, and whether it is what remained of a JSON text that was cut off."""

    value: Value
    truncated: bool = False


def text(value: Value) -> str:
    """The value as a person writes it: strings as they are, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return encode_json(value).decode()


def texts(value: Value) -> list[str]:
    """A list of strings, also from a JSON list in a string; a single value is a list of one."""
    if isinstance(value, str):
        if not value:
            return []
        value = decoded(value).value if value.startswith("[") else value
    if isinstance(value, (list, tuple)):
        return [text(item) for item in value if item not in (None, "")]
    return [] if value is None else [text(value)]


def number(value: Value) -> float | None:
    """A finite number, also from a string; booleans are not numbers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, (int, float)) and math.isfinite(value):
        return value
    return None


def count(value: Value) -> int | None:
    """A whole number of at least zero that a 64-bit column holds, also from a string."""
    if type(value) is not int:
        as_number = number(value)
        if as_number is None:
            return None
        value = int(as_number)
    return value if 0 <= value < _MAX_COUNT else None


def boolean(value: Value) -> bool | None:
    """True or False, also from "true", "False" or 1."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
    return bool(value) if isinstance(value, int) else None


def record(value: Value) -> dict[str, Value]:
    """A mapping, also from a JSON object in a string; anything else is empty."""
    value = decoded(value).value
    return value if isinstance(value, dict) else {}


def records(value: Value) -> list[dict[str, Value]]:
    """The mappings in a list, also from a JSON list in a string or of strings."""
    value = decoded(value).value
    items = value if isinstance(value, (list, tuple)) else [value]
    return [item for item in map(record, items) if item]


def flat_texts(value: Value) -> dict[str, str]:
    """A mapping of strings to strings, as metadata is kept; nested values become JSON."""
    return {key: text(item) for key, item in record(value).items() if item is not None}


def named_texts(attributes: Attributes, names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The values of attributes as strings, each under the name that stands beside its own."""
    return {
        shown: value if type(value) is str else text(value)
        for name, shown in names
        if (value := attributes[name]) is not None
    }


def read_texts(
    attributes: Attributes, table: Iterable[tuple[str, str]], found: dict[str, Any]
) -> None:
    """Put the string under each name of the table into its field, the first name that has one."""
    for name, field in table:
        value = attributes.get(name)
        if value is not None and value != "" and field not in found:
            found[field] = value if type(value) is str else text(value)


def read_counts(
    attributes: Attributes, table: Iterable[tuple[str, str]], found: dict[str, Any]
) -> None:
    """Put the whole number under each name of the table into its field, like `read_texts`."""
    for name, field in table:
        value = attributes.get(name)
        if value is not None and field not in found:
            if type(value) is int and 0 <= value < _MAX_COUNT:
                found[field] = value
            elif (as_count := count(value)) is not None:
                found[field] = as_count


def duration_ns(seconds: float | None, limit_ns: int | None) -> int | None:
    """Nanoseconds. Where the time is longer than the span that it happened in (`limit_ns`) and
    fits as milliseconds, the sender meant milliseconds."""
    if seconds is None or seconds < 0:
        return None
    if limit_ns is not None and seconds * 1e9 > limit_ns >= seconds * 1e6:
        return int(seconds * 1e6)
    return int(seconds * 1e9) if seconds < _CENTURY_S else None


def decoded(value: Value) -> Decoded:
    """What a JSON object or list in a string says; any other value as it is.

    JSON that was cut off is read as far as it goes: a cut string keeps its beginning, a cut
    number, key or word is dropped.
    """
    if not isinstance(value, str) or not value.lstrip()[:1].startswith(_JSON_STARTS):
        return Decoded(value)
    try:
        return Decoded(_decode(value))
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return _lenient(value)


def decoded_json(value: Value) -> Decoded:
    """Like `decoded`, for a string that is said to be JSON: also `"text"`, `12` and `null`."""
    if isinstance(value, str) and not value.lstrip()[:1].startswith(_JSON_STARTS):
        try:
            return Decoded(_decode(value))
        except (msgspec.MsgspecError, UnicodeError):
            return _lenient(value) if value.startswith('"') else Decoded(value)
    return decoded(value)


def _lenient(value: str) -> Decoded:
    try:
        return Decoded(_loads(value))
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return _salvaged(value)


def _loads(value: str) -> Value:
    """JSON as Python's own encoder writes it: with NaN and raw control characters (read as null
    and as they are) and with halves of surrogate pairs (replaced)."""
    loose = json.loads(value, strict=False, parse_constant=lambda _: None)
    return _decode(json.dumps(loose, ensure_ascii=False).encode("utf-8", "replace"))


def _salvaged(value: str) -> Decoded:
    closers: list[str] = []
    cut = 0
    for match in _TOKEN.finditer(value):
        part = match[0]
        if part[0] == '"':
            if not match[1]:
                break
        elif part == ",":
            cut = match.start()
        elif part in _CLOSER:
            closers.append(_CLOSER[part])
            cut = match.end()
        else:
            if not closers or closers.pop() != part or not closers:
                return Decoded(value)
            cut = match.end()
    return _closed(value, cut, "".join(reversed(closers)))


def _closed(value: str, cut: int, closers: str) -> Decoded:
    """The first way to close the cut text that gives JSON with something in it."""
    body = value.rstrip("\\")
    candidates = [value[:cut] + closers]
    if value.rstrip().endswith(('"', "]", "}")):
        candidates.insert(0, value + closers)
    candidates[:0] = [body + '"' + closers, _CUT_ESCAPE.sub("", body) + '"' + closers]
    for candidate in candidates:
        try:
            remains = _loads(candidate)
        except (ValueError, RecursionError, msgspec.MsgspecError):
            continue
        if remains and remains != [{}]:
            return Decoded(remains, truncated=True)
    return Decoded(value)
