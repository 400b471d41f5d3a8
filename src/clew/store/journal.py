"""Rows on disk that wait to become a part of the span store.

An insert into the engine costs about 10 ms of processor time a table, however few its rows are, and
every part that it makes is merged several times. So while rows keep coming and nobody reads, they
are appended to a file, which is as durable and costs nearly nothing, and many appends become one
insert.

    journal/000000000001      [size, checksum, what follows] [rows…]   [size, …
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import xxhash

from clew.errors import StoreError
from clew.store.engine import DISK_FULL, NO_SPACE, Batch

_HEAD = struct.Struct("<IQ")
"""How many bytes follow, and their xxh3-64."""
_REFUSED = ".refused"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Sealed(NamedTuple):
    """Files that nothing is appended to any more, and what each append put into them, in order."""

    paths: list[Path]
    appends: list[Sequence[Batch]]
    size_bytes: int = 0


class Journal:
    """The files in `folder`, which is made when it is missing. One thread at a time may use it.

    `size_bytes` are the rows that were appended and not sealed yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self._paths: list[Path] = []
        self._appends: list[Sequence[Batch]] = []
        self._length = 0
        self.size_bytes = 0
        folder.mkdir(exist_ok=True)
        self._last = max((int(path.stem) for path in folder.iterdir()), default=0)

    def left(self) -> Iterator[Sealed]:
        """What an earlier process left: every append that had returned."""
        for path in sorted(self._folder.iterdir()):
            if path.suffix != _REFUSED:
                yield Sealed([path], list(_read(path.read_bytes())))

    def append(self, batches: Sequence[Batch]) -> None:
        """Write the batches; they are on disk when this returns. Raises StoreError if they
        aren't, and then none of them is there."""
        try:
            self._append(_encode(batches))
        except OSError as exc:
            self._undo()
            if exc.errno in _FULL:
                raise StoreError(DISK_FULL, NO_SPACE) from exc
            raise StoreError(f"the journal can't be written: {exc.strerror}") from exc
        self._appends.append(batches)
        self.size_bytes += sum(len(batch.rows) for batch in batches)

    def _append(self, entry: bytes) -> None:
        if self._file is None:
            path = self._next()
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            self._paths.append(path)
            self._length = 0
            _sync_folder(self._folder)
        written = 0
        while written < len(entry):
            written += os.write(self._file, memoryview(entry)[written:])
        os.fdatasync(self._file)
        self._length += len(entry)

    def _undo(self) -> None:
        """Take back what an append wrote before it failed: nothing may stand behind a part of one,
        and a full disk shouldn't hold a file for each that was tried."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            if self._length:
                os.ftruncate(self._file, self._length)
                return
            self._paths.pop().unlink()
        self.close()

    def seal(self) -> Sealed | None:
        """What was appended since the last time; None if nothing was."""
        if not self._appends:
            return None
        sealed = Sealed(self._paths, self._appends, self.size_bytes)
        self.close()
        self._paths = []
        self._appends = []
        self.size_bytes = 0
        return sealed

    def drop(self, sealed: Sealed) -> None:
        """Forget what is stored now. It can't come back: rows that are deleted later must not."""
        for path in sealed.paths:
            path.unlink()
        _sync_folder(self._folder)

    def put_aside(self, batches: Sequence[Batch]) -> Path:
        """Keep batches that the store refuses in a file beside the journal, and name it."""
        path = self._next().with_suffix(_REFUSED)
        with path.open("xb") as file:
            file.write(_encode(batches))
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(self._folder)
        return path

    def close(self) -> None:
        """Let go of the file that is appended to; the next append makes another."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _next(self) -> Path:
        self._last += 1
        return self._folder / f"{self._last:012}"


def _encode(batches: Sequence[Batch]) -> bytes:
    body = msgspec.msgpack.encode(batches)
    return _HEAD.pack(len(body), xxhash.xxh3_64_intdigest(body)) + body


def _read(content: bytes) -> Iterator[list[Batch]]:
    """The batches of every whole append. The last may be cut off: its sender got no answer."""
    position = 0
    while position + _HEAD.size <= len(content):
        size, checksum = _HEAD.unpack_from(content, position)
        position += _HEAD.size
        body = content[position : position + size]
        if len(body) < size or xxhash.xxh3_64_intdigest(body) != checksum:
            return
        yield msgspec.msgpack.decode(body, type=list[Batch])
        position += size


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
