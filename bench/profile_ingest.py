"""Where the time of ingest goes, stage by stage, in one process and without a socket.

    .venv/bin/python bench/profile_ingest.py [--spans N] [--functions]

Prints microseconds a span. Normalising, pricing and packing happen inside of `Ingest.submit`; they
are done once more by themselves to be told apart, and what remains is hashing, building rows and
handing them from thread to thread.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeAlias

from rich.console import Console
from rich.table import Table

import bodies as made
from clew.ingest import INLINE_SPANS, Ingest
from clew.pricing import price_span
from clew.span import Span
from clew.store.embedded import EmbeddedEngine
from clew.store.engine import Batch, Engine, Param, Settings
from clew.store.layout import Layout
from clew.store.migrate import migrate
from clew.wire.normalize import normalize
from clew.wire.otlp import decode_traces
from clew.wire.packing import Packer

SPANS = 10_000
COMMIT_SPANS = 2_000
"""What four senders of 500 spans have under way together."""
FUNCTIONS = 30

Times: TypeAlias = "dict[str, float]"
"""Seconds by stage."""


class TimedEngine:
    """`Engine` on another one, or on none, that adds up how long inserts take."""

    def __init__(self, inner: Engine | None, times: Times) -> None:
        self._inner = inner
        self._times = times

    @property
    def layout(self) -> Layout:
        """See `Engine.layout`."""
        return Layout() if self._inner is None else self._inner.layout

    async def query(
        self,
        sql: str,
        params: Mapping[str, Param] | None = None,
        *,
        fmt: str = "JSONEachRow",
        settings: Settings | None = None,
    ) -> bytes:
        """See `Engine.query`."""
        if self._inner is None:
            return b""
        return await self._inner.query(sql, params, fmt=fmt, settings=settings)

    async def insert(self, *batches: Batch) -> None:
        """See `Engine.insert`."""
        if self._inner:
            for batch in batches:
                with _timed(self._times, f"insert {batch.table}"):
                    await self._inner.insert(batch)

    def unhurried(self) -> TimedEngine:
        """See `Engine.unhurried`."""
        return self

    async def close(self) -> None:
        """See `Engine.close`."""
        if self._inner:
            await self._inner.close()


def main() -> None:
    """Profile as the command line says."""
    parser = argparse.ArgumentParser(description="Where the time of ingest goes, stage by stage.")
    parser.add_argument("--spans", type=int, default=SPANS, metavar="N")
    parser.add_argument(
        "--functions", action="store_true", help="the costliest functions too, by cProfile"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        work = made.write_bodies(
            folder / "bodies.bin", spans=options.spans, newest_ns=time.time_ns()
        )
        bodies = work.read()
        times = asyncio.run(_stages(bodies, folder / "spans"))
        _show(times, work)
        if options.functions:
            asyncio.run(_functions(bodies))


async def _stages(bodies: Sequence[bytes], folder: Path) -> Times:
    times: Times = defaultdict(float)
    with _timed(times, "decode"):
        decoded = [decode_traces(body, "protobuf") for body in bodies]
    spans = [span for one in decoded for span in one.spans]
    # Once before, for what is loaded when it is first needed.
    _time_alone(defaultdict(float), spans[: made.SPANS_A_RUN])
    _time_alone(times, spans)
    engine = EmbeddedEngine(folder)
    await migrate(engine)
    timed = TimedEngine(engine, times)
    async with _running(Ingest(timed, price=price_span, interval_s=0)) as ingest:
        began = time.perf_counter()
        for start in range(0, len(spans), COMMIT_SPANS):
            await ingest.submit("default", spans=spans[start : start + COMMIT_SPANS])
        total = time.perf_counter() - began
    await engine.close()
    known = sum(seconds for stage, seconds in times.items() if stage != "decode")
    times["hash, build and encode rows"] = total - known
    return times


def _time_alone(times: Times, spans: Sequence[Span]) -> None:
    """The stages that are plain functions of a span."""
    with _timed(times, "normalize"):
        facts = [normalize(span) for span in spans]
    with _timed(times, "price"):
        for fact, span in zip(facts, spans, strict=True):
            price_span(fact, span.start_ns)
    with _timed(times, "pack"):
        packer = Packer()
        for span in spans:
            packer.span(span)


async def _functions(bodies: Sequence[bytes]) -> None:
    """The costliest functions from body to rows. Small exports, because those are prepared on the
    event loop, where the profiler is; and no store."""
    profiler = cProfile.Profile()
    engine = TimedEngine(None, {})
    async with _running(Ingest(engine, price=price_span, interval_s=0)) as ingest:
        profiler.enable()
        for body in bodies:
            spans = decode_traces(body, "protobuf").spans
            for start in range(0, len(spans), INLINE_SPANS):
                await ingest.submit("default", spans=spans[start : start + INLINE_SPANS])
        profiler.disable()
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(FUNCTIONS)


@asynccontextmanager
async def _running(ingest: Ingest) -> AsyncGenerator[Ingest]:
    task = asyncio.create_task(ingest.run())
    try:
        yield ingest
    finally:
        task.cancel()


@contextmanager
def _timed(times: Times, stage: str) -> Generator[None]:
    began = time.perf_counter()
    yield
    times[stage] += time.perf_counter() - began


def _show(times: Times, work: made.Bodies) -> None:
    total = sum(times.values())
    table = Table("stage", box=None)
    table.add_column("µs a span", justify="right")
    table.add_column("share", justify="right")
    for stage, seconds in times.items():
        table.add_row(stage, f"{seconds * 1e6 / work.spans:.1f}", f"{seconds / total:.0%}")
    table.add_row("together", f"{total * 1e6 / work.spans:.1f}", "100%")
    console = Console()
    console.print(f"{work.spans:,} spans of {work.size_bytes / work.spans:,.0f} bytes")
    console.print(table)


if __name__ == "__main__":
    main()
