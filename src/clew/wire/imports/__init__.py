"""Files of other tools → spans and scores, for `clew import`.

A format is a pair of functions: `sniff` tells by a file's first bytes whether it is one, `read`
gives its records one at a time. What can't be read is a `Broken` in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from clew.errors import BadInput
from clew.wire.imports import (
    chat,
    claude_code,
    otlp_json,
    otlp_protobuf,
    source,
    swe_agent,
    tau2,
    tau_bench,
)
from clew.wire.imports.record import Broken, Record

__all__ = ["FORMATS", "Broken", "Format", "Record", "detect", "named", "total"]


class Format(NamedTuple):
    """A kind of file. `sniff` takes the path and the first bytes, decompressed."""

    name: str
    description: str
    sniff: Callable[[Path, bytes], bool]
    read: Callable[[Path], Iterator[Record | Broken]]


FORMATS = (
    Format("otlp-json", "OTLP as JSON or JSON lines", otlp_json.sniff, otlp_json.read),
    Format("claude-code", "Claude Code sessions", claude_code.sniff, claude_code.read),
    Format("tau2", "tau2-bench results", tau2.sniff, tau2.read),
    Format("tau-bench", "tau-bench results", tau_bench.sniff, tau_bench.read),
    Format("swe-agent", "SWE-agent trajectories", swe_agent.sniff, swe_agent.read),
    Format("chat", "OpenAI chat messages as JSON lines", chat.sniff, chat.read),
    Format("otlp", "OTLP as protobuf", otlp_protobuf.sniff, otlp_protobuf.read),
)
"""In the order in which a file is asked, the most certain first."""


def detect(path: Path) -> Format:
    """The format of a file. Raises BadInput, with the formats there are, when it is none."""
    head = source.head(path)
    for known in FORMATS:
        if known.sniff(path, head):
            return known
    raise BadInput(f"{path} is in no known format ({_listed()}): pass --format if it is one")


def named(name: str) -> Format:
    """The format of that name. Raises BadInput with the names there are."""
    for known in FORMATS:
        if known.name == name:
            return known
    raise BadInput(f"no format {name!r}: there is {_listed()}")


def total(path: Path) -> int:
    """The bytes that `Record.position` counts towards."""
    return source.size(path)


def _listed() -> str:
    return ", ".join(f"{known.name}: {known.description}" for known in FORMATS)
