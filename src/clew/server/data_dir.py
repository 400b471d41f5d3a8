"""The data folder: `clew.json` says that it is ours, `lock` that nobody else is writing.

clew-data/
├── clew.json     {"format": 1, "written_by": "0.1.0"}
├── lock          held while a process has the folder open; names it
├── records.db    projects, keys, … (SQLite)
└── …             the span store
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from typing import TYPE_CHECKING, Self, TextIO

import msgspec

from clew.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FORMAT = 1
"""The layout of the folder. A program refuses a folder of a newer one."""

MIN_FREE_BYTES = 32 * 1024 * 1024
"""What must be free to start: less is gone with the first merge of the span store."""

_MARKER = "clew.json"
_LOCK = "lock"
_FULL = {errno.ENOSPC, errno.EDQUOT}


class Marker(msgspec.Struct, kw_only=True, frozen=True):
    """What `clew.json` holds; `written_by` is the version that made the folder."""

    format: int
    written_by: str = ""


class Holder(msgspec.Struct, kw_only=True, frozen=True):
    """What `lock` holds: who has the folder open, and where it listens (empty: nowhere)."""

    pid: int = 0
    url: str = ""


class Locked(StartupError):  # noqa: N818 (named like the rest of the tree)
    """Another process has the folder open."""

    def __init__(self, path: Path, holder: Holder) -> None:
        where = f" ({holder.url})" if holder.url else ""
        super().__init__(
            f"the data folder {path} is in use by the Clew with pid {holder.pid}{where}: "
            "stop that one, or pass another --data-dir"
        )
        self.holder = holder


class DataDir:
    """An open data folder, ours alone until `close` or the end of the process."""

    def __init__(self, path: Path, lock: TextIO) -> None:
        self.path = path
        self._lock = lock

    @property
    def records_path(self) -> Path:
        """Where the records database is."""
        return self.path / "records.db"

    def close(self) -> None:
        """Let another process have it."""
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def open_data_dir(path: Path, *, version: str, url: str = "") -> DataDir:
    """Take hold of the folder, made here if there is none; `url` is where this process listens.

    Raises StartupError, and leaves the folder as it is, where it belongs to something else, to
    a newer Clew or to another process (`Locked`), where it can't be written or the disk is full.
    """
    path = path.absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_foreign(path)
        lock = _take_lock(path, url)
        try:
            _check_format(path)
            _check_space(path)
            _write_marker(path, version)
        except BaseException:
            lock.close()
            raise
    except OSError as exc:
        raise StartupError(_sentence(path, exc)) from exc
    return DataDir(path, lock)


def is_data_dir(path: Path) -> bool:
    """Is there a data folder?"""
    return (path / _MARKER).is_file()


@contextlib.contextmanager
def make_data_dir(path: Path, *, version: str) -> Generator[DataDir]:
    """A new data folder for as long as it is filled. It is a data folder once that is done: where
    filling fails what was made is removed, and where it is killed no program takes it for one.

    Raises StartupError where there is a folder that holds anything, or none can be made.
    """
    path = path.absolute()
    try:
        there = path.exists()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        demand_new(path)
        _check_space(path)
        lock = _take_lock(path, "")
    except OSError as exc:
        raise StartupError(_sentence(path, exc)) from exc
    with contextlib.closing(DataDir(path, lock)) as folder:
        try:
            yield folder
            _write_marker(path, version)
        except BaseException:
            _empty(path)
            if not there:
                path.rmdir()
            raise


def demand_new(path: Path) -> None:
    """StartupError where there is a folder that holds anything."""
    try:
        taken = path.exists() and any(path.iterdir())
    except OSError as exc:
        raise StartupError(_sentence(path, exc)) from exc
    if taken:
        message = f"the folder {path} isn't empty: pass a new one with --data-dir"
        raise StartupError(message)


def _empty(path: Path) -> None:
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _refuse_foreign(path: Path) -> None:
    if (path / _MARKER).exists():
        return
    # A start that was killed before it wrote the marker leaves these two.
    foreign = sorted({entry.name for entry in path.iterdir()} - {_LOCK, _MARKER + ".new"})
    if foreign:
        message = (
            f"the folder {path} isn't Clew's (it holds {foreign[0]!r} and no {_MARKER}): "
            "pass an empty or new folder with --data-dir"
        )
        raise StartupError(message)


def _take_lock(path: Path, url: str) -> TextIO:
    # Opened for appending, because the holder's name must stay readable while it is locked.
    lock = (path / _LOCK).open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        holder = _read_holder(lock)
        lock.close()
        raise Locked(path, holder) from exc
    except OSError:
        lock.close()
        raise
    lock.truncate(0)
    lock.write(msgspec.json.encode(Holder(pid=os.getpid(), url=url)).decode())
    lock.flush()
    return lock


def _read_holder(lock: TextIO) -> Holder:
    lock.seek(0)
    try:
        return msgspec.json.decode(lock.read(), type=Holder)
    except msgspec.DecodeError:  # locked a moment ago, not yet written
        return Holder()


def _check_format(path: Path) -> None:
    marker = path / _MARKER
    if not marker.exists():
        return
    try:
        found = msgspec.json.decode(marker.read_bytes(), type=Marker).format
    except msgspec.DecodeError as exc:
        message = (
            f"{marker} is damaged ({exc}): "
            f'write {{"format": {FORMAT}}} into it if the folder is Clew\'s, '
            "or pass another --data-dir"
        )
        raise StartupError(message) from exc
    if found > FORMAT:
        message = (
            "this data folder was written by a newer Clew "
            f"(format {found}, this program knows {FORMAT}): "
            "run the newer version, or pass another --data-dir"
        )
        raise StartupError(message)


def _check_space(path: Path) -> None:
    if shutil.disk_usage(path).free < MIN_FREE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _write_marker(path: Path, version: str) -> None:
    marker = path / _MARKER
    if marker.exists():
        return
    unfinished = path / (_MARKER + ".new")
    with unfinished.open("wb") as file:
        file.write(msgspec.json.encode(Marker(format=FORMAT, written_by=version)))
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(marker)
    _fsync_folder(path)


def _fsync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _sentence(path: Path, exc: OSError) -> str:
    if exc.errno in _FULL:
        return (
            f"the disk of the data folder {path} is full: free at least "
            f"{MIN_FREE_BYTES // 1024**2} MiB, or pass another --data-dir"
        )
    if isinstance(exc, FileExistsError | NotADirectoryError):
        return f"{path} isn't a folder: pass another --data-dir"
    reason = (exc.strerror or str(exc)).lower()
    return (
        f"the data folder {path} can't be written ({reason}): "
        "give this user the right to, or pass another --data-dir"
    )
