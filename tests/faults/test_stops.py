"""Servers that are killed, or told to stop, while spans come in."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from conftest import Served
from faults.checks import check_acknowledged, stored
from faults.load import OK, RETRY, SPANS_A_RUN, Sender, prompt, surprises, twice

pytestmark = pytest.mark.faults

KILLS = int(os.environ.get("CLEW_TEST_KILLS", "5"))
SEED = int(os.environ.get("CLEW_TEST_SEED", "7"))
SENDERS = 6


@pytest.mark.timeout(60 + 20 * KILLS)
def test_nothing_acknowledged_is_lost_or_doubled_by_kills(tmp_path: Path) -> None:
    """After each kill everything that was acknowledged is there once, and what got no answer can
    be sent again: in the end every run is whole, and counted once. Where nobody has read for a
    while, what is acknowledged waits in the journal."""
    chance = random.Random(SEED)
    senders = _senders()
    for number in range(KILLS):
        server = Served(tmp_path / "data").wait()
        if number % 2:
            check_acknowledged(server, senders, f"after kill {number} of seed {SEED}")
        _load(server, senders, acknowledgements=chance.randrange(1, 100))
        time.sleep(chance.uniform(0, 0.1))
        server.stop(signal.SIGKILL)
        for sender in senders:
            sender.join()
    _check_all(tmp_path, senders, chance)
    assert all(set(sender.answers) == {OK} for sender in senders)


def test_a_server_that_is_told_to_stop_stores_what_it_acknowledged(tmp_path: Path) -> None:
    """The others are told to come back, or find nobody; the exit code is 0."""
    senders = _senders()
    server = Served(tmp_path / "data").wait()
    _load(server, senders, acknowledgements=100)
    assert server.stop(signal.SIGTERM) == 0
    for sender in senders:
        sender.join()
    _check_all(tmp_path, senders, random.Random(SEED))
    answers = sum((sender.answers for sender in senders), Counter())
    assert set(answers) <= {OK, RETRY}, answers
    assert not surprises(server)


def _senders() -> list[Sender]:
    return [Sender(twice(number), grpc=number % 3 == 0) for number in range(SENDERS)]


def _load(server: Served, senders: Sequence[Sender], *, acknowledgements: int) -> None:
    """Start to send, and return when so many more exports are acknowledged."""
    awaited = acknowledgements + sum(len(sender.acknowledged) for sender in senders)
    for sender in senders:
        sender.start(server)
    while sum(len(sender.acknowledged) for sender in senders) < awaited:
        time.sleep(0.005)


def _check_all(tmp_path: Path, senders: Sequence[Sender], chance: random.Random) -> None:
    """After the next start everything is there, and what wasn't answered can be sent."""
    server = Served(tmp_path / "data").wait()
    check_acknowledged(server, senders, "after the last")
    for sender in senders:
        sender.start(server)
        sender.stop()
    check_acknowledged(server, senders, "at the end")
    _check_sums(server, chance)
    assert server.stop() == 0


def _check_sums(server: Served, chance: random.Random) -> None:
    """The project counts each run once, and payloads come back byte for byte."""
    runs = stored(server)
    [project] = server.http.get("/api/projects").json()["projects"]
    counts = (project["trace_count"], project["span_count"])
    assert counts == (len(runs), len(runs) * SPANS_A_RUN)
    for run in chance.sample(sorted(runs), min(20, len(runs))):
        path = f"/api/projects/default/traces/{run:032x}/export?format=jsonl"
        lines = server.http.get(path).text.splitlines()
        assert len(lines) == SPANS_A_RUN
        assert all(prompt(run, asked) in lines[-1] for asked in range(2, SPANS_A_RUN + 1))
