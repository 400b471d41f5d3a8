"""The health of what comes in, over HTTP."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import make
from clew.wire.otlp import encode_traces

if TYPE_CHECKING:
    from conftest import Served


def test_what_nobody_understands_is_told_with_an_example(served: Served, project: str) -> None:
    """An unknown attribute, a rejected span, an orphan."""
    now_ns = time.time_ns()
    lost = make.span(parent="b" * 16, start_ns=now_ns, acme__model="m")
    bad = make.span(trace="0" * 32)
    headers = {"content-type": "application/json", "x-clew-project": project}
    body = encode_traces([lost, bad], "json")
    served.http.post("/v1/traces", content=body, headers=headers).raise_for_status()
    path = f"/api/projects/{project}/ingest-health"
    health = served.http.get(path).raise_for_status().json()
    assert (health["spans"], health["rejected"], health["late"]) == (1, 1, 0)
    assert health["rejections"][0]["exports"] == 1
    assert health["orphaned"] == {"orphans": 1, "trace_id": lost.trace_id, "span_id": lost.span_id}
    [scope] = health["scopes"]
    assert not scope["understood"]
    assert scope["unknown"] == [
        {
            "name": "acme.model",
            "spans": 1,
            "trace_id": lost.trace_id,
            "span_id": lost.span_id,
            "value": "m",
        }
    ]
