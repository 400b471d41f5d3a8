"""The schema is brought up to date, and a newer one is left alone."""

from __future__ import annotations

import pytest

from clew.errors import StartupError
from clew.store.engine import Engine
from clew.store.migrate import migrate, migrations, statements

pytestmark = pytest.mark.anyio


async def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    """Each number is applied once."""
    before = await engine.query("SELECT version, name, applied_at FROM schema_migrations")
    await migrate(engine)
    assert await engine.query("SELECT version, name, applied_at FROM schema_migrations") == before


async def test_a_newer_schema_is_refused(engine: Engine) -> None:
    """A store that a newer program wrote isn't touched, and the sentence says what to do."""
    await engine.query(
        "INSERT INTO schema_migrations (version, name) VALUES (9999, 'later')", fmt="Null"
    )
    try:
        with pytest.raises(StartupError, match=r"newer Clew.*(--data-dir|--clickhouse-url)"):
            await migrate(engine)
    finally:
        await engine.query(
            f"ALTER TABLE {engine.layout.stored('schema_migrations')} DELETE"
            " WHERE version = 9999 SETTINGS mutations_sync = 2",
            fmt="Null",
        )


def test_numbers_have_no_gaps() -> None:
    """Migrations are counted from 1."""
    assert sorted(migrations()) == list(range(1, len(migrations()) + 1))


def test_statements_are_told_apart() -> None:
    """Comments go, also those that hold a semicolon, and statements end with one."""
    text = "-- first; of all\nCREATE TABLE a (x Int8);\n\n-- then\nDROP TABLE b;\n"
    assert statements(text) == ["CREATE TABLE a (x Int8)", "DROP TABLE b"]
