"""`clew sql`."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from clew.cli import show
from clew.cli.connect import DEFAULT_URL, ApiKey, AsJson, ProjectName, Url, connect


def sql(
    query: Annotated[str, typer.Argument(help="Over the views spans, traces, contents, scores.")],
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1)] = None,
    project: ProjectName = "default",
    url: Url = DEFAULT_URL,
    key: ApiKey = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Ask a project's runs in ClickHouse's SQL, read-only."""
    with connect(url, key) as client:
        answer = client.sql(project, query, limit)
    if as_json:
        show.print_json(answer)
        return
    names = [column.name for column in answer.columns]
    show.print_table(names, ([_cell(value) for value in row] for row in answer.rows))
    if answer.truncated:
        typer.echo(f"the first {answer.row_count} rows; --limit gives more", err=True)


def _cell(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
