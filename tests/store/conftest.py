"""The tests of this folder run on every engine there is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clew.store.engine import Engine


@pytest.fixture(scope="session", params=["embedded", "clickhouse", "cluster"])
def engine(request: pytest.FixtureRequest, engines: Callable[[str], Engine]) -> Engine:
    """The worker's store in each of its forms, migrated."""
    return engines(request.param)
