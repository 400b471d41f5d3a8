"""The commands as a whole: help, version, and how they fail."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from clew.server.settings import Option, options

from .conftest import Clew


def test_version_is_the_installed_one(clew: Clew) -> None:
    """`clew version` needs no server."""
    done = clew("version")
    assert (done.code, done.out) == (0, f"clew {version('clew')}\n")


def test_help_lists_the_commands(clew: Clew) -> None:
    """Alone, `clew` says what there is."""
    done = clew("--help")
    for command in (
        "serve",
        "demo",
        "import",
        "projects",
        "keys",
        "runs",
        "search",
        "sql",
        "version",
    ):
        assert command in done.out
    assert clew().code == 2


@pytest.mark.parametrize("option", options(), ids=[each.name for each in options()])
def test_serve_lists_every_option_with_its_variable(
    clew: Clew, option: Option, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what holds where nothing is said."""
    monkeypatch.setenv("COLUMNS", "300")
    done = clew("serve", "--help")
    line = next(line for line in done.out.splitlines() if f"{option.flag} " in line)
    assert option.help in line
    assert f"[env: {option.variable}]" in line
    assert f"[default: {option.default or 'none'}]" in line


def test_a_server_that_can_not_start_says_one_sentence(clew: Clew, tmp_path: Path) -> None:
    """On stderr, with an exit code, without a traceback."""
    (tmp_path / "thesis.tex").touch()
    for arguments, sentence in (
        (("--port", "x"), "clew: --port is 'x': a port is a whole number"),
        (("--data-dir", str(tmp_path), "--port", "0", "--grpc-port", "0"), "isn't Clew's"),
    ):
        done = clew("serve", *arguments)
        assert done.code == 1
        assert done.out == ""
        assert done.err.startswith("clew: ")
        assert sentence in done.err
        assert done.err.count("\n") == 1
    assert clew("serve", CLEW_PORT="y").err.startswith("clew: CLEW_PORT is 'y'")


def test_what_is_no_option_exits_with_2(clew: Clew) -> None:
    """As programs do."""
    assert clew("serve", "--prot", "1").code == 2
    assert clew("frobnicate").code == 2


def test_no_server_is_one_sentence(clew: Clew) -> None:
    """For every command that asks one."""
    for command in (
        ("projects", "list"),
        ("projects", "create", "x"),
        ("keys", "list"),
        ("runs", "list"),
        ("runs", "show", "t"),
        ("search", "x"),
        ("sql", "select 1"),
    ):
        done = clew(*command, "--url", "http://127.0.0.1:1")
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("clew: no server answers at http://127.0.0.1:1 (")
        assert "start one with `clew serve`, or pass --url" in done.err


@pytest.mark.parametrize("missing", ["typer", "rich", "msgspec"])
def test_without_the_extra_it_says_what_to_install(missing: str) -> None:
    """`clew` alone installs what an instrumented application needs."""
    program = f"import sys; sys.modules[{missing!r}] = None; from clew.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"clew: the command line needs {missing!r}, which `clew` alone doesn't install: "
        "pip install 'clew[server]'\n"
    )


def test_a_command_loads_only_what_it_needs() -> None:
    """The heavy libraries are loaded by the command that uses them: `clew serve` starts sooner."""
    program = (
        "import sys, clew.cli.app\n"
        "print(*{'httpx', 'sqlalchemy', 'alembic', 'litestar', 'chdb', 'grpc'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "\n"
