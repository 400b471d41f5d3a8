"""Rows that wait in the journal: on disk, stored before anybody reads, and never twice."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from clew.errors import StoreError
from clew.store.backlog import FULL_BYTES, Backlog
from clew.store.embedded import EmbeddedEngine
from clew.store.engine import Batch, Engine
from clew.store.journal import Journal
from clew.store.spans import encode_row

CONTENTS = Batch("contents", ("a",), b"c")
LOGS = Batch("logs", ("a",), b"l")
SPANS = Batch("spans", ("a",), b"s")


class Table:
    """Where batches end up; it may refuse some, or be full."""

    def __init__(self) -> None:
        self.stored: list[Batch] = []
        self.full = False

    def insert(self, batch: Batch) -> None:
        """Store or refuse."""
        if self.full:
            raise StoreError("no space left on device", 243)
        if b"!" in batch.rows:
            raise StoreError("cannot read all data", 33)
        self.stored.append(batch)


@pytest.fixture
def table() -> Table:
    """An empty table."""
    return Table()


@pytest.fixture
def backlog(tmp_path: Path, table: Table) -> Iterator[Backlog]:
    """A backlog in an empty folder."""
    backlog = Backlog(tmp_path / "journal", table.insert)
    backlog.recover()
    yield backlog
    table.full = False
    backlog.close()


def files(tmp_path: Path) -> list[str]:
    """What is in the journal's folder."""
    return sorted(path.name for path in (tmp_path / "journal").iterdir())


def test_many_appends_become_one_insert(backlog: Backlog, table: Table, tmp_path: Path) -> None:
    """Of each table, and no file is left."""
    for _ in range(3):
        backlog.append([CONTENTS, SPANS])
    backlog.clear()
    assert table.stored == [CONTENTS._replace(rows=b"ccc"), SPANS._replace(rows=b"sss")]
    assert not files(tmp_path)


def test_the_order_of_every_append_is_kept(backlog: Backlog, table: Table) -> None:
    """A span is never stored before its contents, whichever came first."""
    backlog.append([SPANS])
    backlog.append([LOGS, SPANS])
    backlog.append([CONTENTS, LOGS])
    backlog.clear()
    assert [batch.table for batch in table.stored] == ["contents", "logs", "spans"]


def test_it_is_stored_though_nobody_asks(backlog: Backlog, table: Table, tmp_path: Path) -> None:
    """After a second."""
    backlog.append([SPANS])
    for _ in range(100):
        if not files(tmp_path):
            break
        time.sleep(0.1)
    assert table.stored == [SPANS]


def test_what_a_dead_process_left_is_stored(table: Table, tmp_path: Path) -> None:
    """Every append that returned, though the last was cut off in the middle."""
    folder = tmp_path / "journal"
    journal = Journal(folder)
    journal.append([CONTENTS, SPANS])
    journal.append([SPANS])
    [path] = folder.iterdir()
    whole = path.read_bytes()
    for kept in range(len(whole) - 1, len(whole) - 20, -1):
        path.write_bytes(whole[:kept])
        backlog = Backlog(folder, table.insert)
        backlog.recover()
        backlog.close()
        assert table.stored == [CONTENTS, SPANS]
        assert not files(tmp_path)
        table.stored.clear()


def test_a_damaged_append_ends_the_file(table: Table, tmp_path: Path) -> None:
    """What stands in front of it is stored."""
    folder = tmp_path / "journal"
    journal = Journal(folder)
    for _ in range(2):
        journal.append([SPANS])
    [path] = folder.iterdir()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    backlog = Backlog(folder, table.insert)
    backlog.recover()
    backlog.close()
    assert table.stored == [SPANS]


def test_a_full_disk_is_waited_for(backlog: Backlog, table: Table, tmp_path: Path) -> None:
    """What was appended stays, and is stored once there is space, in order."""
    table.full = True
    backlog.append([SPANS._replace(rows=b"1")])
    with pytest.raises(StoreError):
        backlog.clear()
    backlog.append([SPANS._replace(rows=b"2")])
    assert files(tmp_path)
    table.full = False
    backlog.clear()
    assert b"".join(batch.rows for batch in table.stored) == b"12"
    assert not files(tmp_path)


