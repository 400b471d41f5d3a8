"""Opening the records database: versions, damage, two writers."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import clew.records
from clew.errors import StartupError, Unavailable
from clew.records import Records, database, open_records, projects, tables, views

NOW = datetime(2026, 11, 23, 14, 2, 11, 123456, tzinfo=UTC)


def test_tables_are_what_the_migrations_make(records: Records) -> None:
    """`tables.py` and the migrations describe the same database."""

    def differences(connection: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))

    assert records.read_now(differences) == []


def test_version_is_the_newest_migration(records: Records) -> None:
    """`VERSION`, which decides whether to migrate, is Alembic's head."""
    config = Config()
    folder = Path(clew.records.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_current_head() == str(database.VERSION)
    assert records.read_now(database.version) == database.VERSION


def test_a_new_database_has_the_default_project(records: Records) -> None:
    """Senders that name no project have one to go to."""
    assert [project.name for project in records.read_now(projects.list_all)] == ["default"]


def test_a_database_opens_again_with_what_it_held(where: Path | str) -> None:
    """What was written is there after a restart."""
    first = open_records(where)
    first.write_now(projects.create, "travel", NOW)
    first.close()
    second = open_records(where)
    assert second.read_now(projects.get, "travel").created_at == NOW
    second.close()


def test_a_newer_database_is_refused_and_left_alone(where: Path | str) -> None:
    """A program must not write what it doesn't understand."""
    records = open_records(where)
    newer = sa.text("UPDATE alembic_version SET version_num = '9'")
    records.write_now(lambda connection: connection.execute(newer))
    records.close()
    with pytest.raises(StartupError) as caught:
        open_records(where)
    what, flag = ("data folder", "--data-dir")
    if isinstance(where, str):
        what, flag = ("database", "--records-url")
    assert caught.value.message == (
        f"this {what} was written by a newer Clew"
        f" (records version 9, this program knows {database.VERSION}): "
        f"run the newer version, or pass another {flag}"
    )


def test_an_older_database_can_be_left_as_it_is(where: Path | str) -> None:
    """For programs that only copy it."""
    records = open_records(where, migrate=False)
    assert records.read_now(database.version) == 0
    records.close()


def test_a_database_of_version_1_keeps_what_it_holds(where: Path | str) -> None:
    """Views are added; projects stay."""
    records = open_records(where)

    def go_back(connection: sa.Connection) -> None:
        projects.create(connection, "travel", NOW)
        connection.execute(sa.text("DROP TABLE views"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '1'"))

    records.write_now(go_back)
    records.close()
    opened = open_records(where)
    assert opened.read_now(database.version) == database.VERSION
    assert opened.read_now(projects.get, "travel").created_at == NOW
    assert opened.read_now(views.list_all, "travel") == []
    opened.close()


def test_servers_that_start_at_once_migrate_once(where: Path | str) -> None:
    """On an empty database one makes the tables and the others wait for it."""
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(open_records, [where] * 6))
    for records in opened:
        assert records.read_now(database.version) == database.VERSION
        assert [project.name for project in records.read_now(projects.list_all)] == ["default"]
        records.close()


def test_a_damaged_database_is_a_sentence(tmp_path: Path) -> None:
    """A file that isn't a database says which file and what to do."""
    path = tmp_path / "records.db"
    path.write_bytes(b"this was a database once" * 100)
    with pytest.raises(StartupError, match=r"records\.db.*not a database.*pass another --data-dir"):
        open_records(path)


def test_a_question_that_fails_changes_nothing(records: Records) -> None:
    """A write is all or nothing."""

    def create_and_fail(connection: sa.Connection) -> None:
        projects.create(connection, "half", NOW)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        records.write_now(create_and_fail)
    assert [project.name for project in records.read_now(projects.list_all)] == ["default"]


def test_a_locked_file_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that writes for too long gives an answer that may be tried again."""
    records = open_records(tmp_path / "records.db")
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 1)
    impatient = open_records(tmp_path / "records.db")
    writing, done = threading.Event(), threading.Event()

    def hold(connection: sa.Connection) -> None:
        del connection
        writing.set()
        done.wait(10)

    holder = threading.Thread(target=records.write_now, args=(hold,))
    holder.start()
    try:
        assert writing.wait(10)
        with pytest.raises(Unavailable, match="database is locked"):
            impatient.write_now(projects.create, "late", NOW)
        assert impatient.read_now(projects.list_all)
    finally:
        done.set()
        holder.join()
        impatient.close()
        records.close()


def test_writers_at_once_each_succeed(records: Records) -> None:
    """Many that read before they write wait for each other instead of failing."""

    async def ensure_all() -> list[projects.Project]:
        names = [f"p{number % 5}" for number in range(20)]
        writes = [records.write(projects.ensure, name, NOW) for name in names]
        return await asyncio.gather(*writes)

    assert {project.name for project in asyncio.run(ensure_all())} == {f"p{n}" for n in range(5)}
    assert len(records.read_now(projects.list_all)) == 6


def test_a_project_that_servers_see_at_once_is_made_once(where: Path | str) -> None:
    """Whoever comes second takes what the first has made."""
    servers = [open_records(where) for _ in range(4)]
    together = threading.Barrier(len(servers))

    def see(server: Records) -> list[projects.Project]:
        together.wait(10)
        return [server.write_now(projects.ensure, f"p{number}", NOW) for number in range(20)]

    with ThreadPoolExecutor(len(servers)) as pool:
        first, *others = pool.map(see, servers)
    assert all(other == first for other in others)
    assert len(servers[0].read_now(projects.list_all)) == 21
    for server in servers:
        server.close()


def test_a_note_is_replaced_by_the_next(records: Records) -> None:
    """Notes about the database have one value a name."""
    assert records.read_now(database.read_note, "colour") is None
    records.write_now(database.note, "colour", "red")
    records.write_now(database.note, "colour", "blue")
    assert records.read_now(database.read_note, "colour") == "blue"
