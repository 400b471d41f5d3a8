"""A coding agent's logs and metrics, sent over OTLP to a served Clew, can be read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from corpus.expected import HERE

if TYPE_CHECKING:
    from conftest import Served

FOLDER = HERE / "claude-code-2.1.197"
PATIENCE_S = 20.0


def send(served: Served, project: str, signal: str) -> None:
    """Export a recorded body."""
    headers = {"content-type": "application/x-protobuf", "x-clew-project": project}
    body = (FOLDER / f"{signal}.otlp.pb").read_bytes()
    served.http.post(f"/v1/{signal}", content=body, headers=headers).raise_for_status()


def get(served: Served, project: str, path: str) -> dict[str, Any]:
    """The answer below the project."""
    return served.http.get(f"/api/projects/{project}/{path}").raise_for_status().json()


def test_logs_without_traces_are_runs_within_seconds(served: Served, project: str) -> None:
    """Five prompts of one session, with what each cost and said."""
    send(served, project, "logs")
    until = time.monotonic() + PATIENCE_S
    traces: list[dict[str, Any]] = []
    while time.monotonic() < until and len(traces) < 5:
        time.sleep(0.2)
        traces = get(served, project, "traces?order=-start_time")["traces"]
    assert [trace["name"] for trace in traces] == ["claude-code"] * 5
    assert {trace["session_id"] for trace in traces} == {"11111111-2222-4333-8444-555555555555"}
    notes, *_, broken = traces
    assert (notes["input_preview"], notes["outcome"]) == ("what is in my notes", "success")
    assert notes["cost_usd"] > 0
    assert (broken["outcome"], broken["error_message"]) == ("error", "broken")
    logs = get(served, project, f"traces/{notes['trace_id']}/logs")["logs"]
    assert logs[0]["event_name"] == "claude_code.user_prompt"


def test_metrics_are_listed_and_read(served: Served, project: str) -> None:
    """Which there are, and the points of one, newest first; sent twice they are the same."""
    send(served, project, "metrics")
    before = get(served, project, "metrics")
    send(served, project, "metrics")
    assert get(served, project, "metrics") == before
    tokens = next(one for one in before["metrics"] if one["name"] == "claude_code.token.usage")
    assert (tokens["kind"], tokens["services"]) == ("sum", ["claude-code"])
    points = get(served, project, "metrics/claude_code.token.usage?limit=1000")["points"]
    assert len(points) == tokens["point_count"]
    assert points[0]["time"] == tokens["last_at"]
    assert {point["attributes"]["type"] for point in points} == {
        "input",
        "output",
        "cacheRead",
        "cacheCreation",
    }