def test_a_full_disk_is_tried_again(backlog: Backlog, table: Table, tmp_path: Path) -> None:
    """Though nobody asks, and nothing more comes."""
    table.full = True
    backlog.append([SPANS])
    with pytest.raises(StoreError):
        backlog.clear()
    table.full = False
    for _ in range(100):
        if not files(tmp_path):
            break
        time.sleep(0.1)
    assert table.stored == [SPANS]


def test_what_waits_is_bounded(backlog: Backlog, table: Table) -> None:
    """Where nothing can be stored for long, appends are refused before memory is full."""
    table.full = True
    half = SPANS._replace(rows=bytes(FULL_BYTES // 2 + 1))
    for _ in range(2):
        backlog.append([half])
        with pytest.raises(StoreError):
            backlog.clear()
    with pytest.raises(StoreError):
        backlog.append([SPANS])


def test_refused_rows_take_no_others_with_them(
    backlog: Backlog, table: Table, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They are kept in a file that the log names."""
    bad = SPANS._replace(rows=b"!")
    with caplog.at_level(logging.ERROR):
        for batches in ([SPANS], [bad], [CONTENTS, SPANS]):
            backlog.append(batches)
        backlog.clear()
    assert sorted(table.stored) == sorted([CONTENTS, SPANS, SPANS])
    [name] = files(tmp_path)
    assert name in caplog.text
    assert bad.rows in (tmp_path / "journal" / name).read_bytes()


NO_ROOM = """
import resource, signal, sys
from pathlib import Path
from clew.errors import StoreError
from clew.store.embedded import EmbeddedEngine
from clew.store.engine import Batch, Engine
from clew.store.journal import Journal
from clew.store.spans import encode_row
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]))
journal.append([Batch("spans", ("a",), b"first")])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    journal.append([Batch("spans", ("a",), b"x" * 5000)])
except StoreError as exc:
    print(exc.code)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append([Batch("spans", ("a",), b"last")])
sealed = journal.seal()
print(len(sealed.paths), [batch.rows for append in sealed.appends for batch in append])
"""


def test_a_disk_that_fills_up_tears_nothing(tmp_path: Path) -> None:
    """An append that doesn't fit is refused and leaves nothing behind; the ones around it are there
    after a crash."""
    folder = tmp_path / "journal"
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["243", "1 [b'first', b'last']"]
    left = [batch.rows for sealed in Journal(folder).left() for [batch] in sealed.appends]
    assert left == [b"first", b"last"]


def test_an_entry_is_what_it_was(tmp_path: Path) -> None:
    """Table, columns and rows come back."""
    journal = Journal(tmp_path / "journal")
    batch = Batch("spans", ("a", "b"), msgspec.msgpack.encode(["é", None]))
    journal.append([batch])
    [sealed] = Journal(tmp_path / "journal").left()
    assert [[(one.table, tuple(one.columns), one.rows)] for [one] in sealed.appends] == [
        [(batch.table, batch.columns, batch.rows)]
    ]


@pytest.mark.anyio
async def test_nothing_is_rewritten_while_rows_can_not_be_stored(
    engines: Callable[[str], Engine],
) -> None:
    """A copy would be without them, and what is deleted would come back in them. Questions are
    answered meanwhile."""
    engine = engines("embedded")
    assert isinstance(engine, EmbeddedEngine)
    await engine.query("CREATE TABLE early (n UInt8) ENGINE = MergeTree ORDER BY n", fmt="Null")
    row = Batch("late", ["n"], encode_row([7]))
    engine._backlog.append([row])  # pyright: ignore[reportPrivateUsage]
    for statement in ("CREATE TABLE early_copy CLONE AS early", "ALTER TABLE early DELETE WHERE 1"):
        with pytest.raises(StoreError, match="late"):
            await engine.query(statement, fmt="Null")
    assert await engine.query("SELECT 1", fmt="TSV") == b"1\n"
    await engine.query("RENAME TABLE early TO late", fmt="Null")
    assert await engine.query("SELECT n FROM late", fmt="TSV") == b"7\n"
    await engine.query("DROP TABLE late SYNC", fmt="Null")
