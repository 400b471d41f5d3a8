"""What the tests of the records room share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clew.records import Records, open_records


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    """A new records database, at `tmp_path / "records.db"`."""
    opened = open_records(tmp_path / "records.db")
    yield opened
    opened.close()
