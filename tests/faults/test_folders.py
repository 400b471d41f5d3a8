"""Data folders that are damaged, foreign, full or of another time: a sentence, and no harm."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from conftest import CLEW, Served
from faults.checks import ask_folder
from faults.load import OK, HttpConnection, run_body, surprises
from faults.mounts import mounted

pytestmark = pytest.mark.faults

RUNS = 5


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a few runs in it, to be copied."""
    folder = tmp_path_factory.mktemp("made") / "data"
    server = Served(folder).wait()
    _send(server, range(1, RUNS + 1))
    assert server.stop() == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A folder with a few runs in it, that no server has open."""
    return shutil.copytree(made, tmp_path / "data", symlinks=True)


def test_a_first_start_that_is_killed_can_be_repeated(tmp_path: Path) -> None:
    """Wherever it was: while the folder, the records or the tables of the span store were made."""
    for wait_for in ("lock", "records.db", "records.db-wal", "spans/store", "spans/data/clew/logs"):
        server = Served(tmp_path / "data")
        deadline = time.monotonic() + 30
        while not (tmp_path / "data" / wait_for).exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    _check_works(tmp_path / "data", runs=0)


@pytest.mark.parametrize("table", ["scores", "schema_migrations"])
def test_a_migration_that_was_killed_is_done_again(folder: Path, table: str) -> None:
    """Between its statements, and before it was noted; nothing is lost."""
    ask_folder(folder, "TRUNCATE TABLE clew.schema_migrations")
    ask_folder(folder, f"DROP TABLE clew.{table} SYNC")
    _check_works(folder, runs=RUNS)


def test_a_span_store_of_a_newer_version_is_left_alone(folder: Path) -> None:
    """The sentence says what to do; the folder opens again when the newer version is gone."""
    ask_folder(folder, "INSERT INTO clew.schema_migrations (version, name) VALUES (9999, 'later')")
    said = _refused(folder)
    assert "newer Clew" in said
    assert "run the newer version" in said
    ask_folder(folder, "DELETE FROM clew.schema_migrations WHERE version = 9999")
    _check_works(folder, runs=RUNS)


def test_a_folder_of_a_newer_layout_is_left_alone(folder: Path) -> None:
    """Not even its database is opened; only the lock names who came."""
    marker = folder / "clew.json"
    marker.write_bytes(msgspec.json.encode({"format": 99, "written_by": "9.0"}))
    before = _files(folder)
    assert "newer Clew" in _refused(folder)
    assert _files(folder) == before


def test_a_folder_of_another_machine_opens(folder: Path) -> None:
    """Copied while its server ran and was killed: with a lock that names a process of there."""
    server = Served(folder).wait()
    _send(server, [RUNS + 1])
    server.stop(signal.SIGKILL)
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy, symlinks=True)
    shutil.rmtree(folder)
    (copy / "lock").write_text('{"pid":1,"url":"http://elsewhere:4318"}')
    (copy / "spans" / "uuid").write_text("11111111-2222-3333-4444-555555555555")
    _check_works(copy, runs=RUNS + 1)


def test_a_copy_without_links_is_refused(folder: Path) -> None:
    """As some programs make them; the sentence says how to make a better one."""
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    assert "copy the folder again with something that keeps them" in _refused(copy)


def test_a_folder_in_use_is_left_alone(folder: Path) -> None:
    """The sentence names who uses it, and where; that one goes on."""
    server = Served(folder).wait()
    said = _refused(folder)
    assert f"pid {server.process.pid}" in said
    assert server.url in said
    _send(server, [RUNS + 1])
    assert server.stop() == 0


def test_a_folder_that_can_only_be_read_is_refused(folder: Path) -> None:
    """With a sentence that says what to do, and no harm."""
    before = _files(folder)
    mount = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    said = _refused(folder, prefix=mounted(mount))
    assert "read-only file system" in said
    assert "--data-dir" in said
    assert _files(folder) == before


@pytest.mark.parametrize("damaged", ["records.db", "spans/metadata/clew"])
def test_a_damaged_store_is_a_sentence(folder: Path, damaged: str) -> None:
    """Not a stack of Python's."""
    path = folder / damaged
    if path.is_dir():
        for file in path.glob("*.sql"):
            file.write_text("nonsense")
    else:
        path.write_bytes(b"nonsense" * 1000)
    assert "--data-dir" in _refused(folder)


def _send(server: Served, runs: Sequence[int] | range) -> None:
    connection = HttpConnection(server)
    assert {connection.send(run_body(run)) for run in runs} == {OK}
    connection.close()


def _check_works(folder: Path, *, runs: int) -> None:
    """The folder opens, holds what it held, and takes more."""
    server = Served(folder).wait()
    _send(server, [1000])
    [project] = server.http.get("/api/projects").json()["projects"]
    assert project["trace_count"] == runs + 1
    assert len(server.http.get("/api/projects/default/traces").json()["traces"]) == runs + 1
    assert server.stop() == 0
    assert not surprises(server)


def _refused(folder: Path, *, prefix: Sequence[str] = ()) -> str:
    """What a server says that doesn't start."""
    command = [*prefix, *CLEW, "serve", "--port", "0", "--grpc-port", "0", "--data-dir", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode not in (0, None)
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


def _files(folder: Path) -> dict[str, int]:
    return {
        os.path.relpath(path, folder): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }
