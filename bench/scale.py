"""Measure reads as a store grows: `make bench-scale`, or with folders that `grow.py` made.

    .venv/bin/python bench/scale.py [FOLDER …] [--work FOLDER]

Without folders, stores of 1, 5 and 20 million spans in one project, and of 5 million in 10 and in
100, are grown one after the other in the folder --work (20 GB must be free), asked and removed.
Prints a table and writes it into `RESULTS.md`, below what `run.py` wrote.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console

from grow import CONTENT_GB_A_MILLION, Asked, grow
from measure import Result
from products import clew
from reads import Read, ReadError, get, median_s
from report import SCALE_FIGURES, machine, show, table
from run import RESULTS, SCALE_HEADING
from servers import ServerError, free_port, serving

STORES = ((1_000_000, 1), (5_000_000, 1), (20_000_000, 1), (5_000_000, 10), (5_000_000, 100))
"""Spans and projects; the most spans are in the project that is asked."""
ROUNDS = 3
"""Each question's best of so many medians: other work on the machine shows least in it."""
_PROJECT = "/api/projects/default"


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description="Measure reads as a store grows.")
    parser.add_argument("folders", nargs="*", type=Path, help="folders that grow.py made")
    parser.add_argument("--work", type=Path, help="where to grow stores, else a temporary folder")
    options = parser.parse_args()
    console = Console()
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    console.print(f"load average {load}: other work on this machine shows in the figures")
    results = [ask_store(folder, console) for folder in options.folders]
    if not options.folders:
        with tempfile.TemporaryDirectory(prefix="bench-scale-", dir=options.work) as work:
            results = [_grown(Path(work), *store, console) for store in STORES]
    show(results, console, SCALE_FIGURES)
    command = shlex.join(["bench/scale.py", *(folder.name for folder in options.folders)])
    _write(RESULTS, _page(results, command, load))
    console.print(f"written to {RESULTS}")


def _grown(work: Path, spans: int, projects: int, console: Console) -> Result:
    folder = work / f"{spans}-{projects}"
    content_bytes = round(spans / 1e6 * CONTENT_GB_A_MILLION * 1e9)
    try:
        grow(
            folder, spans=spans, projects=projects, content_bytes=content_bytes, tell=console.print
        )
        return ask_store(folder, console)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ask_store(folder: Path, console: Console) -> Result:
    """The figures of the store in FOLDER, asked through a server."""
    asked = msgspec.json.decode((folder / "asked.json").read_bytes(), type=Asked)
    name = f"{asked.spans / 1e6:.0f} M spans, {asked.projects} project"
    result = Result(name=name if asked.projects == 1 else f"{name}s")
    console.print(f"asking {result.name}")
    port = free_port()
    launch = clew.launch(Path(sys.executable), port, folder)
    try:
        with serving(
            launch.command, env=launch.env, folder=folder, port=port, health=clew.HEALTH
        ) as server:
            result.figures["start_s"] = server.start_s
            result.figures["content_bytes"] = asked.content_bytes
            for key, reads in questions(asked).items():
                _ask(server.port, key, reads, result)
            result.figures["asked_bytes"] = server.resident_bytes()
    except ServerError as exc:
        result.notes.append(f"left out: {exc}")
    return result


def _ask(port: int, key: str, reads: Sequence[Read], result: Result) -> None:
    try:
        result.figures[f"read_{key}_s"] = min(median_s(port, reads) for _ in range(ROUNDS))
    except ReadError as exc:
        result.notes.append(f"not measured, {key}: {exc}")


def questions(asked: Asked) -> dict[str, list[Read]]:
    """What is asked, by figure. A question about a run goes round many runs: the engine remembers
    what it found for one."""
    traces, search = f"{_PROJECT}/traces", f"{_PROJECT}/search"
    month = {"from": asked.month_from, "to": asked.month_to}
    by_run = list(zip(asked.run_ids, asked.span_ids, strict=True))
    return {
        "newest": [get(traces, "trace_id", limit=50)],
        "filtered": [get(traces, "trace_id", limit=50, filter="status:error model:gpt-*")],
        "run": [get(f"{traces}/{run}", span) for run, span in by_run],
        "long_run": [get(f"{traces}/{asked.long_run_id}", asked.long_run_id)],
        "huge_run": [get(f"{traces}/{asked.huge_run_id}", asked.huge_run_id)],
        "span": [get(f"{traces}/{run}/spans/{span}", span) for run, span in by_run],
        "rare_word": [get(search, asked.rare_run_id, q=asked.rare_word)],
        "common_word": [get(search, "trace_id", q=asked.common_word)],
        "month_by_hour": [
            get(f"{_PROJECT}/stats", "points", metric="traces", interval="1h", **month)
        ],
        "projects": [get("/api/projects", "span_count")],
    }


def _page(results: Sequence[Result], command: str, load: str) -> str:
    lines = [
        SCALE_HEADING,
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with `{command}`; what and how is in",
        "[docs/benchmarks.md](../docs/benchmarks.md#reads-as-a-store-grows).",
        "",
        *(f"- {line}" for line in [*machine(), f"load average at the start: {load}"]),
        "",
        *table(results, SCALE_FIGURES),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _write(path: Path, section: str) -> None:
    """Put the section below what stands before it in the file."""
    before = path.read_text().partition(SCALE_HEADING)[0].rstrip() if path.exists() else ""
    path.write_text(f"{before}\n\n{section}" if before else section)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
