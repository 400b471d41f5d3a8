"""`clew search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from clew.cli import show
from clew.cli.connect import (
    DEFAULT_URL,
    ApiKey,
    AsJson,
    End,
    Filter,
    ProjectName,
    Start,
    Url,
    connect,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.client import Hit


def search(
    q: Annotated[str, typer.Argument(help='Words, or a "quoted phrase".')],
    filter: Filter = "",  # noqa: A002
    start: Start = "",
    end: End = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000)] = 20,
    project: ProjectName = "default",
    url: Url = DEFAULT_URL,
    key: ApiKey = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Find what was said in any run, at the span that said it first."""
    with connect(url, key) as client:
        page = client.search(project, q, filter=filter, start=start, end=end, limit=limit)
    if as_json:
        show.print_json(page)
        return
    console = show.console()
    for hit in page.hits:
        console.print(_where(hit))
        console.print(highlight(hit.snippet, hit.ranges))
    if not page.hits:
        typer.echo("nothing found", err=True)


def highlight(snippet: str, ranges: Sequence[tuple[int, int]]) -> Text:
    """The snippet with its matches marked; `ranges` count UTF-16 code units, as browsers do."""
    units = snippet.encode("utf-16-le")
    text, at = Text("  "), 0
    for start, end in ranges:
        text.append_text(_between(units, at, start)).append_text(
            _between(units, start, end, "bold yellow")
        )
        at = end
    return text.append_text(_between(units, at, len(units)))


def _between(units: bytes, start: int, end: int, style: str = "") -> Text:
    return show.plain(units[2 * start : 2 * end].decode("utf-16-le", "replace"), style)


def _where(hit: Hit) -> Text:
    where = show.plain(f"{hit.trace_name} / {hit.span_name}", "bold")
    return where.append_text(show.plain(f"  {show.moment(hit.time)}  {hit.trace_id}", "dim"))
