"""What the tests of the records room share: each runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clew.records import Records, open_records


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A place for a new records database: a path, or the URL of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "records.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def records(where: Path | str) -> Iterator[Records]:
    """A new records database, at `where`."""
    opened = open_records(where)
    yield opened
    opened.close()
