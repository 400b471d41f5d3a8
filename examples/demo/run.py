"""Record the demo and send it to a server over OTLP/HTTP.

    python examples/demo/run.py --url http://127.0.0.1:4318 --project demo

Each way of recording runs in a process of its own, as it would in life: two of them would otherwise
instrument the same client. Ids follow from the seed and an anchor, the time at which the fortnight
ends. The anchor is on the resource of every span, and a project that has one already keeps it: so
running this again writes the same spans with the same ids and times, and nothing doubles.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path[0] = str(HERE.parent)

from demo.visits import ANCHOR, RECORDINGS, plan  # noqa: E402 (found by the line above)

Progress = Callable[[int, int], None]
"""Called with how many runs are recorded, and of how many."""


def record_all(url: str, project: str, progress: Progress, *, anchor_ns: int | None = None) -> int:
    """Record and send the demo; returns the number of runs. Raises RuntimeError when a part of it
    could not be recorded or sent."""
    anchor = anchor_ns or existing_anchor(url, project) or time.time_ns() // 10**9 * 10**9
    total, done = len(plan(anchor)), 0
    lines: SimpleQueue[str | None] = SimpleQueue()
    workers = [_worker(name, url, project, anchor, lines) for name in RECORDINGS]
    try:
        running = len(workers)
        while running:
            if lines.get() is None:
                running -= 1
            else:
                done += 1
                progress(done, total)
        codes = [worker.wait() for worker in workers]
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
    if any(codes):
        raise RuntimeError(f"the demo is incomplete ({done} of {total} runs recorded); see above")
    return total


def _worker(
    recording: str, url: str, project: str, anchor_ns: int, lines: SimpleQueue[str | None]
) -> subprocess.Popen[str]:
    """A process that prints one line a run; None stands for its end."""
    command = [sys.executable, str(HERE / "record.py"), recording, url, project, str(anchor_ns)]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 (ours)

    def read() -> None:
        for line in worker.stdout or ():
            lines.put(line)
        lines.put(None)

    Thread(target=read, daemon=True).start()
    return worker


def is_complete(url: str, project: str) -> bool:
    """Whether `project` holds as many runs as the demo has."""
    try:
        found = _get(f"{url}/api/projects/{urllib.parse.quote(project)}")
        return int(found["trace_count"]) >= len(plan(0))
    except (urllib.error.URLError, LookupError, ValueError):
        return False


def existing_anchor(url: str, project: str) -> int | None:
    """The anchor of the demo that `project` holds already; None where there is none, or where the
    receiver isn't Clew."""
    traces = f"{url}/api/projects/{urllib.parse.quote(project)}/traces"
    search = urllib.parse.urlencode({"limit": 1, "filter": f"has:resource.{ANCHOR}"})
    try:
        trace_id = _get(f"{traces}?{search}")["traces"][0]["trace_id"]
        span_id = _get(f"{traces}/{trace_id}")["spans"]["span_id"][0]
        span = _get(f"{traces}/{trace_id}/spans/{span_id}")
        said = span["resource"]["attributes"][ANCHOR]
        return round(datetime.fromisoformat(said).timestamp()) * 10**9
    except (urllib.error.URLError, LookupError, ValueError):
        return None


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 (the caller's server)
        return json.loads(answer.read())


def main() -> None:
    parser = argparse.ArgumentParser(description="Record the demo and send it to a server.")
    parser.add_argument("--url", default="http://127.0.0.1:4318")
    parser.add_argument("--project", default="demo")
    arguments = parser.parse_args()
    began = time.monotonic()

    def progress(done: int, total: int) -> None:
        if sys.stdout.isatty():
            print(f"\r{done} of {total} runs", end="\n" if done == total else "", flush=True)

    total = record_all(arguments.url.rstrip("/"), arguments.project, progress)
    print(f"{total} runs are in {arguments.project} after {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
