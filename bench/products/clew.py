"""Clew, from this environment."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

from products import Asked, Launch
from reads import Read, ask, get
from servers import Server, free_port

NAME = "Clew"
INSTALL = ""
PACKAGES = ("clew", "chdb-core")
HEALTH = "/health"
HEADERS: dict[str, str] = {}

_PROJECT = "/api/projects/default"


def launch(python: Path, port: int, folder: Path) -> Launch:
    """`clew serve` on a new data folder."""
    ports = ["--port", str(port), "--grpc-port", str(free_port())]
    folders = ["--data-dir", str(folder / "data")]
    return Launch(command=[str(python), "-m", "clew.cli", "serve", *ports, *folders], env={})


def stored_spans(server: Server) -> int:
    """As the page of projects tells it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        projects = json.loads(ask(connection, get("/api/projects", "projects")))["projects"]
    finally:
        connection.close()
    return sum(project["span_count"] for project in projects)


def reads(asked: Asked) -> dict[str, Read]:
    """What its pages ask."""
    day = {"from": asked.day_from, "to": asked.day_to}
    traces, search = f"{_PROJECT}/traces", f"{_PROJECT}/search"
    span = f"{traces}/{asked.run_id}/spans/{asked.span_id}"
    failed = "status:error model:gpt-*"
    return {
        "newest": get(traces, "trace_id", limit=50),
        "filtered": get(traces, "trace_id", limit=50, filter=failed),
        "run": get(f"{traces}/{asked.run_id}", asked.span_id),
        "long_run": get(f"{traces}/{asked.long_run_id}", asked.long_run_id),
        "span": get(span, asked.span_id),
        "rare_word": get(search, asked.rare_run_id, q=asked.rare_word),
        "common_word": get(search, "trace_id", q=asked.common_word),
        "day_by_hour": get(f"{_PROJECT}/stats", "points", metric="traces", interval="1h", **day),
    }
