"""`clew keys`: create, list, revoke."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clew.cli import show
from clew.cli.connect import ApiKey, AsJson
from clew.server.settings import Settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from clew.cli.keyring import Keyring
    from clew.client import Key

app = typer.Typer(help="Keys, by which senders and readers are known.")

Project = Annotated[
    str, typer.Option("--project", "-p", help="Project of the key; '*' is the whole instance.")
]
OptionalUrl = Annotated[
    str | None,
    typer.Option("--url", envvar="CLEW_URL", help="Server to ask, instead of the data folder."),
]
DataDirPath = Annotated[
    Path, typer.Option("--data-dir", envvar="CLEW_DATA_DIR", help="The server's data folder.")
]
RecordsUrl = Annotated[
    str | None,
    typer.Option(
        "--records-url",
        envvar="CLEW_RECORDS_URL",
        help="The server's records in PostgreSQL, instead of the data folder.",
    ),
]
Scopes = Annotated[
    list[str], typer.Option("--scope", "-s", help="ingest, read or admin (all); repeatable.")
]
DEFAULT_DATA_DIR = Settings().data_dir


@app.command("create")
def create_key(
    project: Project = "default",
    scope: Scopes = ["ingest"],  # noqa: B006 (Typer copies it)
    name: Annotated[str, typer.Option("--name", "-n", help="Who or what uses it.")] = "",
    url: OptionalUrl = None,
    key: ApiKey = None,
    data_dir: DataDirPath = DEFAULT_DATA_DIR,
    records_url: RecordsUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Make a key. Its secret half is shown this once."""
    with _keyring(url, key, data_dir, records_url, make=True) as keyring:
        # Whoever keeps the keys refuses scopes that don't exist.
        new = keyring.create_key(project, name, scope)  # pyright: ignore[reportArgumentType]
    if as_json:
        show.print_json(new)
    else:
        typer.echo(_described(new, project))


@app.command("list")
def list_keys(
    project: Project = "default",
    url: OptionalUrl = None,
    key: ApiKey = None,
    data_dir: DataDirPath = DEFAULT_DATA_DIR,
    records_url: RecordsUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """A project's keys, without their secrets."""
    with _keyring(url, key, data_dir, records_url) as keyring:
        found = keyring.keys(project)
    if as_json:
        show.print_json(found)
    else:
        show.print_table(("KEY", "PUBLIC", "NAME", "SCOPES", "LAST USED", ""), map(_row, found))


@app.command("revoke")
def revoke_key(
    key_id: Annotated[
        str, typer.Argument(help="The key's id or its public half, as in `clew keys list`.")
    ],
    project: Project = "default",
    url: OptionalUrl = None,
    key: ApiKey = None,
    data_dir: DataDirPath = DEFAULT_DATA_DIR,
    records_url: RecordsUrl = None,
) -> None:
    """Make a key useless from now on."""
    with _keyring(url, key, data_dir, records_url) as keyring:
        keyring.revoke_key(project, key_id)
    typer.echo(f"revoked key {key_id}")


def _keyring(
    url: str | None, key: str | None, data_dir: Path, records_url: str | None, *, make: bool = False
) -> AbstractContextManager[Keyring]:
    # Here, because the database libraries take long to load and most commands don't need them.
    from clew.cli.keyring import open_keyring  # noqa: PLC0415

    return open_keyring(url, key, data_dir, records_url, make=make)


def _described(new: Key, project: str) -> str:
    return (
        f"public key  {new.public_key}\n"
        f"secret key  {new.secret_key}  (shown this once)\n"
        f"project     {project}\n"
        f"scopes      {', '.join(new.scopes)}\n"
        "\n"
        "A sender takes it as\n"
        f'  OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20{new.secret_key}"\n'
        "and `clew` as\n"
        f"  CLEW_API_KEY={new.secret_key}"
    )


def _row(key: Key) -> tuple[str, ...]:
    used = show.UNKNOWN if key.last_used_at is None else show.moment(key.last_used_at.isoformat())
    revoked = "" if key.revoked_at is None else "revoked"
    return key.key_id, key.public_key, key.name, ", ".join(key.scopes), used, revoked
