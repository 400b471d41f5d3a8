"""What goes into `clew.input` and `clew.output`: any Python value as text or JSON.

A value of the program must never make recording fail or run long: what JSON has no word for
becomes its `repr`, cycles and depth are cut, and the text ends at `MAX_CHARACTERS`.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, time
from enum import Enum
from typing import NamedTuple, cast

MAX_CHARACTERS = 1_000_000
"""Above what a context window holds, below the 4 MiB that a gRPC receiver takes by default."""

_MAX_DEPTH = 20
_MAX_REPR_CHARACTERS = 2_000


class Payload(NamedTuple):
    """`text` is JSON where `is_json`; `cut` says that its end is missing, so it is not JSON."""

    text: str
    is_json: bool
    cut: bool


def encode(value: object) -> Payload:
    """A text stays what it is, anything else becomes JSON. Never raises."""
    is_json = not isinstance(value, str)
    text = value if isinstance(value, str) else _encode_json(value)
    if len(text) > MAX_CHARACTERS:
        return Payload(text[:MAX_CHARACTERS], is_json=False, cut=True)
    return Payload(text, is_json, cut=False)


def _encode_json(value: object) -> str:
    try:
        return json.dumps(value, default=_plain_once, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        # NaN, keys that aren't text, cycles: rebuild the value from what JSON can say.
        return json.dumps(_plain(value, _MAX_DEPTH), ensure_ascii=False)


def _plain_once(value: object) -> object:
    """One level of a value that `json` doesn't know, from the most telling form it offers."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | time | bytes | bytearray):
        return (
            f"<{len(value)} bytes>" if isinstance(value, bytes | bytearray) else value.isoformat()
        )
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    if isinstance(value, AbstractSet) or (
        isinstance(value, Sequence) and not isinstance(value, str)
    ):
        return list(cast("Sequence[object]", value))
    return _dumped(value)


def _dumped(value: object) -> object:
    """What pydantic models, attrs-like structs and named things say of themselves, else `repr`."""
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        try:
            return dump(mode="json")
        except Exception:  # noqa: BLE001 - foreign code, and its repr is still to be had
            return _repr(value)
    fields = getattr(type(value), "__struct_fields__", None)
    if isinstance(fields, tuple):
        return {name: getattr(value, name) for name in cast("tuple[str, ...]", fields)}
    return _repr(value)


def _plain(value: object, depth: int) -> object:
    if depth == 0:
        return "…"
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {_key(key): _plain(inner, depth - 1) for key, inner in items}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth - 1) for inner in cast("Sequence[object]", value)]
    return _plain(_plain_once(value), depth - 1)


def _key(key: object) -> str:
    return key if isinstance(key, str) else _repr(key)


def _repr(value: object) -> str:
    try:
        return repr(value)[:_MAX_REPR_CHARACTERS]
    except Exception:  # noqa: BLE001 - foreign code
        return f"<{type(value).__name__}>"
