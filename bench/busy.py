"""Read while spans come in at steady rates, and when none do: how much slower is it?

    .venv/bin/python bench/busy.py [--rates N,N] [--seconds S] [--flags "--ingest-processes 1"]

Prints a line for the quiet server, then one a rate. Takes Linux.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import shlex
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import bodies as made
from bodies import Bodies, Place
from products import clew
from reads import LIMIT_S, Read, ReadError, ask, get
from report import table_line
from senders import Sent, send_all
from servers import Server, free_port, peak_memory, serving

RATES, SECONDS, FILL_SPANS = (2_500, 5_000), 30.0, 40_000
READ_EVERY_S = 0.2
"""Five questions a second are what a few people at the page ask."""
SETTLE_S = 8
"""For the journal to be stored and the runs to be settled."""
LONG_RUN, LONG_RUN_SPANS = 10_000_000, 1_000
_SPANS_A_BODY = made.RUNS_A_BODY * made.SPANS_A_RUN
_MINUTE_NS = 60 * 1_000_000_000
_TRACES = "/api/projects/default/traces"
READS: Mapping[str, Read] = {
    "newest 50": get(_TRACES, "trace_id", limit=50),
    "filtered 50": get(_TRACES, "trace_id", limit=50, filter="status:error model:gpt-*"),
    "run of 20": get(f"{_TRACES}/{made.trace_id(1)}", made.trace_id(1)),
    "run of 1,000": get(f"{_TRACES}/{made.trace_id(LONG_RUN)}", made.trace_id(LONG_RUN)),
}
_HEAD = (
    "spans/s sent",
    "accepted",
    *(f"{name} ms" for name in READS),
    "ack p50 ms",
    "ack p99 ms",
    "CPU µs/span, process",
    "all",
    "memory MB",
)


def main() -> None:
    """Measure as the command line says."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-busy-") as name:
        folder = Path(name)
        spans = FILL_SPANS + sum(int(rate * options.seconds) for rate in options.rates)
        bodies = made.write_bodies(
            folder / "runs.bin", spans=spans, newest_ns=time.time_ns(), over_ns=60 * _MINUTE_NS
        )
        long_run = _long_run(folder / "long-run.bin")
        # Else the disk still writes them when the first server wants it.
        os.sync()
        for flags in options.flags:
            print(f"\n{flags or 'no flags'}\n\n{table_line(_HEAD)}")
            print(table_line(["--:"] * len(_HEAD)), flush=True)
            _measure(folder, shlex.split(flags), bodies, long_run, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=_numbers, default=RATES, metavar="N,N", help="spans/s")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="a rate")
    parser.add_argument(
        "--flags", action="append", metavar="TEXT", help="of `clew serve`; again: compare them"
    )
    options = parser.parse_args()
    options.flags = options.flags or [""]
    return options


def _numbers(text: str) -> Sequence[int]:
    return [int(number) for number in text.split(",")]


def _long_run(path: Path) -> Bodies:
    start_ns = time.time_ns() - 90 * _MINUTE_NS
    body = made.encode_runs([(LONG_RUN, start_ns)], spans=LONG_RUN_SPANS)
    path.write_bytes(body)
    place = Place(offset=0, size_bytes=len(body), spans=LONG_RUN_SPANS)
    return Bodies(path=path, places=[place], runs=1)


def _measure(
    folder: Path,
    flags: Sequence[str],
    bodies: Bodies,
    long_run: Bodies,
    options: argparse.Namespace,
) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as name, _served(Path(name), flags) as server:
        places = iter(bodies.places)
        fill = list(itertools.islice(places, FILL_SPANS // _SPANS_A_BODY))
        for part in (long_run, Bodies(path=bodies.path, places=fill, runs=0)):
            send_all(part, server.port, {}, limit_s=LIMIT_S)
        time.sleep(SETTLE_S)
        with _reading(server.port) as took_s:
            time.sleep(options.seconds)
        print(table_line(["0", "", *_medians(took_s), *[""] * 5]), flush=True)
        for rate in options.rates:
            some = list(itertools.islice(places, int(rate * options.seconds) // _SPANS_A_BODY))
            part = Bodies(path=bodies.path, places=some, runs=0)
            print(table_line(_while_writing(server, part, rate, options.seconds)), flush=True)
            time.sleep(SETTLE_S)


@contextmanager
def _served(folder: Path, flags: Sequence[str]) -> Generator[Server]:
    port = free_port()
    launch = clew.launch(Path(sys.executable), port, folder)
    with serving(
        [*launch.command, *flags], env=launch.env, folder=folder, port=port, health=clew.HEALTH
    ) as server:
        yield server


def _while_writing(server: Server, bodies: Bodies, rate: int, seconds: float) -> list[str]:
    own_s, all_s = server.own_cpu_s(), server.cpu_s()
    with peak_memory(server) as peak, _reading(server.port) as took_s:
        every_s = _SPANS_A_BODY / rate
        sent = send_all(bodies, server.port, {}, limit_s=seconds * 2, every_s=every_s)
    own_s, all_s = server.own_cpu_s() - own_s, server.cpu_s() - all_s
    return [
        str(rate),
        f"{sent.accepted_spans / (sent.ended - sent.started):.0f}",
        *_medians(took_s),
        *_waits(sent),
        *(f"{seconds * 1e6 / sent.accepted_spans:.0f}" for seconds in (own_s, all_s)),
        f"{peak[0] / 1e6:.0f}",
    ]


def _waits(sent: Sent) -> list[str]:
    return [f"{(sent.percentile_s(percent) or 0) * 1000:.0f}" for percent in (50, 99)]


def _medians(took_s: Mapping[str, Sequence[float]]) -> list[str]:
    return [f"{statistics.median(took_s[name]) * 1000:.0f}" for name in READS]


@contextmanager
def _reading(port: int) -> Generator[dict[str, list[float]]]:
    """What each of the questions took, asked in turn until the end of the block. Raises ReadError
    there if one had no answer."""
    took_s: dict[str, list[float]] = {name: [] for name in READS}
    errors: list[ReadError] = []
    over = threading.Event()

    def read() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
        try:
            for name in itertools.cycle(READS):
                if over.wait(READ_EVERY_S):
                    break
                began = time.perf_counter()
                ask(connection, READS[name])
                took_s[name].append(time.perf_counter() - began)
        except ReadError as exc:
            errors.append(exc)
        connection.close()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield took_s
    finally:
        over.set()
        thread.join()
    if errors:
        raise errors[0]


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
