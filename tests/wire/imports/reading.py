"""Files, read to their end: what the tests of readers look at."""

from __future__ import annotations

from pathlib import Path

import msgspec

from clew import conventions as names
from clew.span import Span
from clew.wire.imports import Broken, Record, detect


class Imported(msgspec.Struct, frozen=True):
    """A file, read to its end."""

    records: list[Record]
    broken: list[Broken]

    def spans(self, operation: str, record: int = 0) -> list[Span]:
        """The spans of one record that do this, by start."""
        found = [
            span
            for span in self.records[record].spans
            if span.attributes[names.GEN_AI_OPERATION_NAME] == operation
        ]
        return sorted(found, key=lambda span: span.start_ns)

    def root(self, record: int = 0) -> Span:
        """The root of one record."""
        (root,) = [span for span in self.records[record].spans if not span.parent_id]
        return root


FILES = Path(__file__).parent / "files"
"""The made-up files."""


def imported(path: Path) -> Imported:
    """A file in whatever format it is."""
    found = list(detect(path).read(path))
    return Imported(
        [each for each in found if isinstance(each, Record)],
        [each for each in found if isinstance(each, Broken)],
    )
