"""`clew disk`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from clew.cli import show
from clew.cli.connect import DEFAULT_URL, ApiKey, AsJson, Url, connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.client import DayDisk, Disk, ProjectDisk

SHOWN_PROJECTS = 20
SHOWN_DAYS = 10
EXPLAINED = {
    "contents": "messages, tool definitions and large values, each once a trace and day",
    "text index": "finds words in the contents",
    "spans": "a row for each span: its times, names, numbers and small values",
    "logs": "log records",
    "metrics": "data points of metrics",
    "scores": "scores of spans, runs and sessions",
    "records": "projects, keys and prices",
    "replaced": "parts of tables that were merged into others, removed some minutes later",
    "other": "what the folder holds beside, and the unused ends of file blocks",
}


def disk(url: Url = DEFAULT_URL, key: ApiKey = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """What takes the space on the disk, and what retention would free.

    Projects and days lie together in the same files: what each takes is estimated.
    """
    with connect(url, key) as client:
        found = client.disk()
    if as_json:
        show.print_json(found)
        return
    used, free = show.size(found.total_bytes), show.size(found.free_bytes)
    typer.echo(f"{found.place}: {used} used, {free} free on its disk")
    _print_kinds(found)
    _print_projects(found.projects)
    _print_days(found.days)
    _print_keeping(found)


def _print_kinds(found: Disk) -> None:
    show.print_table(
        ("KIND", ">SIZE", ">ROWS", "WHAT IT IS"),
        (
            (
                each.kind,
                show.size(each.size_bytes),
                show.UNKNOWN if each.rows is None else f"{each.rows:,}",
                EXPLAINED[each.kind],
            )
            for each in found.kinds
        ),
    )


def _print_projects(projects: Sequence[ProjectDisk]) -> None:
    shown = [
        (
            each.project,
            show.size(each.size_bytes),
            f"{each.rows:,}",
            str(each.retention_days or show.UNKNOWN),
            show.size(each.due_bytes) if each.due_bytes else show.UNKNOWN,
        )
        for each in projects[:SHOWN_PROJECTS]
    ]
    if rest := projects[SHOWN_PROJECTS:]:
        size = show.size(sum(each.size_bytes for each in rest))
        rows = f"{sum(each.rows for each in rest):,}"
        shown.append((f"{len(rest)} more", size, rows, "", ""))
    show.print_table(("PROJECT", ">ABOUT", ">ROWS", ">DAYS KEPT", ">DUE FOR DELETION"), shown)


def _print_days(days: Sequence[DayDisk]) -> None:
    shown = [(each.day, show.size(each.size_bytes), f"{each.rows:,}") for each in days[:SHOWN_DAYS]]
    if rest := days[SHOWN_DAYS:]:
        size = show.size(sum(each.size_bytes for each in rest))
        shown.append((f"{len(rest)} before", size, f"{sum(each.rows for each in rest):,}"))
    show.print_table(("DAY", ">ABOUT", ">ROWS"), shown)


def _print_keeping(found: Disk) -> None:
    show.print_table(
        ("TO KEEP", ">WOULD FREE ABOUT"),
        ((f"{each.days} days", show.size(each.freed_bytes)) for each in found.keeping),
    )
