"""`clew`: the commands, put together, and how they fail."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING

import typer

from clew.cli import (
    backup,
    demo,
    disk,
    imports,
    keys,
    migrate,
    prices,
    projects,
    renew,
    runs,
    search,
    serve,
    sql,
)
from clew.errors import ClewError

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    name="clew",
    help="Self-hosted tracing for AI agents: the full execution graph of every run.",
    no_args_is_help=True,
    # The sentence of a ClewError is for the user; anything else is a bug and shows its traceback.
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("import")(imports.import_files)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("migrate")(migrate.migrate)
app.command("renormalize")(renew.renormalize)
app.command("reprice")(renew.reprice)
app.command("disk")(disk.disk)
app.add_typer(projects.app, name="projects")
app.add_typer(keys.app, name="keys")
app.add_typer(prices.app, name="prices")
app.add_typer(runs.app, name="runs")
app.command("search")(search.search)
app.command("sql")(sql.sql)


@app.command("version")
def version() -> None:
    """Print the version."""
    typer.echo(f"clew {installed_version('clew')}")


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code. An error is one sentence on stderr, and 1."""
    try:
        app(list(arguments))
    except ClewError as exc:
        sys.stderr.write(f"clew: {exc.message}\n")
        return 1
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    return 0
