"""Other products in Python environments of their own, installed from the package registry once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CACHE = Path(__file__).parent / ".cache"

_VERSIONS = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""


class InstallError(Exception):
    """A package that could not be installed."""


def environment_of(package: str) -> Path:
    """The interpreter of an environment that has `package`; made if it is missing.

    Raises InstallError.
    """
    folder = CACHE / package
    python = folder / "bin" / "python"
    done = folder / ".installed"
    if not done.exists():
        print(f"installing {package} into {folder} (once, hundreds of megabytes)", flush=True)
        for command in _install_commands(folder, python, package):
            _run(command)
        done.touch()
    return python


def versions(python: Path, packages: Sequence[str]) -> dict[str, str]:
    """The installed versions of `packages`."""
    command = [str(python), "-c", _VERSIONS, *packages]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def _install_commands(folder: Path, python: Path, package: str) -> list[list[str]]:
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        return [
            [str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
            [str(uv), "pip", "install", "--python", str(python), package],
        ]
    return [
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--disable-pip-version-check", package],
    ]


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise InstallError(f"{' '.join(map(str, command))}: {exc}") from exc
