"""What this machine allows: the work that no receiver of spans gets around, done by itself.

    .venv/bin/python bench/limits.py [--spans N]

Each line is one piece of work over the bodies that `run.py` sends, by the fastest library at hand:
the processor time it costs a span of one core, best of several rounds, and what a core that did
nothing else would reach. Beside them what Clew takes for decoding and for all that it does in
Python until rows are ready.
"""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import lz4.frame
import msgspec
import xxhash
import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from rich.console import Console
from rich.table import Table

import bodies as made
from clew.prepare import Export, Preparer
from clew.pricing import price_span
from clew.span import Span
from clew.store.spans import Rows
from clew.wire.otlp import decode_traces
from report import machine

SPANS = 10_000
ROUNDS = 5
COMMIT_SPANS = 1_000
"""What a commit of the journal holds under load."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A piece of work over all bodies, and what it is done with."""

    label: str
    work: Callable[[], object]


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description="What this machine allows.")
    parser.add_argument("--spans", type=int, default=SPANS, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        work = made.write_bodies(
            folder / "bodies.bin", spans=options.spans, newest_ns=time.time_ns()
        )
        bodies = work.read()
        console = Console()
        for line in machine():
            console.print(line)
        console.print(f"{work.spans:,} spans of {work.size_bytes / work.spans:,.0f} bytes")
        console.print(_table(list(_limits(bodies)), work.spans))
        console.print(_syncs(folder, _rows(bodies), work.spans), soft_wrap=True)


def _limits(bodies: Sequence[bytes]) -> Iterator[Limit]:
    payloads = [payload for body in bodies for payload in _payloads(body)]
    rows = _rows(bodies)
    fast = zstandard.ZstdCompressor(level=1)
    yield Limit(label="copy it once in memory", work=lambda: [bytearray(it) for it in bodies])
    yield Limit(label="take it from a socket of this machine", work=lambda: _receive(bodies))
    yield Limit(
        label="protobuf, by Google's library in C",
        work=lambda: [ExportTraceServiceRequest.FromString(it) for it in bodies],
    )
    yield Limit(
        label="protobuf, as Clew decodes it",
        work=lambda: [decode_traces(it, "protobuf") for it in bodies],
    )
    yield Limit(
        label="find the messages in its JSON (msgspec)",
        work=lambda: [msgspec.json.decode(it, type=list[msgspec.Raw]) for it in payloads],
    )
    yield Limit(label="hash it (xxh3-128)", work=lambda: [_digest(it) for it in payloads])
    yield Limit(label="compress its rows (LZ4)", work=lambda: _lz4(rows))
    yield Limit(label="compress its rows (Zstandard, level 1)", work=lambda: fast.compress(rows))
    spans = [decode_traces(it, "protobuf").spans for it in bodies]
    yield Limit(label="Clew, from spans to rows", work=lambda: _prepare(spans))


def _payloads(body: bytes) -> Iterator[bytes]:
    for span in decode_traces(body, "protobuf").spans:
        for value in span.attributes.values():
            if isinstance(value, str) and value.startswith("["):
                yield value.encode()


def _digest(payload: bytes) -> bytes:
    return xxhash.xxh3_128_digest(payload)


def _lz4(data: bytes) -> bytes:
    return lz4.frame.compress(data)


def _prepare(exports: Sequence[Sequence[Span]]) -> Rows:
    """As `Ingest` does, with each export's contents known to the next."""
    preparer = Preparer(price_span)
    rows = Rows()
    for spans in exports:
        prepared = preparer.prepare(Export("default", spans))
        preparer.stored.add(prepared.contents)
        rows.add(prepared.rows)
        rows.contents += [it.row for it in prepared.contents.values()]
    return rows


def _rows(bodies: Sequence[bytes]) -> bytes:
    rows = _prepare([decode_traces(it, "protobuf").spans for it in bodies])
    return b"".join((*rows.contents, *rows.spans))


def _receive(bodies: Sequence[bytes]) -> None:
    ours, theirs = socket.socketpair()
    sender = threading.Thread(target=lambda: [theirs.sendall(it) for it in bodies])
    sender.start()
    left = sum(map(len, bodies))
    buffer = bytearray(1 << 18)
    while left:
        left -= ours.recv_into(buffer)
    sender.join()
    ours.close()
    theirs.close()


def _table(limits: Sequence[Limit], spans: int) -> Table:
    table = Table("work", box=None)
    table.add_column("µs a span", justify="right")
    table.add_column("spans/s of a core", justify="right")
    for limit in limits:
        cost_us = min(_cpu_s(limit.work) for _ in range(ROUNDS)) * 1e6 / spans
        table.add_row(limit.label, f"{cost_us:.1f}", f"{1e6 / cost_us:,.0f}")
    return table


def _cpu_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _syncs(folder: Path, rows: bytes, spans: int) -> str:
    """How long the disk takes until a commit is on it."""
    size_bytes = len(rows) * COMMIT_SPANS // spans
    commit = rows[:size_bytes]
    file = os.open(folder / "journal", os.O_WRONLY | os.O_CREAT)
    took_s: list[float] = []
    for _ in range(50):
        began = time.perf_counter()
        os.write(file, commit)
        os.fdatasync(file)
        took_s.append(time.perf_counter() - began)
    os.close(file)
    took_s.sort()
    return (
        f"a commit of {COMMIT_SPANS:,} spans ({len(commit) / (1 << 20):.1f} MiB) written and on "
        f"disk (fdatasync): {took_s[len(took_s) // 2] * 1e3:.1f} ms median, "
        f"{took_s[-2] * 1e3:.1f} ms at most but one"
    )


if __name__ == "__main__":
    main()
