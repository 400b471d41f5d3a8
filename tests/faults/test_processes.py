"""The processes of ingest, killed while spans come in, and left behind by a killed server."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import Served
from faults.checks import check_acknowledged
from faults.load import OK, RETRY, Export, Sender, surprises, twice

pytestmark = pytest.mark.faults

SENDERS = 4
RUNS_A_BODY = 100
"""Of two kilobytes each: a body that is large enough for a process."""
REPEATS = 3
KILLS = 3
LIMIT_S = 60
METRIC = "clew_ingest_process_bodies_total"


@pytest.mark.timeout(240)
def test_nothing_acknowledged_is_lost_when_processes_are_killed(tmp_path: Path) -> None:
    """A process that is killed is followed by another, and senders are told to come back; when the
    server is killed, its process ends by itself. In the end every run is whole, and there once."""
    chance = random.Random(7)
    senders = [
        Sender(_exports(number), grpc=number % 2 == 0, runs_a_body=RUNS_A_BODY)
        for number in range(SENDERS)
    ]
    server = Served(tmp_path / "data", "--ingest-processes", "1").wait()
    for sender in senders:
        sender.start(server)
    killed: set[int] = set()
    for _ in range(KILLS):
        process = _process_at_work(server, killed)
        time.sleep(chance.uniform(0, 0.3))
        os.kill(process, signal.SIGKILL)
        killed.add(process)
    left = _process_at_work(server, killed)
    server.stop(signal.SIGKILL)
    _until(lambda: _is_gone(left))
    for sender in senders:
        sender.join()
        assert set(sender.answers) <= {OK, RETRY}
    assert not surprises(server)
    server = Served(tmp_path / "data").wait()
    check_acknowledged(server, senders, "after the kill")
    for sender in senders:
        sender.start(server)
        sender.stop()
    check_acknowledged(server, senders, "at the end")
    server.stop()


def _exports(sender: int) -> Iterator[Export]:
    """Each of them several times: as much work, and fewer runs to look for."""
    return (one for one in twice(sender, RUNS_A_BODY) for _ in range(REPEATS))


def _process_at_work(server: Served, killed: set[int]) -> int:
    """The process that the server started, once it has opened some bodies."""
    before = _opened(server)
    _until(lambda: _opened(server) > before + SENDERS)
    tasks = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    [process] = {int(pid) for task in tasks for pid in task.read_text().split()} - killed
    return process


def _opened(server: Served) -> float:
    lines = server.http.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(METRIC)).split()[1])


def _is_gone(pid: int) -> bool:
    """Whether the process ended, even if nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
