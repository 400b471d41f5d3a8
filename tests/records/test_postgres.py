"""What only PostgreSQL does: it is reached by URL, refuses, goes away and comes back."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from clew.errors import StartupError, Unavailable
from clew.records import Records, open_records, projects
from postgres import PASSWORD, OwnPostgres, Postgres

NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)

WITHOUT_DRIVER = """
import sys
sys.modules["pg8000"] = None
from clew.errors import StartupError
from clew.records import open_records
try:
    open_records("postgresql://u:p@127.0.0.1/clew")
except StartupError as exc:
    print(exc.message)
"""


@pytest.fixture
def on_postgres(postgres_url: str) -> Iterator[Records]:
    """A new records database in PostgreSQL."""
    records = open_records(postgres_url)
    yield records
    records.close()


@pytest.fixture
def own_postgres(postgres: Postgres) -> OwnPostgres:
    """A server that may be stopped."""
    if not isinstance(postgres, OwnPostgres):
        pytest.skip("CLEW_TEST_POSTGRES_URL is somebody's server, which isn't stopped for a test")
    return postgres


def refusal(url: str) -> str:
    with pytest.raises(StartupError) as caught:
        open_records(url)
    chain: list[BaseException | None] = [caught.value]
    while chain[-1] is not None:
        assert PASSWORD not in str(chain[-1])
        chain.append(chain[-1].__cause__)
    return caught.value.message


def test_a_wrong_password_is_a_sentence_without_it(postgres_url: str) -> None:
    """Nor is the right one ever shown."""
    wrong = sa.make_url(postgres_url).set(password="letmein").render_as_string(hide_password=False)
    said = refusal(wrong)
    assert "password authentication failed" in said
    assert "check that it runs, and user, password and database in --records-url" in said
    assert "letmein" not in said


def test_a_database_that_isnt_there_is_a_sentence(postgres_url: str) -> None:
    """With the name that was looked for."""
    url = sa.make_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False)
    assert 'database "nowhere" does not exist' in refusal(url)


def test_a_server_that_isnt_there_is_a_sentence() -> None:
    """It says where nobody answered."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        said = refusal(f"postgresql://clew:secret@127.0.0.1:{port}/clew")
    assert f"the records database postgresql://clew:***@127.0.0.1:{port}/clew can't be" in said
    assert "(connection refused)" in said


def test_another_programs_database_is_refused(postgres_url: str) -> None:
    """Alembic's note of it tells, and tables that are there already."""
    engine = sa.create_engine(postgres_url.replace("postgresql:", "postgresql+pg8000:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE projects (id int)")
    assert 'relation "projects" already exists' in refusal(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num text)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('3f2a9c')")
    engine.dispose()
    assert "belongs to another program" in refusal(postgres_url)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:secret@h/db",
        "h/db",
        "",
        "postgresql://u:sec@ret@h/db",
        "postgresql://u:secret@h:x/",
    ],
)
def test_what_isnt_understood_isnt_repeated(url: str) -> None:
    """It may hold a password, wherever it stands."""
    with pytest.raises(StartupError) as caught:
        open_records(url)
    assert "write postgresql://user:password@host/database, with %40 for @" in caught.value.message
    assert "sec" not in caught.value.message


def test_options_of_the_url_are_known_or_refused(postgres_url: str) -> None:
    """Those of libpq that matter; the others aren't passed over in silence."""
    assert "sslmode is 'maybe'" in refusal(f"{postgres_url}?sslmode=maybe")
    assert "has options, password: what is understood" in refusal(
        f"{postgres_url}?options=-c&password=x"
    )
    assert "Server refuses SSL" in refusal(f"{postgres_url}?sslmode=require")
    open_records(f"{postgres_url}?sslmode=disable&application_name=desk").close()


def test_a_socket_is_a_host_too(own_postgres: OwnPostgres, postgres_url: str) -> None:
    """Given as libpq takes it."""
    records = open_records(f"{postgres_url}?host={own_postgres.folder}")
    assert records.read_now(projects.get, "default").name == "default"
    records.close()


def test_without_the_driver_it_says_what_to_install() -> None:
    """The driver is an extra."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DRIVER], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        'records in PostgreSQL need its driver: pip install "clew[server,postgres]"\n'
    )


def test_connections_that_were_cut_are_made_anew(
    on_postgres: Records, postgres: Postgres, postgres_url: str
) -> None:
    """A restart of the database is seen by nobody who asks afterwards."""
    on_postgres.write_now(projects.create, "travel", NOW)
    postgres.disconnect(postgres_url)
    assert on_postgres.read_now(projects.get, "travel").created_at == NOW


def test_a_connection_that_is_cut_in_a_question_is_unavailable(
    on_postgres: Records, postgres: Postgres, postgres_url: str
) -> None:
    """And what it wrote is as if it had never been asked."""

    def write_and_lose(connection: sa.Connection) -> None:
        projects.create(connection, "half", NOW)
        postgres.disconnect(postgres_url)
        projects.get(connection, "half")

    with pytest.raises(Unavailable, match="the records database doesn't answer"):
        on_postgres.write_now(write_and_lose)
    assert [project.name for project in on_postgres.read_now(projects.list_all)] == ["default"]


def test_more_questions_than_connections_wait(
    on_postgres: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And after a while they are told to come again."""
    pool = on_postgres.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.01)
    busy, done = threading.Semaphore(0), threading.Event()

    def hold(connection: sa.Connection) -> None:
        del connection
        busy.release()
        done.wait(30)

    holders = [threading.Thread(target=on_postgres.read_now, args=(hold,)) for _ in range(10)]
    for holder in holders:
        holder.start()
    try:
        assert all(busy.acquire(timeout=10) for _ in holders)
        with pytest.raises(Unavailable, match="all its connections are in use"):
            on_postgres.read_now(projects.list_all)
    finally:
        done.set()
        for holder in holders:
            holder.join()


def test_a_database_that_is_down_is_unavailable_until_it_is_back(
    own_postgres: OwnPostgres, on_postgres: Records
) -> None:
    """Nothing has to be started again."""
    own_postgres.stop()
    try:
        for question in (on_postgres.read_now, on_postgres.write_now):
            with pytest.raises(Unavailable, match="the records database doesn't answer"):
                question(projects.list_all)
    finally:
        own_postgres.start()
    assert on_postgres.read_now(projects.get, "default").name == "default"
