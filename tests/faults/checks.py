"""What the store holds after a fault, against what was acknowledged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from conftest import Served
from faults.load import SPANS_A_RUN, TOKENS_A_CALL, Sender

RUNS = """
SELECT trace_id, count() AS spans, countIf(isNull(end_ns)) AS running, sum(input_tokens) AS tokens
FROM spans GROUP BY trace_id
"""
ASK = (
    "import sys, anyio; from pathlib import Path; from clew.store.embedded import EmbeddedEngine\n"
    "async def go():\n"
    "    engine = EmbeddedEngine(Path(sys.argv[1]))\n"
    "    print((await engine.query(sys.argv[2])).decode())\n"
    "    await engine.close()\n"
    "anyio.run(go)"
)
CONTENTS = "SELECT trace_id, count() AS contents FROM contents GROUP BY trace_id"


class Stored(NamedTuple):
    """What the store holds of a run."""

    spans: int
    running: int
    tokens: int | None


WHOLE = Stored(spans=SPANS_A_RUN, running=0, tokens=TOKENS_A_CALL * (SPANS_A_RUN - 1))


def check_acknowledged(server: Served, senders: Sequence[Sender], when: str) -> None:
    """Whatever was acknowledged is stored, each span once, and the newest that was told of it."""
    found = stored(server)
    acknowledged = {export for sender in senders for export in sender.acknowledged}
    lost = [export for export in acknowledged if export.run not in found]
    assert not lost, when
    assert {run.spans for run in found.values()} <= {SPANS_A_RUN}, when
    finished = {found[export.run] for export in acknowledged if export.finished}
    assert finished <= {WHOLE}, when
    assert set(_counts(server, CONTENTS).values()) <= {(SPANS_A_RUN - 1,)}, when


def stored(server: Served) -> dict[int, Stored]:
    """What is stored, by the number of the run."""
    return {run: Stored(*values) for run, values in _counts(server, RUNS).items()}


def _counts(server: Served, query: str) -> dict[int, tuple[int, ...]]:
    answer = server.http.post(
        "/api/projects/default/sql", json={"query": query, "limit": 10_000}
    ).raise_for_status()
    return {int(trace_id, 16): tuple(values) for trace_id, *values in answer.json()["rows"]}


def ask_folder(folder: Path, query: str) -> str:
    """The answer to a question, or an order, to the span store of a folder that no server has
    open."""
    command = [sys.executable, "-c", ASK, folder / "spans", query]
    return subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout
