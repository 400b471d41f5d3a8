"""Send and read for an hour, and tell every minute what the server takes: `make bench-soak`.

    .venv/bin/python bench/soak.py [--seconds S] [--every S] [--rate N] [--show]

Prints a line a minute and writes them into `SOAK.md`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import bodies as made
from measure import disk_bytes
from products import clew
from reads import Read, ask, get
from report import machine, table_line
from senders import ANSWER_LIMIT_S
from servers import Server, free_port, peak_memory, serving
from steady import Told, sending

RESULTS = Path(__file__).parent / "SOAK.md"
SECONDS, EVERY_S, RATE = 3600.0, 60.0, 2_000
READ_EVERY_S = 0.5
_PROJECT = "/api/projects/default"
_PART = re.compile(r"\w+_\d+_\d+_\d+")
_HEAD = ("s", "spans", "memory MB", "parts", "disk MB", "ack p50 ms", "ack p99 ms")


@dataclass(kw_only=True)
class Line:
    """What was seen up to `at_s`; waits and the peak are those since the line before. `parts` are
    folders, and so also those that were merged into others a few minutes ago."""

    at_s: float
    spans: int
    peak_bytes: int
    parts: int
    disk_bytes: int
    waits_s: list[float]
    reads_s: dict[str, list[float]]


@dataclass(kw_only=True)
class Seen:
    """What senders and readers have seen so far. `run_numbers` are acknowledged; `failures` name
    answers that ended one of them."""

    run_numbers: list[int] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    reads_s: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def hear(self, told: Told) -> None:
        """Note one request."""
        if told.wait_s is None:
            self.failures.append(told.failure)
            return
        self.run_numbers += told.run_numbers
        self.waits_s.append(told.wait_s)


def soak(
    server: Server, seen: Seen, *, seconds: float, every_s: float, rate: int
) -> Iterator[Line]:
    """Send `rate` spans a second for `seconds`, one question every half second beside, and give a
    line after each `every_s`."""
    over = threading.Event()
    reader = threading.Thread(target=_noted, args=(lambda: _read(server.port, seen, over), seen))
    reader.start()
    try:
        with sending(server.port, rate, seen.hear):
            began = time.monotonic()
            for number in range(1, max(1, round(seconds / every_s)) + 1):
                with peak_memory(server) as peak:
                    time.sleep(max(0.0, began + number * every_s - time.monotonic()))
                yield _line(server, seen, time.monotonic() - began, peak[0])
    finally:
        over.set()
        reader.join()


def _line(server: Server, seen: Seen, at_s: float, peak_bytes: int) -> Line:
    waits_s, seen.waits_s = seen.waits_s, []
    reads_s, seen.reads_s = seen.reads_s, {}
    return Line(
        at_s=at_s,
        spans=len(seen.run_numbers) * made.SPANS_A_RUN,
        peak_bytes=peak_bytes,
        parts=_parts(server.folder / "data"),
        disk_bytes=disk_bytes(server.folder / "data"),
        waits_s=waits_s,
        reads_s=reads_s,
    )


def _noted(work: Callable[[], None], seen: Seen) -> None:
    try:
        work()
    except Exception as exc:  # noqa: BLE001 - it ends a thread, and is told with the results
        seen.failures.append(str(exc) or type(exc).__name__)


def _read(port: int, seen: Seen, over: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_LIMIT_S)
    turn = 0
    while not over.wait(READ_EVERY_S):
        if not seen.run_numbers:
            continue
        questions = _questions(seen.run_numbers[-1])
        name = list(questions)[turn % len(questions)]
        turn += 1
        began = time.perf_counter()
        ask(connection, questions[name])
        seen.reads_s.setdefault(name, []).append(time.perf_counter() - began)
    connection.close()


def _questions(number: int) -> Mapping[str, Read]:
    traces, run = f"{_PROJECT}/traces", made.trace_id(number)
    return {
        "newest": get(traces, "trace_id", limit=50),
        "filtered": get(traces, "traces", limit=50, filter="status:error model:gpt-*"),
        "run": get(f"{traces}/{run}", run),
        "word": get(f"{_PROJECT}/search", "trace_id", q=made.common_word()),
        "hours": get(f"{_PROJECT}/stats", "points", metric="traces", interval="1h"),
    }


READS = tuple(_questions(1))


def _parts(folder: Path) -> int:
    found = (folder / "spans" / "store").glob("*/*/*")
    return sum(1 for path in found if _PART.fullmatch(path.name))


def _cells(line: Line) -> list[str]:
    waits = line.waits_s if len(line.waits_s) > 1 else line.waits_s * 2
    quantiles = statistics.quantiles(waits, n=100, method="inclusive") if waits else []
    read = [line.reads_s.get(name) for name in READS]
    return [
        f"{line.at_s:.0f}",
        f"{line.spans:,}",
        f"{line.peak_bytes / 1e6:.0f}",
        str(line.parts),
        f"{line.disk_bytes / 1e6:.0f}",
        *(f"{quantiles[at] * 1000:.0f}" if quantiles else "-" for at in (49, 98)),
        *(f"{statistics.median(took_s) * 1000:.0f}" if took_s else "-" for took_s in read),
    ]


def main() -> None:
    """Soak as the command line says."""
    parser = argparse.ArgumentParser(description="Send and read steadily, and tell.")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="in all")
    parser.add_argument("--every", type=float, default=EVERY_S, metavar="S", help="a line")
    parser.add_argument("--rate", type=int, default=RATE, metavar="N", help="spans a second")
    parser.add_argument("--show", action="store_true", help="print only, keep no file")
    options = parser.parse_args()
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    head = [*_HEAD, *(f"{name} ms" for name in READS)]
    rows = [table_line(head), table_line(["--:"] * len(head))]
    print("\n".join(rows))
    seen = Seen()
    with tempfile.TemporaryDirectory(prefix="bench-soak-") as name:
        folder, port = Path(name), free_port()
        launch = clew.launch(Path(sys.executable), port, folder)
        with serving(
            launch.command, env=launch.env, folder=folder, port=port, health=clew.HEALTH
        ) as server:
            for line in soak(
                server, seen, seconds=options.seconds, every_s=options.every, rate=options.rate
            ):
                rows.append(table_line(_cells(line)))
                print(rows[-1], flush=True)
            stored = clew.stored_spans(server)
    sent = len(seen.run_numbers) * made.SPANS_A_RUN
    text = "\n".join(
        [
            "# A soak",
            "",
            f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {options.rate:,} spans a second, a",
            "question every half second. Memory is the largest of the time, parts are folders",
            "(those that were merged a few minutes ago included), reads are medians.",
            "",
            *(f"- {each}" for each in [*machine(), f"load average at the start: {load}"]),
            f"- {sent:,} spans acknowledged, {stored:,} stored",
            *(f"- failed: {failure}" for failure in seen.failures),
            "",
            *rows,
            "",
        ]
    )
    print(text)
    if not options.show:
        RESULTS.write_text(text)
        print(f"written to {RESULTS}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
