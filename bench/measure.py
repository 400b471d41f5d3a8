"""One product measured: start, idle, ingest, reads, disk."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import bodies as made
from bodies import Bodies, Place
from products import Asked, Product
from reads import ReadError, median_s
from senders import Sent, send_all
from servers import Server, free_port, peak_memory, serving

REST_LIMIT_S = 60
REST_SHARE = 0.1
"""Of a core: a server that uses less is at rest. Some answer while they are still starting."""
LONG_RUN_SPANS = 1_000
SETTLE_LIMIT_S = 300
STILL_S = 10
"""A store that didn't grow for this long while its server rested has stored all that it will. A
server at work is waited for: under a backlog, minutes can lie between two commits."""
ODD_RUN, RARE_RUN = 1, 7


@dataclass(frozen=True, kw_only=True)
class Work:
    """What every product gets: runs of 20 spans, one run of 1,000, and what is asked of them."""

    runs: Bodies
    long_run: Bodies
    asked: Asked


@dataclass(kw_only=True)
class Result:
    """A product's figures by key (see `report.FIGURES`); what there was to say about them."""

    name: str
    versions: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def prepare(folder: Path, spans: int) -> Work:
    """Write the bodies into `folder`. The runs fill the day that ends now."""
    newest_ns = time.time_ns()
    runs = made.write_bodies(folder / "runs.bin", spans=spans, newest_ns=newest_ns)
    number = runs.runs + 1
    start_ns = newest_ns - made.DAY_NS // 2
    body = made.encode_runs([(number, start_ns)], spans=LONG_RUN_SPANS)
    path = folder / "long-run.bin"
    path.write_bytes(body)
    place = Place(offset=0, size_bytes=len(body), spans=LONG_RUN_SPANS)
    asked = Asked(
        run_id=made.trace_id(ODD_RUN),
        span_id=made.span_id(ODD_RUN, made.SPANS_A_RUN - 1),
        long_run_id=made.trace_id(number),
        rare_word=made.RARE_WORD,
        rare_run_id=made.trace_id(RARE_RUN),
        common_word=made.common_word(),
        day_from=_iso(newest_ns - made.DAY_NS),
        day_to=_iso(newest_ns),
    )
    return Work(runs=runs, long_run=Bodies(path=path, places=[place], runs=1), asked=asked)


def measure(product: Product, python: Path, work: Work, result: Result, limit_s: float) -> None:
    """Fill `result`. The senders start no request after `limit_s`. Raises ServerError."""
    with _started(product, python) as server:
        result.figures["start_s"] = server.start_s
        _rest(server)
        result.figures["idle_bytes"] = server.resident_bytes()
        _ingest(product, server, work.runs, result, limit_s)
        _add_long_run(product, server, work.long_run, limit_s)
        _read(product, server, work.asked, result)


@contextmanager
def _started(product: Product, python: Path) -> Generator[Server]:
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        launch = product.launch(python, port, folder)
        with serving(
            launch.command, env=launch.env, folder=folder, port=port, health=product.HEALTH
        ) as server:
            yield server


def _rest(server: Server) -> None:
    deadline = time.monotonic() + REST_LIMIT_S
    before, now = 0.0, server.cpu_s()
    while now - before > REST_SHARE * 2 and time.monotonic() < deadline:
        time.sleep(2)
        before, now = now, server.cpu_s()


def _ingest(
    product: Product, server: Server, bodies: Bodies, result: Result, limit_s: float
) -> None:
    cpu_s = server.cpu_s()
    with peak_memory(server) as peak:
        sent = send_all(bodies, server.port, product.HEADERS, limit_s=limit_s)
        stored, settled = _settled(product, server, sent.accepted_spans)
    cpu_s = server.cpu_s() - cpu_s
    _note_answers(sent, result)
    result.figures |= {
        "sent_spans": sent.accepted_spans,
        "missing_spans": sent.accepted_spans - stored,
        "sent_bytes": sent.accepted_bytes,
        "peak_bytes": peak[0],
    }
    if not stored:
        return
    # Where the answer came before the spans were stored, the clock runs until they were.
    took_s = max(sent.ended, settled or 0) - sent.started
    result.figures |= {
        "spans_per_s": stored / took_s,
        "cpu_us_per_span": cpu_s * 1e6 / stored,
        "disk_ratio": disk_bytes(server.folder / "data") / sent.accepted_bytes,
    }
    for percent in (50, 99):
        if (wait_s := sent.percentile_s(percent)) is not None:
            result.figures[f"ack_p{percent}_s"] = wait_s


def _add_long_run(product: Product, server: Server, bodies: Bodies, limit_s: float) -> None:
    expected = product.stored_spans(server) + bodies.spans
    send_all(bodies, server.port, product.HEADERS, limit_s=limit_s)
    _settled(product, server, expected)


def _note_answers(sent: Sent, result: Result) -> None:
    others = {status: count for status, count in sent.status_counts.items() if status != 200}  # noqa: PLR2004
    if others:
        told = ", ".join(f"{count} of {status or 'none'}" for status, count in others.items())
        result.notes.append(f"answers other than 200: {told}")


def _settled(product: Product, server: Server, expected: int) -> tuple[int, float | None]:
    """How many are stored once `expected` are, or no more come; and when the last one was seen to
    come, or None if they all were there at once."""
    stored = product.stored_spans(server)
    if stored >= expected:
        return stored, None
    grown = active = seen = time.monotonic()
    deadline = grown + SETTLE_LIMIT_S
    cpu_s = server.cpu_s()
    while stored < expected and seen < min(deadline, active + STILL_S):
        time.sleep(0.5)
        now = product.stored_spans(server)
        before, before_s = seen, cpu_s
        seen, cpu_s = time.monotonic(), server.cpu_s()
        if now > stored:
            stored, grown, active = now, seen, seen
        elif cpu_s - before_s > REST_SHARE * (seen - before):
            active = seen
    return stored, grown


def _read(product: Product, server: Server, asked: Asked, result: Result) -> None:
    for key, read in product.reads(asked).items():
        try:
            result.figures[f"read_{key}_s"] = median_s(server.port, [read])
        except ReadError as exc:
            result.notes.append(f"not measured, {key}: {exc}")


def disk_bytes(folder: Path) -> int:
    """What the files in `folder` take on disk, each once however many names it has."""
    sizes: dict[int, int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                status = Path(parent, name).lstat()
            except FileNotFoundError:
                continue
            sizes[status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
