"""Servers of a newer version that are killed in the middle of their migrations.

The newer version is a copy of this one with more migrations. It runs in processes of its own.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa

import clew
from clew.records import database, open_records, postgres
from clew.store.migrate import migrations
from conftest import Served
from faults.checks import ask_folder
from faults.load import OK, SPANS_A_RUN, HttpConnection, run_body, surprises

pytestmark = pytest.mark.faults

RUNS = 10
NEWEST = max(migrations())
# Each row of a step waits, so that the step can be killed in the middle of its rows.
SPAN_STEPS = (
    """
CREATE TABLE IF NOT EXISTS step_one (x UInt8) ENGINE = MergeTree ORDER BY x;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS seconds Float64 DEFAULT 0;
ALTER TABLE spans UPDATE seconds = sleepEachRow(0.02) + 1 WHERE 1 SETTINGS mutations_sync = 2;
CREATE TABLE IF NOT EXISTS step_two (x UInt8) ENGINE = MergeTree ORDER BY x;
ALTER TABLE contents ADD COLUMN IF NOT EXISTS seen UInt8 DEFAULT 7;
""",
    """
CREATE TABLE IF NOT EXISTS step_three (x UInt8) ENGINE = MergeTree ORDER BY x;
ALTER TABLE spans UPDATE seconds = sleepEachRow(0.02) + 2 WHERE 1 SETTINGS mutations_sync = 2;
""",
)
RECORDS_STEP = '''
"""A column, a table, and a value in each row."""

import os
import time
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def step(name):
    Path(os.environ["CLEW_TEST_STEPS"], name).touch()
    time.sleep(float(os.environ["CLEW_TEST_STEP_S"]))


def upgrade():
    step("begun")
    with op.batch_alter_table("projects") as projects:
        projects.add_column(sa.Column("colour", sa.String(20)))
    step("column")
    op.create_table("colours", sa.Column("name", sa.String(20), primary_key=True))
    step("table")
    op.execute("UPDATE projects SET colour = 'green'")
    step("rows")
'''


class Newer(NamedTuple):
    """A newer version, where it notes its steps, and what tells its processes to be it."""

    steps: Path

    def environ(self, *, step_s: float) -> dict[str, str]:
        """The environment of its processes; a step of the records takes `step_s`."""
        return {
            "PYTHONPATH": str(self.steps.parent / "newer"),
            "CLEW_TEST_STEPS": str(self.steps),
            "CLEW_TEST_STEP_S": str(step_s),
        }


@pytest.fixture
def newer(tmp_path: Path) -> Newer:
    """A copy of this version with two more migrations of the spans and one of the records."""
    package = tmp_path / "newer" / "clew"
    shutil.copytree(Path(clew.__file__).parent, package)
    for number, steps in enumerate(SPAN_STEPS, NEWEST + 1):
        (package / f"store/schema/{number:04}_more.sql").write_text(steps)
    before, revision = database.VERSION, database.VERSION + 1
    step = RECORDS_STEP.format(before=before, revision=revision)
    (package / f"records/migrations/versions/{revision:04}_more.py").write_text(step)
    code = (package / "records/database.py").read_text()
    code, changed = re.subn(r"(?m)^VERSION = \d+$", f"VERSION = {revision}", code)
    assert changed == 1
    (package / "records/database.py").write_text(code)
    steps = tmp_path / "steps"
    steps.mkdir()
    return Newer(steps)


def test_a_migration_of_the_spans_that_is_killed_is_finished(tmp_path: Path, newer: Newer) -> None:
    """Wherever it was: between two statements, between two migrations, among the rows of one."""
    folder = tmp_path / "data"
    _fill(folder, {})
    tables, parts = folder / "spans/data/clew", folder / "spans/store"

    def updates() -> int:
        return len(list(parts.glob("*/*/mutation_*.txt")))

    told: Sequence[Callable[[], bool]] = (
        (tables / "step_one").exists,
        lambda: updates() >= 1,
        (tables / "step_two").exists,
        (tables / "step_three").exists,
        lambda: updates() >= 2,
    )
    for reached in told:
        _kill_when(reached, folder, newer.environ(step_s=0))
    server = Served(folder, environ=newer.environ(step_s=0)).wait()
    _check_all(server)
    assert server.stop() == 0
    assert not surprises(server)
    count = "SELECT count() AS n FROM clew.spans FINAL WHERE seconds = 2"
    assert json.loads(ask_folder(folder, count)) == {"n": RUNS * SPANS_A_RUN}
    # Only the newer version knows the columns, and this one leaves the folder to it.
    refused = Served(folder)
    assert refused.process.wait(timeout=60) == 1
    refused.http.close()
    assert "newer Clew" in refused.log.read_text()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_migration_of_the_records_that_is_killed_is_done_again(
    tmp_path: Path, newer: Newer, kind: str, request: pytest.FixtureRequest
) -> None:
    """All of it or nothing: after each kill the version before still opens what it wrote."""
    folder = tmp_path / "data"
    there = {}
    where: Path | str = folder / "records.db"
    if kind == "postgresql":
        where = str(request.getfixturevalue("postgres_url"))
        there = {"CLEW_RECORDS_URL": where}
    _fill(folder, there)
    for step in ("begun", "column", "table", "rows"):
        (newer.steps / step).unlink(missing_ok=True)
        environ = {**newer.environ(step_s=0.3), **there}
        _kill_when((newer.steps / step).exists, folder, environ)
        records = open_records(where)
        assert records.read_now(database.version) == database.VERSION
        assert not records.read_now(lambda asked: sa.inspect(asked).has_table("colours"))
        records.close()
    server = Served(folder, environ={**newer.environ(step_s=0), **there}).wait()
    _check_all(server)
    assert server.stop() == 0
    assert not surprises(server)
    _check_newer(where)


def _check_newer(where: Path | str) -> None:
    """The newer version's migration is noted, and each project has what it gives them."""
    if isinstance(where, Path):
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(where)))
    else:
        engine = postgres.make_engine(sa.make_url(where))
    with engine.connect() as connection:
        assert database.version(connection) == database.VERSION + 1
        colours = connection.execute(sa.text("SELECT name, colour FROM projects")).all()
    engine.dispose()
    assert sorted(map(tuple, colours)) == [("default", "green"), ("travel", "green")]


