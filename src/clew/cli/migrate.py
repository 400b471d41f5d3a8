"""`clew migrate`: a data folder to a ClickHouse server and PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from clew.cli.backup import held
from clew.cli.progress import progress
from clew.server.settings import Settings

To = Annotated[
    list[str],
    typer.Option(
        "--to",
        envvar="CLEW_MIGRATE_TO",
        help="https://user:password@host:8443/database of a ClickHouse server,"
        " postgresql://user:password@host/database, or --to twice with both. The variable, with a"
        " space between them, doesn't show in lists of processes.",
    ),
]
DataDir = Annotated[
    Path, typer.Option("--data-dir", envvar="CLEW_DATA_DIR", help="Folder to move; not served.")
]
Cluster = Annotated[
    str,
    typer.Option(
        "--clickhouse-cluster", envvar="CLEW_CLICKHOUSE_CLUSTER", help="Cluster of that server."
    ),
]
DEFAULT_DATA_DIR = Settings().data_dir


def migrate(to: To, data_dir: DataDir = DEFAULT_DATA_DIR, cluster: Cluster = "") -> None:
    """Move a data folder to a ClickHouse server, its records to PostgreSQL, or one of the two.

    Stop the server first. The folder stays as it is. What was broken off goes on when the same
    command is run again, and is done when all that arrived was compared with what was read.
    """
    # Here, because it opens databases.
    from clew.server import move as moving  # noqa: PLC0415

    destination = moving.parse_destination(to, cluster)
    with progress("moving") as tell:
        rows = asyncio.run(moving.move(data_dir, destination, tell))
    variables = [
        *(["CLEW_CLICKHOUSE_URL"] if destination.clickhouse else []),
        *(["CLEW_CLICKHOUSE_CLUSTER"] if destination.cluster else []),
        *(["CLEW_RECORDS_URL"] if destination.records_url else []),
    ]
    typer.echo(
        f"{held(rows)}: all there, and {data_dir} is as it was\n"
        f"  {', '.join(variables)} tell `clew serve` where"
    )
