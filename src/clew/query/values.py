"""Values of attributes and bodies in JSON's terms."""

from __future__ import annotations

import base64
import math
from typing import cast

import msgspec


def readable(value: object) -> object:
    """A value, or a struct of values, in what JSON has, without losing what it was.

    Bytes are `{"$bytes": "<base64>"}`, so that they aren't text. Doubles that JSON has no number
    for are "NaN", "Infinity" and "-Infinity", as in OTLP's JSON.
    """
    match value:
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case list() | tuple():
            return [readable(item) for item in cast("list[object]", value)]
        case dict():
            return {key: readable(item) for key, item in cast("dict[str, object]", value).items()}
        case msgspec.Struct():
            return {name: readable(getattr(value, name)) for name in value.__struct_fields__}
        case _:
            return value
