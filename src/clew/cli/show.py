"""Values as a terminal shows them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNKNOWN = "-"
_PIPED_WIDTH = 240  # a pipe has no width, and a cut id is of no use to the next program


def console() -> Console:
    """Where results go."""
    return Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False)


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Text | str]]) -> None:
    """A table; a column whose name starts with `>` is aligned to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        side = "right" if column.startswith(">") else "left"
        table.add_column(Text(column.lstrip(">")), justify=side, overflow="fold")
    for row in rows:
        table.add_row(*(plain(cell) if isinstance(cell, str) else cell for cell in row))
    console().print(table)


def plain(text: str, style: str = "") -> Text:
    """Text of a sender on one line, with a space for what isn't printable.

    Escape sequences could write over the terminal, and right-to-left marks show one thing and mean
    another.
    """
    printable = "".join(char if char.isprintable() else " " for char in text)
    return Text(printable, style=style)


def duration(ms: float | None) -> str:
    """`412 ms`, `8.2 s`, `3 m 12 s` or `2 h 5 m`."""
    if ms is None:
        return UNKNOWN
    if ms < 1_000:  # noqa: PLR2004 (here and below: units of time)
        return f"{ms:.3g} ms" if ms < 10 else f"{ms:.0f} ms"  # noqa: PLR2004
    if ms < 60_000:  # noqa: PLR2004
        return f"{ms / 1_000:.3g} s"
    minutes, seconds = divmod(round(ms / 1_000), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} m {seconds} s"
    return f"{minutes // 60} h {minutes % 60} m"


def tokens(count: int | None) -> str:
    """`210`, `9.1k` or `1.2M`."""
    if count is None:
        return UNKNOWN
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.1f}{unit}"
    return str(count)


def usd(amount: float | None) -> str:
    """`$1.50`, or with the cents' fractions that a single call costs: `$0.0031`."""
    if amount is None:
        return UNKNOWN
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"


def moment(iso: str | None) -> str:
    """A time of the API to the second, in UTC: `2026-11-23 14:02:11`."""
    return UNKNOWN if iso is None else iso[:19].replace("T", " ")
