"""Whatever is sent to the shared server, its log has no surprise afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conftest import Served
from faults.load import surprises


@pytest.fixture(scope="session", autouse=True)
def no_surprises(served: Served) -> Iterator[None]:
    """Nothing that was sent in these tests went unexpected for the server that took it."""
    yield
    assert not surprises(served), served.log.read_text(errors="replace")[-5000:]
