"""`/health`, which is green only when spans can be stored, and `/metrics` for Prometheus."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from litestar import MediaType, Response, get
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from clew.errors import ClewError
from clew.ingest import Ingest
from clew.pool import Pool
from clew.records import Records, projects
from clew.store.engine import DISK_FULL, Engine

PROBE_EVERY_S = 2.0
"""A probe writes and flushes a file; more often than this the last answer is given."""
INSERT_BYTES = 4 << 20
"""With less free the span store refuses inserts: it sets 1 MiB aside for each, more for merges."""


class Probe:
    """Whether a span could be stored now: the folder takes a durable write, engine and records
    answer."""

    def __init__(self, engine: Engine, ingest: Ingest, records: Records, folder: Path) -> None:
        self._engine = engine.unhurried()
        self._ingest = ingest
        self._records = records
        self._folder = folder
        self._answer: tuple[float, str | None] = (float("-inf"), None)
        self._asking = asyncio.Lock()

    async def problem(self) -> str | None:
        """What stands in the way; None when nothing does."""
        async with self._asking:
            asked, answer = self._answer
            if time.monotonic() - asked >= PROBE_EVERY_S:
                answer = await self._ask()
                self._answer = (time.monotonic(), answer)
            return "the server is stopping" if self._ingest.draining else answer

    async def _ask(self) -> str | None:
        try:
            await asyncio.to_thread(_write_durably, self._folder)
            await self._engine.query("SELECT 1", fmt="Null")
            await self._records.read(projects.get, projects.DEFAULT)
        except OSError as exc:
            if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
                return DISK_FULL
            return f"the data folder can't be written: {exc.strerror or exc}"
        except ClewError as exc:
            return exc.message
        return None


def _write_durably(folder: Path) -> None:
    if shutil.disk_usage(folder).free < INSERT_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with (folder / "probe").open("wb") as file:
        # A block's worth: an empty file can be made on a disk that has no room for data.
        file.write(b"clew" * 1024)
        file.flush()
        os.fsync(file.fileno())


@get("/health", tags=["server"])
async def get_health(probe: Probe) -> Response[bytes]:
    """200 and `{"status": "ok", …}` only when spans can be stored; else 503 and why not."""
    problem = await probe.problem()
    body: dict[str, Any] = {"status": "ok" if problem is None else "failing"}
    body["version"] = version("clew")
    if problem is not None:
        body["problem"] = problem
    return Response(
        msgspec.json.encode(body),
        status_code=200 if problem is None else 503,
        media_type=MediaType.JSON,
    )


@get("/metrics", tags=["server"])
async def get_metrics(registry: CollectorRegistry) -> Response[bytes]:
    """The server's own metrics in Prometheus' text form."""
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _IngestCollector(Collector):
    def __init__(self, ingest: Ingest, pool: Pool) -> None:
        self._ingest = ingest
        self._pool = pool

    def collect(self) -> list[Metric]:
        """The counters that ingest keeps, read when they are asked for."""
        ingest = self._ingest
        return [
            CounterMetricFamily(
                "clew_spans_stored", "Spans that are on disk.", ingest.committed_spans
            ),
            CounterMetricFamily("clew_commits", "Writes to the span store.", ingest.commits),
            CounterMetricFamily(
                "clew_commit_seconds", "Time spent in these writes.", ingest.commit_seconds
            ),
            CounterMetricFamily(
                "clew_refused", "Spans, logs and points answered with 503.", ingest.refused
            ),
            GaugeMetricFamily(
                "clew_pending", "Spans, logs and points not yet on disk.", ingest.pending_rows
            ),
            GaugeMetricFamily(
                "clew_ingest_processes",
                "Processes that decode beside the server.",
                len(self._pool.pids),
            ),
            CounterMetricFamily(
                "clew_ingest_process_bodies", "Requests that these opened.", self._pool.opened
            ),
        ]


def make_registry(ingest: Ingest, pool: Pool) -> CollectorRegistry:
    """A registry of its own, so that two servers in one process don't share counters."""
    registry = CollectorRegistry()
    registry.register(_IngestCollector(ingest, pool))
    ProcessCollector(registry=registry)
    return registry


health_routes = [get_health, get_metrics]
