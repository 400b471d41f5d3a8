"""`clew serve`."""

from __future__ import annotations

import inspect
import os
from typing import Annotated

import typer
from rich import markup

from clew.server import settings


def serve(**flags: str | None) -> None:
    """Receive, store and show runs, until stopped.

    Every option is also an environment variable; an option stands above it.
    """
    loaded = settings.load(flags, os.environ)
    from clew.server import app  # noqa: PLC0415 (opens the database engine: only here)

    app.run(loaded)


def _parameter(option: settings.Option) -> inspect.Parameter:
    text = markup.escape(
        f"{option.help} [env: {option.variable}] [default: {option.default or 'none'}]"
    )
    metavar = option.name.rpartition("_")[2].upper()
    said = typer.Option(option.flag, help=text, metavar=metavar, show_default=False)
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[str | None, said],
    )


# Typer reads a command's options off its signature: made here from the settings, so that no option
# can exist in one of the two only.
_parameters = [_parameter(option) for option in settings.options()]
serve.__signature__ = inspect.Signature(_parameters)  # pyright: ignore[reportFunctionMemberAccess]
serve.__annotations__ = {each.name: each.annotation for each in _parameters}
