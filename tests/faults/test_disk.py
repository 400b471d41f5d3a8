"""A disk that is full for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Served
from faults.checks import check_acknowledged
from faults.load import OK, PROTOBUF, RETRY, Sender, run_body, twice
from faults.mounts import mounted

pytestmark = pytest.mark.faults

SENDERS = 3
SIZE_MIB = 160


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    """Senders and /health are told so with a sentence, reads go on; with space again it stores
    again by itself, and what was acknowledged before and in between is there once."""
    folder = tmp_path / "data"
    folder.mkdir()
    mount = f"mount -t tmpfs -o size={SIZE_MIB}m tmpfs {folder}"
    server = Served(folder, prefix=mounted(mount)).wait()
    # The mount as the server sees it.
    ballast = Path(f"/proc/{server.process.pid}/root{folder}/ballast")
    senders = [Sender(twice(number), grpc=number == 0) for number in range(SENDERS)]
    for sender in senders:
        sender.start(server)
    for _ in range(2):
        _wait_for_more(senders)
        _check_full(server, senders, ballast)
        ballast.unlink()
    _wait(lambda: server.http.get("/health").status_code == 200)
    _wait_for_more(senders)
    for sender in senders:
        sender.stop()
    check_acknowledged(server, senders, "with space again")
    assert all(set(sender.answers) == {OK, RETRY} for sender in senders)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def _check_full(server: Served, senders: list[Sender], ballast: Path) -> None:
    refused = {sender: sender.answers[RETRY] for sender in senders}

    def is_full() -> bool:
        _fill(ballast)
        return all(sender.answers[RETRY] > refused[sender] for sender in senders)

    def is_told() -> bool:
        _fill(ballast)
        health = server.http.get("/health")
        return health.status_code == 503 and "disk" in health.json()["problem"]

    _wait(is_full)
    _wait(is_told)
    _fill(ballast)
    assert server.http.get("/api/projects/default/traces").json()["traces"]
    answer = server.http.post("/v1/traces", content=run_body(999_999), headers=PROTOBUF)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert b"free some" in answer.content


def _wait_for_more(senders: list[Sender]) -> None:
    """Return when each sender has been acknowledged twenty more exports."""
    awaited = {sender: len(sender.acknowledged) + 20 for sender in senders}
    _wait(lambda: all(len(sender.acknowledged) >= awaited[sender] for sender in senders))


def _fill(ballast: Path) -> None:
    """Leave no room for a block on the disk."""
    with ballast.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def _wait(until: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)
