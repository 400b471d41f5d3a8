"""The options of commands that ask a server: where it is, with which key, about which project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clew.server.settings import Settings

if TYPE_CHECKING:
    from clew.client import Client

DEFAULT_URL = Settings().url
"""Where a server listens that was told nothing."""

Url = Annotated[str, typer.Option("--url", envvar="CLEW_URL", help="Address of the server.")]
ApiKey = Annotated[
    str | None,
    typer.Option("--key", envvar="CLEW_API_KEY", help="Secret key, where the server demands one."),
]
ProjectName = Annotated[
    str, typer.Option("--project", "-p", envvar="CLEW_PROJECT", help="Project to ask about.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Filter = Annotated[
    str, typer.Option("--filter", "-f", help="Such as 'status:error model:gpt-* cost>0.10'.")
]
Start = Annotated[str, typer.Option("--from", help="Since when: ISO 8601, or such as now-24h.")]
End = Annotated[str, typer.Option("--to", help="Until when: ISO 8601, or such as now-1h.")]


def connect(url: str, key: str | None) -> Client:
    """A client of that server."""
    # Here, because httpx takes a third of a second to load and `clew serve` has no use for it.
    from clew.client import Client  # noqa: PLC0415

    return Client(url, key)
