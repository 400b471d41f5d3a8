"""`clew backup` and `clew restore`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from clew.cli import show
from clew.cli.connect import DEFAULT_URL, ApiKey, Url, connect
from clew.cli.progress import progress
from clew.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import IO

    from clew.archive import Manifest, Member

SHOWN = ("spans", "contents", "logs", "metrics", "scores", "projects", "keys", "prices")

NewFile = Annotated[Path, typer.Argument(help="File to write, such as clew.tar.")]
BackupFile = Annotated[Path, typer.Argument(help="File that `clew backup` wrote.")]
NewDataDir = Annotated[
    Path, typer.Option("--data-dir", envvar="CLEW_DATA_DIR", help="New folder to fill.")
]


def backup(file: NewFile, url: Url = DEFAULT_URL, key: ApiKey = None) -> None:
    """Save all that a running server holds in a file; it goes on meanwhile.

    What was acknowledged before the backup began is in it. The file is checked as it is written.
    """
    if file.exists():
        message = f"{file} is there already: pass the name of a new file"
        raise BadInput(message)
    unfinished = file.with_name(file.name + ".part")
    try:
        with unfinished.open("wb") as writing, connect(url, key) as client:
            manifest = _save(client.backup(), writing)
            writing.flush()
            os.fsync(writing.fileno())
        unfinished.rename(file)
    except OSError as exc:
        message = f"{file} can't be written: {(exc.strerror or str(exc)).lower()}"
        raise BadInput(message) from exc
    finally:
        unfinished.unlink(missing_ok=True)
    typer.echo(f"{file}: {_held(manifest)}; {show.size(file.stat().st_size)}, checked")


def restore(file: BackupFile, data_dir: NewDataDir) -> None:
    """Make a data folder of a backup, for `clew serve` to open.

    The file is read twice: it is checked before anything is made of it.
    """
    # Here, because it opens a database.
    from clew.server import restore as restoring  # noqa: PLC0415

    with progress("checking") as tell:
        restoring.check(file, data_dir, _Read(file, tell))
    with progress("restoring") as tell:
        manifest = asyncio.run(restoring.restore(file, data_dir, _Read(file, tell)))
    typer.echo(
        f"{data_dir}: {_held(manifest)}, as of {manifest.created_at}, all there\n"
        f"  clew serve --data-dir {data_dir}"
    )


def _save(pieces: Iterable[bytes], writing: IO[bytes]) -> Manifest:
    # Here, because most commands don't need it.
    from clew import archive  # noqa: PLC0415

    received = archive.Tee(pieces, writing)
    with progress("backup") as tell:
        members = archive.read(cast("IO[bytes]", received))
        manifest = archive.read_manifest(next(members))
        total = sum(table.rows for table in (*manifest.records, *manifest.store))
        done = 0
        for member in members:
            done += member.rows
            tell(done, total, f"{member.table}, {show.size(writing.tell())}")
    received.read()  # the padding behind the end
    return manifest


class _Read:
    """Tells how much of a file was read."""

    def __init__(self, file: Path, tell: Callable[[float, float, str], None]) -> None:
        self._total = file.stat().st_size if file.exists() else 0
        self._done = 0
        self._tell = tell

    def __call__(self, member: Member) -> None:
        self._done += len(member.data)
        self._tell(self._done, self._total, member.table)


def held(rows: Mapping[str, int]) -> str:
    """The rows of each table that has any, as a sentence names them."""
    shown = [(name, rows[name]) for name in SHOWN if rows.get(name)]
    return ", ".join(
        f"{count:,} {name.removesuffix('s') if count == 1 else name}" for name, count in shown
    )


def _held(manifest: Manifest) -> str:
    return held({table.name: table.rows for table in (*manifest.store, *manifest.records)})
