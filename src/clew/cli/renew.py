"""`clew renormalize` and `clew reprice`: what is stored, understood or priced again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clew.cli.connect import DEFAULT_URL, ApiKey, End, Filter, ProjectName, Start, Url, connect
from clew.cli.progress import progress
from clew.errors import ClewError

if TYPE_CHECKING:
    from clew.client import Client, Renewed

Cursor = Annotated[
    str | None, typer.Option(help="Go on from where an earlier call stopped, as it told.")
]


def renormalize(
    filter: Filter = "",  # noqa: A002
    start: Start = "",
    end: End = "",
    cursor: Cursor = None,
    project: ProjectName = "default",
    url: Url = DEFAULT_URL,
    key: ApiKey = None,
) -> None:
    """Understand stored spans again, by the dialects, rules and prices of now.

    What is understood as before is left alone, so this can be repeated.
    """
    with connect(url, key) as client:
        _renew(client, project, "renormalize", (filter, start, end), cursor)


def reprice(
    filter: Filter = "",  # noqa: A002
    start: Start = "",
    end: End = "",
    cursor: Cursor = None,
    project: ProjectName = "default",
    url: Url = DEFAULT_URL,
    key: ApiKey = None,
) -> None:
    """Apply the prices of now to stored spans, each by those of its date.

    What a sender said a call cost stays.
    """
    with connect(url, key) as client:
        _renew(client, project, "reprice", (filter, start, end), cursor)


def _renew(
    client: Client,
    project: str,
    what: Literal["renormalize", "reprice"],
    which: tuple[str, str, str],
    cursor: str | None,
) -> None:
    filter_, start, end = which
    looked_at = changed = 0
    total: int | None = None
    with progress(what) as tell:
        while True:
            try:
                done: Renewed = client.renew(
                    project, what, filter=filter_, start=start, end=end, cursor=cursor
                )
            except (ClewError, KeyboardInterrupt):
                if cursor:
                    typer.echo(f"to go on from here: clew {what} … --cursor {cursor}", err=True)
                raise
            looked_at += done.looked_at
            changed += done.changed
            total = done.total if total is None else total
            tell(looked_at, total or looked_at, f"{changed:,} changed")
            cursor = done.next_cursor
            if cursor is None:
                break
    typer.echo(f"spans looked at: {looked_at:,}, changed: {changed:,}")
