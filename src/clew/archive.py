"""The form of a backup: a tar file whose members are compressed with zstd.

    manifest.json                    who made it, and how many rows each table has
    records/projects-2.jsonl.zst     a table of the records, of 2 rows
    spans/000001-30000-0d5f….msgpack.zst   30,000 rows of a table of the span store, and what
                                     their hashes add up to: some tens of MB before compression
    checksums.json                   the SHA-256 of each member, last: else it is cut short

`tar` and `zstd` open it too. Members come as they are made, so neither who writes nor who reads
holds more than one of them.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator
from typing import IO, Any, NamedTuple, cast

import msgspec

from clew.errors import BadInput

FORMAT = 1
MANIFEST = "manifest.json"
CHECKSUMS = "checksums.json"
BLOCK_BYTES = 512
END = bytes(2 * BLOCK_BYTES)
_RECORDS = re.compile(r"records/([a-z_]+)-(\d{1,18})\.jsonl\.zst")
_STORE = re.compile(r"([a-z_]+)/\d{6,}-(\d{1,18})-([0-9a-f]{16})\.msgpack\.zst")


class Table(msgspec.Struct, kw_only=True, frozen=True):
    """A table in a backup; `columns` are the order of a row's values, and empty for records."""

    name: str
    rows: int
    columns: list[str] = []


class Manifest(msgspec.Struct, kw_only=True, frozen=True):
    """What a backup holds, and which programs understand it."""

    format: int = FORMAT
    clew: str
    created_at: str
    span_schema: int
    records_version: int
    records: list[Table]
    store: list[Table]


class Member(NamedTuple):
    """A file in the archive, and what its name says of it: a table, how many of its rows it holds,
    and what the hashes of these add up to (0 for records)."""

    name: str
    data: bytes
    table: str = ""
    rows: int = 0
    checksum: int = 0


def records_name(table: str, rows: int) -> str:
    """The name of a member with records."""
    return f"records/{table}-{rows}.jsonl.zst"


def store_name(table: str, number: int, rows: int, checksum: int) -> str:
    """The name of a member with rows of the span store."""
    return f"{table}/{number:06}-{rows}-{checksum:016x}.msgpack.zst"


class Checksum(msgspec.Struct, kw_only=True, frozen=True):
    """What is known of a member."""

    name: str
    sha256: str


class Writer:
    """Makes the bytes of an archive, a member at a time."""

    def __init__(self, made_at_s: int) -> None:
        self._made_at_s = made_at_s
        self._checksums: list[Checksum] = []

    def member(self, name: str, data: bytes) -> bytes:
        """A member's part of the file."""
        self._checksums.append(Checksum(name=name, sha256=_sha256(data)))
        return self._framed(name, data)

    def end(self) -> bytes:
        """The checksums, and the end of the file."""
        return self._framed(CHECKSUMS, msgspec.json.encode(self._checksums)) + END

    def _framed(self, name: str, data: bytes) -> bytes:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = len(data), self._made_at_s, 0o600
        return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % BLOCK_BYTES)


def read(file: IO[bytes]) -> Iterator[Member]:
    """The members before the checksums, from a file that is only read forward.

    Raises BadInput that names what is missing or altered: where that is seen late, after the
    members in front of it. What was yielded holds only if the iterator ends without an error.
    """
    found: list[Checksum] = []
    last = ""
    try:
        with tarfile.open(fileobj=file, mode="r|") as tar:
            for info in tar:
                data = cast("IO[bytes]", tar.extractfile(info)).read() if info.isfile() else b""
                if info.name == CHECKSUMS:
                    _compare(_decode(data, list[Checksum], CHECKSUMS), found)
                    return
                last = info.name
                found.append(Checksum(name=last, sha256=_sha256(data)))
                yield _member(last, data)
    except (tarfile.TarError, EOFError) as exc:
        if not found:
            raise BadInput("this isn't a backup of Clew, or its beginning is damaged") from exc
        raise BadInput(f"the backup is cut short or damaged after {last}: {exc}") from exc
    if not found:
        raise BadInput("this isn't a backup of Clew: it is empty")
    raise BadInput(f"the backup is cut short: it ends after {last}")


def read_manifest(member: Member) -> Manifest:
    """The first member. Raises BadInput where it is something else, or of a newer form."""
    if member.name != MANIFEST:
        raise BadInput(f"this isn't a backup of Clew: it begins with {member.name!r}")
    manifest = _decode(member.data, Manifest, MANIFEST)
    if manifest.format > FORMAT:
        message = f"this backup was made by a newer Clew ({manifest.clew}): restore it with that"
        raise BadInput(message)
    return manifest


def _member(name: str, data: bytes) -> Member:
    if found := _RECORDS.fullmatch(name):
        return Member(name, data, found[1], int(found[2]))
    if found := _STORE.fullmatch(name):
        return Member(name, data, found[1], int(found[2]), int(found[3], 16))
    if name == MANIFEST:
        return Member(name, data)
    raise BadInput(f"this isn't a backup of Clew: it holds {name!r}")


def _compare(told: list[Checksum], found: list[Checksum]) -> None:
    sums = {each.name: each.sha256 for each in found}
    for each in told:
        there = sums.pop(each.name, None)
        if there is None:
            raise BadInput(f"the backup is damaged: {each.name} is missing")
        if there != each.sha256:
            raise BadInput(f"the backup is damaged: {each.name} was altered")
    if sums:
        raise BadInput(f"the backup is damaged: {min(sums)} doesn't belong to it")


def _decode(data: bytes, wanted: Any, name: str) -> Any:
    try:
        return msgspec.json.decode(data, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BadInput(f"the backup is damaged: {name} can't be read ({exc})") from exc


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Tee(io.RawIOBase):
    """A stream of pieces as a file that is read forward; each byte goes to `copy` as well."""

    def __init__(self, pieces: Iterable[bytes], copy: IO[bytes]) -> None:
        self._pieces = iter(pieces)
        self._copy = copy
        self._left = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """`size` bytes, or all; fewer only at the end."""
        parts: list[memoryview] = []
        wanted = size if size >= 0 else sys.maxsize
        while wanted and (self._left or self._next()):
            parts.append(self._left[:wanted])
            self._left = self._left[wanted:]
            wanted -= len(parts[-1])
        return b"".join(parts)

    def _next(self) -> bool:
        for piece in self._pieces:
            if piece:
                self._copy.write(piece)
                self._left = memoryview(piece)
                return True
        return False
