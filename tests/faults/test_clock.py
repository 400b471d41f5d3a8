"""A clock that is set while the server runs, hours ahead and hours back."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from clew.span import Span
from clew.wire.otlp import encode_traces
from conftest import Served
from faults.checks import check_acknowledged
from faults.load import OK, HttpConnection, Sender, surprises, twice

pytestmark = pytest.mark.faults

HOUR_NS = 3_600_000_000_000
PROJECT, TRACE_ID = "parts", "c" * 32
SET_CLOCK = """
import datetime, mmap, os, struct, time

real = time.time_ns
with open(os.environ["CLEW_TEST_CLOCK"], "rb") as file:
    ahead = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

def set_ns():
    return real() + struct.unpack("<q", ahead)[0]

class Set(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(set_ns() / 1e9, tz)

time.time_ns = set_ns
time.time = lambda: set_ns() / 1e9
datetime.datetime = Set
"""
"""Runs in the server before anything else, and has it read a clock that the test sets."""


class SetClock:
    """The clock of a server; it is right until it is set."""

    def __init__(self, folder: Path) -> None:
        (folder / "sitecustomize.py").write_text(SET_CLOCK)
        self._path = folder / "clock"
        self.environ = {"PYTHONPATH": str(folder), "CLEW_TEST_CLOCK": str(self._path)}
        self._path.write_bytes(bytes(8))

    def set(self, hours: int) -> None:
        """So many hours ahead of what it is."""
        with self._path.open("r+b") as file:
            file.write(struct.pack("<q", hours * HOUR_NS))


def test_a_clock_that_is_set_loses_nothing(tmp_path: Path) -> None:
    """While senders go on; what each adds to a span is there, also after a restart, and the list
    shows the run where it is."""
    clock = SetClock(tmp_path)
    server = Served(tmp_path / "data", environ=clock.environ).wait()
    server.http.post("/api/projects", json={"name": PROJECT}).raise_for_status()
    senders = [Sender(twice(number), grpc=number == 0) for number in range(2)]
    for sender in senders:
        sender.start(server)
    for part, hours in (("b", 5), ("c", -6), ("d", 48), ("e", -48)):
        _wait_for_more(senders)
        _add(server, part)
        clock.set(hours)
    _add(server, "f")
    _wait_for_more(senders)
    for sender in senders:
        sender.stop()
    assert _parts(server) == set("bcdef")
    check_acknowledged(server, senders, "after the clock was set")
    assert _listed(server) == {TRACE_ID}
    assert server.stop() == 0
    server = Served(tmp_path / "data", environ=clock.environ).wait()
    _add(server, "g")
    assert "g" in _parts(server)
    check_acknowledged(server, senders, "after a restart")
    assert server.stop() == 0
    assert not surprises(server)


def _add(server: Served, part: str) -> None:
    """Tell more of one span that is finished already."""
    start_ns = time.time_ns() - 1000
    span = Span(
        trace_id=TRACE_ID,
        span_id="c" * 16,
        parent_id="",
        name="told in parts",
        start_ns=start_ns // HOUR_NS * HOUR_NS,
        end_ns=start_ns,
        attributes={f"part.{part}": "told"},
    )
    connection = HttpConnection(server, PROJECT)
    assert connection.send(encode_traces([span])) == OK
    connection.close()


def _parts(server: Served) -> set[str]:
    query = f"SELECT arrayJoin(mapKeys(attributes)) FROM spans WHERE trace_id = '{TRACE_ID}'"  # noqa: S608
    answer = server.http.post(f"/api/projects/{PROJECT}/sql", json={"query": query})
    names = (str(name) for [name] in answer.raise_for_status().json()["rows"])
    return {name.removeprefix("part.") for name in names if name.startswith("part.")}


def _listed(server: Served) -> set[str]:
    """The runs of the last three hours as they really were."""
    from_ns = time.time_ns() - 3 * HOUR_NS
    query = {"from": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(from_ns / 1e9))}
    answer = server.http.get(f"/api/projects/{PROJECT}/traces", params=query).raise_for_status()
    return {trace["trace_id"] for trace in answer.json()["traces"]}


def _wait_for_more(senders: list[Sender]) -> None:
    """Return when each sender has been acknowledged ten more exports."""
    awaited = {sender: len(sender.acknowledged) + 10 for sender in senders}
    while any(len(sender.acknowledged) < awaited[sender] for sender in senders):
        time.sleep(0.01)
