"""The table: on the terminal and as a page."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from measure import Result

BASIS = "Clew"
"""Whose figures the others are divided by."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A row of the table; `told` gives the value with its unit."""

    key: str
    label: str
    told: Callable[[float], str]
    is_compared: bool = True


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else _millis(value)


def _millis(value: float) -> str:
    return f"{value * 1e3:,.{0 if value >= 0.1 else 1}f} ms"  # noqa: PLR2004


def _micros(value: float) -> str:
    return f"{value:,.0f} µs"


def _mebibytes(value: float) -> str:
    return f"{value / (1 << 20):,.0f} MiB"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _ratio(value: float) -> str:
    return f"{value:.3f}"


def _times(value: float) -> str:
    return f"{value:,.0f}x" if value >= 10 else f"{value:.2g}x"  # noqa: PLR2004


FIGURES = (
    Figure(key="start_s", label="start to healthy, new folder", told=_seconds),
    Figure(key="idle_bytes", label="memory, idle", told=_mebibytes),
    Figure(key="peak_bytes", label="memory, peak while receiving", told=_mebibytes),
    Figure(key="spans_per_s", label="spans/s until stored, 4 senders", told=_count),
    Figure(key="ack_p50_s", label="answer to 500 spans, p50", told=_millis),
    Figure(key="ack_p99_s", label="answer to 500 spans, p99", told=_millis),
    Figure(key="cpu_us_per_span", label="server CPU a span", told=_micros),
    Figure(key="sent_spans", label="spans acknowledged", told=_count, is_compared=False),
    Figure(
        key="missing_spans",
        label="of these not stored in the end",
        told=_count,
        is_compared=False,
    ),
    Figure(key="sent_bytes", label="bytes acknowledged", told=_mebibytes, is_compared=False),
    Figure(key="disk_ratio", label="bytes on disk a byte sent", told=_ratio),
    Figure(key="read_newest_s", label="newest 50 runs", told=_millis),
    Figure(key="read_filtered_s", label="newest 50 failed runs of gpt-*", told=_millis),
    Figure(key="read_run_s", label="open a run of 20 spans", told=_millis),
    Figure(key="read_long_run_s", label="open a run of 1,000 spans", told=_millis),
    Figure(key="read_span_s", label="one span with its content", told=_millis),
    Figure(key="read_rare_word_s", label="search: a word in one run of 1,000", told=_millis),
    Figure(key="read_common_word_s", label="search: a word that most runs say", told=_millis),
    Figure(key="read_day_by_hour_s", label="runs of a day by hour", told=_millis),
)


SCALE_FIGURES = (
    Figure(key="start_s", label="start to healthy", told=_seconds),
    Figure(key="content_bytes", label="texts", told=_mebibytes),
    Figure(key="read_newest_s", label="newest 50 runs", told=_millis),
    Figure(key="read_filtered_s", label="newest 50 failed runs of gpt-*", told=_millis),
    Figure(key="read_run_s", label="open a run of 20 to 24 spans", told=_millis),
    Figure(key="read_long_run_s", label="open a run of 1,000 spans", told=_millis),
    Figure(key="read_huge_run_s", label="open a run of 100,000 spans", told=_seconds),
    Figure(key="read_span_s", label="one span with its content", told=_millis),
    Figure(key="read_rare_word_s", label="search: a word said once", told=_millis),
    Figure(key="read_common_word_s", label="search: a word that most runs say", told=_millis),
    Figure(key="read_month_by_hour_s", label="runs of a month by hour", told=_millis),
    Figure(key="read_projects_s", label="all projects with their counts", told=_seconds),
    Figure(key="asked_bytes", label="memory after all that", told=_mebibytes),
)


def show(results: Sequence[Result], console: Console, figures: Sequence[Figure] = FIGURES) -> None:
    """Print the table and the notes."""
    header, *rows = _cells(results, figures)
    shown = Table(box=None)
    for index, cell in enumerate(header):
        shown.add_column(cell, justify="right" if index else "left", no_wrap=not index)
    for row in rows:
        shown.add_row(*row)
    console.print(shown)
    for note in _notes(results):
        console.print(note, markup=False, highlight=False)


def page(results: Sequence[Result], *, command: str, load: str) -> str:
    """The table as Markdown, with when, where and how it was measured. `load` is the load average
    when it began."""
    lines = [
        "# Benchmark results",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with `{command}`; what and how is in",
        "[docs/benchmarks.md](../docs/benchmarks.md). Behind each figure of another product",
        f"stands that figure divided by {BASIS}'s.",
        "",
        *(f"- {line}" for line in [*machine(), f"load average at the start: {load}"]),
        *(f"- {line}" for line in _versions(results)),
        "",
        *table(results, FIGURES),
    ]
    return "\n".join(lines).rstrip() + "\n"


def table(results: Sequence[Result], figures: Sequence[Figure]) -> list[str]:
    """The lines of the table in Markdown, and the notes below it."""
    header, *rows = _cells(results, figures)
    return [
        table_line(header),
        table_line(["---", *("---:" for _ in header[1:])]),
        *map(table_line, rows),
        "",
        *(f"- {note}" for note in _notes(results)),
    ]


def machine() -> list[str]:
    """What this was measured on."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return [
        f"{os.cpu_count()} cores ({_cpu_model()}), {memory_bytes / (1 << 30):.0f} GiB of memory",
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    ]


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _versions(results: Sequence[Result]) -> list[str]:
    return [
        f"{result.name}: " + ", ".join(f"{name} {it}" for name, it in result.versions.items())
        for result in results
        if result.versions
    ]


def _notes(results: Sequence[Result]) -> list[str]:
    return [f"{result.name}: {note}" for result in results for note in result.notes]


def _cells(results: Sequence[Result], figures: Sequence[Figure]) -> list[list[str]]:
    basis = next((result for result in results if result.name == BASIS), None)
    rows = [["", *(result.name for result in results)]]
    rows.extend(
        [figure.label, *(_cell(figure, result, basis) for result in results)]
        for figure in figures
        if any(figure.key in result.figures for result in results)
    )
    return rows


def _cell(figure: Figure, result: Result, basis: Result | None) -> str:
    value = result.figures.get(figure.key)
    if value is None:
        return "–"  # noqa: RUF001 - the sign for nothing
    told = figure.told(value)
    other = basis.figures.get(figure.key) if basis and basis is not result else None
    return f"{told} ({_times(value / other)})" if other and figure.is_compared else told


def table_line(cells: Sequence[str]) -> str:
    """A row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"
