"""The command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `clew`; says what to install where only the SDK's dependencies are there."""
    try:
        from clew.cli.app import run  # noqa: PLC0415 (what it needs may be absent)
    except ModuleNotFoundError as exc:
        missing = (exc.name or "").partition(".")[0]
        if missing in ("", "clew"):
            raise
        sys.exit(
            f"clew: the command line needs {missing!r}, which `clew` alone doesn't install: "
            "pip install 'clew[server]'"
        )
    sys.exit(run(sys.argv[1:]))
