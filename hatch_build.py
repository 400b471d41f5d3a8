"""The wheel carries the built web app: a build from a checkout makes it first."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildWeb(BuildHookInterface[Any]):
    """Runs npm where the web app isn't built; an sdist holds it already."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build `web/` into the package, unless it is there or the install is an editable one."""
        del build_data
        root = Path(self.root)
        if version == "editable" or (root / "src/clew/server/web/index.html").is_file():
            return
        npm = shutil.which("npm")
        if npm is None:
            message = "the web app isn't built and npm isn't there: install Node 20 or newer"
            raise RuntimeError(message)
        for command in (["ci", "--no-fund", "--no-audit", "--loglevel=error"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=root / "web", check=True)  # noqa: S603
