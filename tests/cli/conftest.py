"""What the tests of the command line share: running one in this process."""

from __future__ import annotations

import io
from collections.abc import Callable

import msgspec
import pytest

from clew.cli.app import run


class Done(msgspec.Struct, frozen=True):
    """What a command left behind."""

    code: int
    out: str
    err: str


Clew = Callable[..., Done]


@pytest.fixture
def clew(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Clew:
    """Run `clew` with these arguments and environment; nothing of the real one is seen."""
    for option in ("URL", "API_KEY", "PROJECT", "DATA_DIR", "RECORDS_URL"):
        variable = f"CLEW_{option}"
        monkeypatch.delenv(variable, raising=False)

    def call(*arguments: str, **environ: str) -> Done:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdin", io.StringIO())  # nobody is there to answer
            for variable, value in environ.items():
                patch.setenv(variable, value)
            code = run(arguments)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return call
