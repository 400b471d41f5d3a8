"""A short soak: steady senders and a reader."""

from __future__ import annotations

from pathlib import Path

import pytest

import bodies as made
from conftest import Served
from faults.load import surprises
from servers import Server
from soak import READS, Seen, soak

pytestmark = pytest.mark.faults

SECONDS, RATE = 24, 1_000
MOST_BYTES = 1_500_000_000
MOST_PARTS = 1_000


def test_a_steady_load_takes_no_more_and_more(tmp_path: Path) -> None:
    """Memory and parts stay bounded, every question is answered, and what was acknowledged is
    there, each span once."""
    served = Served(tmp_path / "data").wait()
    server = Server(pid=served.process.pid, port=served.port, folder=tmp_path, start_s=0)
    seen = Seen()
    lines = list(soak(server, seen, seconds=SECONDS, every_s=SECONDS / 3, rate=RATE))
    assert seen.failures == []
    assert max(line.peak_bytes for line in lines) < MOST_BYTES
    assert max(line.parts for line in lines) < MOST_PARTS
    assert {name for line in lines for name in line.reads_s} == set(READS)
    [project] = served.http.get("/api/projects").json()["projects"]
    runs = len(seen.run_numbers)
    counts = (project["trace_count"], project["span_count"])
    assert counts == (runs, runs * made.SPANS_A_RUN)
    for number in seen.run_numbers[:: max(1, runs // 20)]:
        opened = served.http.get(f"/api/projects/default/traces/{made.trace_id(number)}")
        assert len(opened.raise_for_status().json()["spans"]["span_id"]) == made.SPANS_A_RUN
    assert served.stop() == 0
    assert not surprises(served)