def _fill(folder: Path, environ: dict[str, str]) -> None:
    """Runs, and a project, written by this version."""
    server = Served(folder, environ=environ).wait()
    connection = HttpConnection(server)
    assert {connection.send(run_body(run)) for run in range(1, RUNS + 1)} == {OK}
    connection.close()
    server.http.post("/api/projects", json={"name": "travel"}).raise_for_status()
    assert server.stop() == 0


def _kill_when(reached: Callable[[], bool], folder: Path, environ: dict[str, str]) -> None:
    """Start a server and kill it once that is reached."""
    server = Served(folder, environ=environ)
    deadline = time.monotonic() + 60
    while not reached() and server.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    arrived = reached()
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL, server.log.read_text()
    assert arrived, server.log.read_text()


def _check_all(server: Served) -> None:
    """What was written before is there, and more is taken."""
    projects = {each["name"]: each for each in server.http.get("/api/projects").json()["projects"]}
    assert set(projects) == {"default", "travel"}
    counts = (projects["default"]["trace_count"], projects["default"]["span_count"])
    assert counts == (RUNS, RUNS * SPANS_A_RUN)
    for run in range(1, RUNS + 1):
        path = f"/api/projects/default/traces/{run:032x}/export?format=jsonl"
        assert len(server.http.get(path).raise_for_status().text.splitlines()) == SPANS_A_RUN
    connection = HttpConnection(server, "travel")
    assert connection.send(run_body(RUNS + 1)) == OK
    connection.close()
    assert len(server.http.get("/api/projects/travel/traces").json()["traces"]) == 1
