"""The data folder: made, held, and refused with a sentence and unharmed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from clew.errors import StartupError
from clew.server.data_dir import Locked, make_data_dir, open_data_dir

OPEN = """
import sys
from pathlib import Path
from clew.errors import StartupError
from clew.server.data_dir import open_data_dir
try:
    folder = open_data_dir(Path(sys.argv[1]), version="1.2.3", url="http://127.0.0.1:4318")
except StartupError as exc:
    sys.exit(exc.message)
print("open", flush=True)
if "stay" in sys.argv:
    sys.stdin.read()
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def refusal(folder: Path) -> str:
    with pytest.raises(StartupError) as caught:
        open_data_dir(folder, version="1.2.3")
    return caught.value.message


def test_a_folder_is_made_and_opened_again(tmp_path: Path) -> None:
    """With its parents, for this user alone, and marked as ours."""
    path = tmp_path / "deep" / "data"
    with open_data_dir(path, version="1.2.3") as folder:
        assert folder.records_path == path / "records.db"
        assert (path / "clew.json").read_text() == '{"format":1,"written_by":"1.2.3"}'
        assert path.stat().st_mode & 0o077 == 0
    with open_data_dir(path, version="1.3.0"):
        assert (path / "clew.json").read_text() == '{"format":1,"written_by":"1.2.3"}'


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    """Such as a volume that was mounted for it."""
    open_data_dir(tmp_path, version="1.2.3").close()
    assert {path.name for path in tmp_path.iterdir()} == {"clew.json", "lock"}


def test_a_start_that_was_killed_halfway_can_be_repeated(tmp_path: Path) -> None:
    """What it left isn't taken for somebody else's."""
    (tmp_path / "lock").touch()
    (tmp_path / "clew.json.new").write_text('{"for')
    open_data_dir(tmp_path, version="1.2.3").close()


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Nothing is written between somebody's files."""
    (tmp_path / "thesis.tex").write_text("chapter one")
    assert refusal(tmp_path) == (
        f"the folder {tmp_path} isn't Clew's (it holds 'thesis.tex' and no clew.json): "
        "pass an empty or new folder with --data-dir"
    )
    assert contents(tmp_path) == {"thesis.tex": b"chapter one"}


def test_a_newer_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A newer program may have laid it out in another way."""
    (tmp_path / "clew.json").write_text('{"format": 2, "written_by": "9.0", "more": []}')
    assert refusal(tmp_path) == (
        "this data folder was written by a newer Clew (format 2, this program knows 1): "
        "run the newer version, or pass another --data-dir"
    )
    assert contents(tmp_path)["clew.json"] == b'{"format": 2, "written_by": "9.0", "more": []}'


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"format": "one"}'])
def test_a_damaged_marker_says_how_to_mend_it(tmp_path: Path, damaged: str) -> None:
    """The folder's data may be whole, so it isn't written over."""
    (tmp_path / "clew.json").write_text(damaged)
    assert "is damaged" in refusal(tmp_path)
    assert (tmp_path / "clew.json").read_text() == damaged


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Neither itself nor above the folder."""
    file = tmp_path / "data"
    file.touch()
    assert refusal(file) == f"{file} isn't a folder: pass another --data-dir"
    assert refusal(file / "below") == f"{file}/below isn't a folder: pass another --data-dir"


def test_the_folder_has_one_holder(tmp_path: Path) -> None:
    """In this process too; closing it lets the next one in."""
    first = open_data_dir(tmp_path, version="1.2.3")
    with pytest.raises(Locked) as caught:
        open_data_dir(tmp_path, version="1.2.3")
    assert caught.value.holder.pid == os.getpid()
    first.close()
    open_data_dir(tmp_path, version="1.2.3").close()


def test_a_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    """By pid and address; when the holder is killed the folder is free."""
    holder = subprocess.Popen(
        [sys.executable, "-c", OPEN, str(tmp_path), "stay"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"open\n"
    try:
        assert refusal(tmp_path) == (
            f"the data folder {tmp_path} is in use by the Clew with pid {holder.pid} "
            "(http://127.0.0.1:4318): stop that one, or pass another --data-dir"
        )
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdin.close()
        holder.stdout.close()
    open_data_dir(tmp_path, version="1.2.3").close()


def test_of_many_that_start_at_once_one_wins(tmp_path: Path) -> None:
    """And the others say so, on a folder that is made in that moment."""
    path = tmp_path / "data"
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(path), "stay"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    losers = [process for process in starts if _first_line(process) == b""]
    for process in starts:
        _, errors = process.communicate(timeout=30)
        assert (b"is in use by" in errors) == (process in losers)
    assert len(losers) == 3


def test_a_folder_that_can_not_be_written_is_a_sentence(tmp_path: Path) -> None:
    """Read-only, as seen by a user who has no right to write."""
    tmpfs = f"mount -t tmpfs none {tmp_path} && mount -o remount,ro {tmp_path}"
    assert _open_in_namespace(tmpfs, tmp_path) == (
        f"the data folder {tmp_path} can't be written (read-only file system): "
        "give this user the right to, or pass another --data-dir\n"
    )


@pytest.mark.parametrize("full", ["size=64k", "size=64m,nr_inodes=1"])
def test_a_full_disk_is_a_sentence(tmp_path: Path, full: str) -> None:
    """Too little room, or no room for one more file."""
    tmpfs = f"mount -t tmpfs -o {full} none {tmp_path}"
    assert _open_in_namespace(tmpfs, tmp_path) == (
        f"the disk of the data folder {tmp_path} is full: free at least 32 MiB, "
        "or pass another --data-dir\n"
    )


def _open_in_namespace(mount: str, path: Path) -> str:
    """What opening says on stderr where `mount`, seen by that process alone, was run before."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None or _run([*command, f"mount -t tmpfs none {path}"])[0]:
        pytest.skip("this system lets nobody mount a file system of their own")
    code, errors = _run([*command, f'{mount} && exec "$0" "$@"', sys.executable, "-c", OPEN, path])
    assert code == 1
    return errors


def _run(command: Sequence[str | Path]) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stderr


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_folder_that_could_not_be_filled_is_gone(tmp_path: Path) -> None:
    """One that was there and empty is empty again."""

    def fail(path: Path) -> None:
        with make_data_dir(path, version="1.2.3") as folder:
            (folder.path / "spans").mkdir()
            (folder.path / "spans" / "part").touch()
            assert refusal(path).startswith(f"the folder {path} isn't Clew's")
            raise RuntimeError

    (tmp_path / "there").mkdir()
    for path in (tmp_path / "made", tmp_path / "there"):
        with pytest.raises(RuntimeError):
            fail(path)
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_a_folder_that_was_filled_is_a_data_folder(tmp_path: Path) -> None:
    """Not before, and only a new or empty one can be filled."""
    path = tmp_path / "data"
    with make_data_dir(path, version="1.2.3"):
        assert not (path / "clew.json").exists()
    open_data_dir(path, version="1.2.3").close()
    with pytest.raises(StartupError, match="isn't empty"), make_data_dir(path, version="1.2.3"):
        pass
