"""MLflow on SQLite, as `mlflow server` comes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from products import Asked, Launch
from reads import Read, get
from servers import Server

NAME = "MLflow"
INSTALL = "mlflow"
PACKAGES = ("mlflow",)
HEALTH = "/health"
HEADERS = {"x-mlflow-experiment-id": "0"}

_TRACES = "/api/3.0/mlflow/traces"


def launch(python: Path, port: int, folder: Path) -> Launch:
    """`mlflow server` without telemetry, with its own number of workers."""
    data = folder / "data"
    data.mkdir()
    command = [
        str(python),
        *("-m", "mlflow", "server"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{data / 'mlflow.db'}"),
        *("--artifacts-destination", str(data / "artifacts")),
    ]
    env = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    # It starts its workers by name.
    return Launch(command=command, env={**env, "PATH": f"{python.parent}:/usr/bin:/bin"})


def stored_spans(server: Server) -> int:
    """As its database has it."""
    path = server.folder / "data" / "mlflow.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
        return database.execute("SELECT count(*) FROM spans").fetchone()[0]


def reads(asked: Asked) -> dict[str, Read]:
    """Its REST API. A trace comes with everything in it: there is no question for one span, nor
    for a skeleton."""
    return {
        "newest": _search(),
        "filtered": _search("trace.status = 'ERROR' AND span.name LIKE 'chat gpt-%'"),
        "run": get(f"{_TRACES}/get", asked.run_id, trace_id=f"tr-{asked.run_id}"),
        "long_run": get(f"{_TRACES}/get", asked.long_run_id, trace_id=f"tr-{asked.long_run_id}"),
        "rare_word": _search(f"trace.text LIKE '%{asked.rare_word}%'", asked.rare_run_id),
        "common_word": _search(f"trace.text LIKE '%{asked.common_word}%'"),
    }


def _search(condition: str = "", holds: str = "trace_id") -> Read:
    body = {
        "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}],
        "max_results": 50,
        "order_by": ["timestamp_ms DESC"],
        **({"filter": condition} if condition else {}),
    }
    return Read(path=f"{_TRACES}/search", body=json.dumps(body).encode(), holds=holds)
