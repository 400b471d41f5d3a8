"""`clew migrate`, told where to and refusing; the moves themselves are in tests/faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conftest import Clew

CLICKHOUSE = "http://me:hush@127.0.0.1:9/clew"
POSTGRES = "postgresql://me:hush@127.0.0.1:9/clew"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((CLICKHOUSE, CLICKHOUSE), "pass --to once with the URL of a ClickHouse server"),
        ((POSTGRES, POSTGRES), "pass --to once with the URL of a ClickHouse server"),
        (("ftp://me:hush@host/x",), "--to is neither of a ClickHouse server nor of PostgreSQL"),
        (("postgresql://me:hu@sh@host/x",), "the URL of the records database isn't understood"),
    ],
)
def test_a_place_that_is_not_understood_is_refused(
    arguments: tuple[str, ...], said: str, tmp_path: Path, clew: Clew
) -> None:
    """Without its password."""
    flags = [part for url in arguments for part in ("--to", url)]
    done = clew("migrate", "--data-dir", str(tmp_path / "data"), *flags)
    assert done.code == 1
    assert said in done.err
    assert "hush" not in done.err


def test_a_cluster_is_one_of_clickhouse(tmp_path: Path, clew: Clew) -> None:
    """PostgreSQL has none."""
    data = ("--data-dir", str(tmp_path / "data"))
    done = clew("migrate", *data, "--to", POSTGRES, "--clickhouse-cluster", "eu")
    assert done.code == 1
    assert done.err.startswith("clew: --clickhouse-cluster needs --to")


def test_only_a_data_folder_is_moved(tmp_path: Path, clew: Clew) -> None:
    """Nothing is made where there is none; the places may come from the environment."""
    folder = tmp_path / "data"
    done = clew("migrate", "--data-dir", str(folder), CLEW_MIGRATE_TO=f"{CLICKHOUSE} {POSTGRES}")
    assert done.code == 1
    assert done.err == (
        f"clew: {folder} isn't a data folder: pass the one to move with --data-dir\n"
    )
    assert not folder.exists()
