"""File systems of a server's own, which nobody else sees."""

from __future__ import annotations

import shutil
import subprocess

import pytest


def mounted(mount: str) -> list[str]:
    """What is put in front of a command so that it runs after `mount`, a command of the shell."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*command, mount], check=False).returncode:
        pytest.skip("this system lets nobody mount a file system of their own")
    return [*command, f'{mount} && exec "$0" "$@"']
