"""Reads: one question, asked often over one connection by someone who waits for the answer."""

from __future__ import annotations

import http.client
import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

WARM = 3
TIMES = 25
LIMIT_S = 60
"""A question is not asked again when it has taken this long in all."""


class ReadError(Exception):
    """An answer that isn't one; says which."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """A question to a server: GET, or POST where there is a `body` (JSON). `holds` is a piece of
    the right answer: an error that says 200, or an empty page, is not measured."""

    path: str
    body: bytes | None = None
    holds: str = ""

    @property
    def method(self) -> str:
        """How it is asked."""
        return "GET" if self.body is None else "POST"


def get(path: str, holds: str, **query: str | int) -> Read:
    """A GET of `path` with `query`."""
    full = f"{path}?{urlencode(query, quote_via=quote)}" if query else path
    return Read(path=full, holds=holds)


def median_s(port: int, reads: Sequence[Read]) -> float:
    """The median of the times from asking to the last byte of the answer, going round `reads`.
    Raises ReadError."""
    turns = itertools.cycle(reads)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    try:
        took_s: list[float] = []
        asked = time.perf_counter()
        while len(took_s) < WARM + TIMES and time.perf_counter() - asked < LIMIT_S:
            began = time.perf_counter()
            ask(connection, next(turns))
            took_s.append(time.perf_counter() - began)
    finally:
        connection.close()
    return statistics.median(took_s[WARM:] or took_s)


def ask(connection: http.client.HTTPConnection, read: Read) -> bytes:
    """The answer. Raises ReadError."""
    headers = {} if read.body is None else {"Content-Type": "application/json"}
    try:
        connection.request(read.method, read.path, read.body, headers)
        response = connection.getresponse()
        answer = response.read()
    except (OSError, http.client.HTTPException) as exc:
        raise ReadError(f"{read.path}: {exc or type(exc).__name__}") from exc
    if response.status != http.client.OK or read.holds.encode() not in answer:
        text = answer[:300].decode(errors="replace")
        raise ReadError(f"{read.path}: {response.status} {text}")
    return answer
