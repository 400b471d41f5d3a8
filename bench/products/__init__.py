"""What is measured: each product a module of this shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reads import Read
from servers import Server


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the reads are about: a run of 20 spans and a model call in it, a run of 1,000 spans, a
    word and a run that says it, a word that most runs say, and the day (ISO 8601) of all runs."""

    run_id: str
    span_id: str
    long_run_id: str
    rare_word: str
    rare_run_id: str
    common_word: str
    day_from: str
    day_to: str


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A command line, and the variables it needs beside the ones every process has."""

    command: Sequence[str]
    env: Mapping[str, str]


class Product(Protocol):
    """How one product is run and asked."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a constant of the module
        """What the table calls it."""
        ...

    @property
    def INSTALL(self) -> str:  # noqa: N802
        """The package to install in an environment of its own; empty for what runs in this one."""
        ...

    @property
    def PACKAGES(self) -> Sequence[str]:  # noqa: N802
        """The packages whose versions are told."""
        ...

    @property
    def HEALTH(self) -> str:  # noqa: N802
        """A path that answers 200 when the server is ready."""
        ...

    @property
    def HEADERS(self) -> Mapping[str, str]:  # noqa: N802
        """What a sender must say beside the content type."""
        ...

    def launch(self, python: Path, port: int, folder: Path) -> Launch:
        """How the server is started on loopback, with everything it keeps in `folder` and nothing
        leaving the machine. `python` is the interpreter of its environment."""
        ...

    def stored_spans(self, server: Server) -> int:
        """How many spans lie in its store now."""
        ...

    def reads(self, asked: Asked) -> dict[str, Read]:
        """Its questions, by figure (see `report.FIGURES`); those it has none for are left out."""
        ...
