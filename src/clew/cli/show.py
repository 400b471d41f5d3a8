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
_KILO = 1_000
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


def size(size_bytes: float) -> str:
    """Bytes in the unit that keeps the number short: 12.3 MB."""
    if size_bytes < _KILO:
        return f"{size_bytes:.0f} bytes"
    for unit in ("KB", "MB", "GB"):
        size_bytes /= _KILO
        if size_bytes < _KILO:
            return f"{size_bytes:.1f} {unit}"
    return f"{size_bytes / _KILO:.1f} TB"


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
    # Each bound is where rounding to three digits would reach the next unit.
    if ms < 999.5:  # noqa: PLR2004
        return f"{round(ms, 4):.3g} ms"
    if ms < 59_950:  # noqa: PLR2004
        return f"{ms / 1_000:.3g} s"
    minutes, seconds = divmod(round(ms / 1_000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} m" if hours else f"{minutes} m {seconds} s"


def tokens(count: int | None) -> str:
    """`210`, `9.1k` or `1.2M`."""
    if count is None:
        return UNKNOWN
    if count < 1_000:  # noqa: PLR2004
        return str(count)
    return f"{count / 1e3:.1f}k" if count < 999_950 else f"{count / 1e6:.1f}M"  # noqa: PLR2004


def usd(amount: float | None) -> str:
    """`$1.50`, or with the cents' fractions that a single call costs: `$0.0031`."""
    if amount is None:
        return UNKNOWN
    if 0 < amount < 0.0001:  # noqa: PLR2004
        return "<$0.0001"
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"


def moment(iso: str | None) -> str:
    """A time of the API to the second, in UTC: `2026-11-23 14:02:11`."""
    return UNKNOWN if iso is None else iso[:19].replace("T", " ")
