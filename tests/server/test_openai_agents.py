"""The OpenAI Agents SDK's own exporter, pointed at a served Clew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from corpus.expected import HERE

if TYPE_CHECKING:
    from conftest import Served

BODIES: list[Any] = json.loads((HERE / "openai-agents-0.24.0" / "ingest.json").read_text("utf-8"))


def test_runs_come_in_part_by_part(served: Served, project: str) -> None:
    """Three workflows of six bodies, each once, with handoff, tokens and session."""
    headers = {"x-clew-project": project}
    for body in (*BODIES, *BODIES):
        answer = served.http.post("/v1/traces/ingest", json=body, headers=headers)
        assert answer.json() == {"rejected": 0, "messages": []}
    path = f"/api/projects/{project}/traces"
    found = served.http.get(path).raise_for_status().json()["traces"]
    runs = {trace["name"]: trace for trace in found}
    assert runs.keys() == {"Trip", "Danger", "Broken"}
    trip = runs["Trip"]
    assert (trip["session_id"], trip["outcome"], trip["running"]) == ("chat-7", "success", False)
    assert (trip["llm_calls"], trip["tool_calls"], trip["input_tokens"]) == (4, 1, 401)
    assert set(trip["agents"]) >= {"triage", "booker", "thinker"}
    assert (runs["Danger"]["outcome"], runs["Broken"]["outcome"]) == ("blocked", "error")


def test_what_cannot_be_read_is_400(served: Served) -> None:
    """With a sentence that says what was expected."""
    answer = served.http.post("/v1/traces/ingest", content=b"{}")
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "data" in answer.json()["error"]["message"]
