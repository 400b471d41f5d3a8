"""`clew projects`: list, create, delete."""

from __future__ import annotations

from typing import Annotated

import typer

from clew.cli import show
from clew.cli.connect import DEFAULT_URL, ApiKey, AsJson, Url, connect

app = typer.Typer(help="What separates one team's or program's runs from another's.")

Name = Annotated[str, typer.Argument(help="Name of the project.")]


@app.command("list")
def list_projects(url: Url = DEFAULT_URL, key: ApiKey = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Every project, with what it holds."""
    with connect(url, key) as client:
        found = client.projects()
    if as_json:
        show.print_json(found)
        return
    show.print_table(
        ("PROJECT", ">RUNS", ">SPANS", "LAST SPAN", ">DAYS KEPT"),
        (
            (
                project.name,
                str(project.trace_count),
                str(project.span_count),
                show.moment(project.last_span_at),
                str(project.retention_days or show.UNKNOWN),
            )
            for project in found
        ),
    )


@app.command("create")
def create_project(name: Name, url: Url = DEFAULT_URL, key: ApiKey = None) -> None:
    """Add a project."""
    with connect(url, key) as client:
        project = client.create_project(name)
    typer.echo(f"created project {project.name!r}")


@app.command("delete")
def delete_project(
    name: Name,
    url: Url = DEFAULT_URL,
    key: ApiKey = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,  # noqa: FBT002
) -> None:
    """Remove a project with its keys and every run in it."""
    with connect(url, key) as client:
        project = client.project(name)
        if not yes:
            held = f"{project.trace_count} runs of {project.span_count} spans"
            typer.confirm(f"delete project {name!r} with {held}, for ever?", abort=True)
        client.delete_project(name)
    typer.echo(f"deleted project {name!r}")
