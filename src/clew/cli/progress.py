"""How far something long has come, on stderr."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@contextlib.contextmanager
def progress(doing: str) -> Generator[Callable[[float, float, str], None]]:
    """Tell it (done, of how many, what is at hand); shown while stderr is a terminal."""
    # Here, because rich takes long to load.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (
        TextColumn(doing),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[at]}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(doing, total=None, at="")

        def tell(done: float, total: float, at: str) -> None:
            bar.update(task, completed=done, total=total, at=at)

        yield tell
