"""Where the parts of a large JSON document stand, without decoding them.

A results file is one document of many runs. Its outline lets each run be decoded alone: one at a
time is in memory, and one that is broken doesn't take the others with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MARK = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|[\[\]{},]', re.DOTALL)
_KEY = re.compile(rb'\s*"([^"\\]*)"\s*:\s*')
_OPENING, _CLOSING = b"[{", b"]}"


class Place(NamedTuple):
    """A value at `document[start:end]`."""

    start: int
    end: int

    def of(self, document: bytes) -> bytes:
        """The value's JSON."""
        return document[self.start : self.end]


def members(document: bytes, start: int = 0) -> dict[str, Place]:
    """The values of the JSON object at `start`, by key."""
    found: dict[str, Place] = {}
    for item in _items(document, start):
        key = _KEY.match(document, item.start, item.end)
        if key:
            found[key[1].decode("utf-8", "replace")] = Place(key.end(), item.end)
    return found


def elements(document: bytes, start: int = 0) -> list[Place]:
    """The elements of the JSON list at `start`."""
    return list(_items(document, start))


def _items(document: bytes, start: int) -> Iterator[Place]:
    """What stands between the commas of the list or object at `start`. Where the document breaks
    off, the last item reaches to its end, for its decoder to complain about."""
    depth, begin = 0, start
    for mark in _MARK.finditer(document, start):
        symbol = document[mark.start()]
        if symbol in _OPENING:
            depth += 1
            begin = mark.end() if depth == 1 else begin
        elif symbol in _CLOSING:
            depth -= 1
        if (symbol in b"," and depth == 1) or (symbol in _CLOSING and depth == 0):
            if document[begin : mark.start()].strip():
                yield Place(begin, mark.start())
            begin = mark.end()
        if depth == 0:
            return
    if depth and document[begin:].strip():
        yield Place(begin, len(document))
