"""Phoenix on SQLite, as `phoenix serve` comes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from products import Asked, Launch
from reads import Read, get
from servers import Server, free_port

NAME = "Phoenix"
INSTALL = "arize-phoenix"
PACKAGES = ("arize-phoenix",)
HEALTH = "/healthz"
HEADERS: dict[str, str] = {}

_DEFAULT_PROJECT_ID = "UHJvamVjdDox"
"""Base64 of "Project:1"."""
_TRACE = """
query ($project: ID!, $trace: ID!, $count: Int!) {
  project: node(id: $project) { ... on Project { trace(traceId: $trace) {
    spans(first: $count) { edges { node {
      id spanId parentId name spanKind statusCode startTime endTime latencyMs tokenCountTotal
    } } }
  } } }
}
"""
_SPANS = """
query ($project: ID!, $where: String!, $runs: String) {
  project: node(id: $project) { ... on Project {
    spans(
      first: 50
      sort: {col: startTime, dir: desc}
      filterCondition: $where
      traceFilterCondition: $runs
    ) { edges { node {
      id spanId name statusCode startTime latencyMs tokenCountTotal
      trace { traceId }
      output { truncatedValue }
    } } }
  } }
}
"""
_BY_HOUR = """
query ($project: ID!, $start: DateTime!, $end: DateTime!) {
  project: node(id: $project) { ... on Project {
    traceCountTimeSeries(timeRange: {start: $start, end: $end}, timeBinConfig: {scale: HOUR}) {
      data { timestamp value }
    }
  } }
}
"""


def launch(python: Path, port: int, folder: Path) -> Launch:
    """`phoenix serve`, without telemetry, its assistant, or anything from outside."""
    env = {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_WORKING_DIR": str(folder / "data"),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
        "DO_NOT_TRACK": "true",
    }
    return Launch(command=[str(python.with_name("phoenix")), "serve"], env=env)


def stored_spans(server: Server) -> int:
    """As its database has it: it answers before it stores."""
    path = server.folder / "data" / "phoenix.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
        return database.execute("SELECT count(*) FROM spans").fetchone()[0]


def reads(asked: Asked) -> dict[str, Read]:
    """Its REST API, and GraphQL where only that has the question, as its own pages use it."""
    failed = {"where": "'gpt-' in llm.model_name", "runs": "error_count > 0"}
    run = {"trace": asked.run_id, "count": 1_000}
    long_run = {"trace": asked.long_run_id, "count": 1_000}
    day = {"start": asked.day_from, "end": asked.day_to}
    return {
        "newest": get("/v1/projects/default/traces", "trace_id", limit=50),
        "filtered": _graphql(_SPANS, "traceId", failed),
        "run": _graphql(_TRACE, asked.span_id, run),
        "long_run": _graphql(_TRACE, "spanId", long_run),
        "span": get("/v1/projects/default/spans", asked.span_id, span_id=asked.span_id),
        "rare_word": _graphql(_SPANS, asked.rare_run_id, _says(asked.rare_word)),
        "common_word": _graphql(_SPANS, "traceId", _says(asked.common_word)),
        "day_by_hour": _graphql(_BY_HOUR, "timestamp", day),
    }


def _says(word: str) -> dict[str, str]:
    # There is no full-text search: the values of spans are compared, and only where one looks.
    return {"where": f"'{word}' in output.value"}


def _graphql(query: str, holds: str, variables: Mapping[str, str | int]) -> Read:
    body = {"query": query, "variables": {"project": _DEFAULT_PROJECT_ID, **variables}}
    return Read(path="/graphql", body=json.dumps(body).encode(), holds=holds)
