"""How a question is asked: a `.sql` file, parameters, and rows of a known shape."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from string import Template
from typing import TypeVar

import msgspec

from clew.errors import BadInput
from clew.store.engine import Engine, Param, Settings

Row = TypeVar("Row")
Key = TypeVar("Key")
Params = Mapping[str, Param]


@cache
def _template(name: str) -> Template:
    text = files("clew.query").joinpath("sql", f"{name}.sql").read_text()
    return Template(re.sub(r"(?m)^\s*--.*\n", "", text))


def sql(name: str, /, **fragments: str) -> str:
    """The statement in `sql/{name}.sql`, its `$fragments` filled with SQL of ours.

    Values never go in this way: they are parameters.
    """
    return _template(name).substitute(fragments)


async def rows(
    engine: Engine,
    statement: str,
    params: Params,
    shape: type[Row],
    settings: Settings | None = None,
) -> list[Row]:
    """The answer as structs of `shape`; columns that it doesn't have are passed over."""
    body = await engine.query(statement, params, settings=settings)
    return decode_rows(body, shape)


def decode_rows(body: bytes, shape: type[Row]) -> list[Row]:
    """Lines of JSON as structs of `shape`."""
    return msgspec.json.Decoder(shape).decode_lines(body)


def encode_cursor(key: Sequence[object]) -> str:
    """An opaque text for the place after the row with the sort key `key`."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(key)).decode().rstrip("=")


def decode_cursor(text: str, shape: type[Key]) -> Key:
    """The sort key in a cursor. Raises BadInput for one that this question didn't give out."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.msgpack.decode(packed, type=shape)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as exc:
        raise BadInput("the cursor is not one of this list: ask again without it") from exc
