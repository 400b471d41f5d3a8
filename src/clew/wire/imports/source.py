"""Files as bytes: plain, gzip or zstd, told apart by their first bytes."""

from __future__ import annotations

import gzip
import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import zstandard

from clew.errors import BadInput

HEAD_BYTES = 65_536
"""How much of a file the formats look at to tell whose it is."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class Line(NamedTuple):
    """One line that isn't blank: its 1-based number, its text and how far the file was read."""

    number: int
    text: bytes
    position: int


def size(path: Path) -> int:
    """Bytes of the file as it lies on the disk, which `position` counts towards."""
    return path.stat().st_size


def head(path: Path) -> bytes:
    """The first `HEAD_BYTES`, decompressed. Raises BadInput when they can't be read."""
    with _opened(path) as (_, stream):
        return stream.read(HEAD_BYTES)


def lines(path: Path) -> Iterator[Line]:
    """The lines of a file that aren't blank, one at a time. Raises BadInput when it breaks off."""
    with _opened(path) as (raw, stream):
        for number, text in enumerate(stream, start=1):
            if not text.isspace():
                yield Line(number, text, raw.tell())


def document(path: Path) -> bytes:
    """The whole file, decompressed. Raises BadInput when it breaks off."""
    with _opened(path) as (_, stream):
        return stream.read()


@contextmanager
def _opened(path: Path) -> Generator[tuple[BinaryIO, BinaryIO]]:
    try:
        with path.open("rb") as raw:
            yield raw, _decompressed(raw)
    except (OSError, EOFError, zstandard.ZstdError) as exc:
        raise BadInput(f"{path} can't be read: {exc}") from exc


def _decompressed(raw: BinaryIO) -> BinaryIO:
    magic = raw.read(4)
    raw.seek(0)
    if magic.startswith(_GZIP):
        return cast("BinaryIO", gzip.open(raw))
    if magic == _ZSTD:
        reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        return io.BufferedReader(cast("io.RawIOBase", reader))
    return raw
