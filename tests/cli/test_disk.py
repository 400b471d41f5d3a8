"""`clew disk` and `GET /api/disk`: what takes the space, and what retention would free."""

from __future__ import annotations

from datetime import UTC, datetime

from clew.client import Client, Disk
from clew.wire.otlp import encode_traces
from cli.conftest import Clew
from conftest import Served
from make import agent, llm

PROTOBUF = {"content-type": "application/x-protobuf"}
OLD_NS = int(datetime(2020, 2, 29, 12, tzinfo=UTC).timestamp()) * 1_000_000_000
TABLES = {"contents", "text index", "spans", "logs", "metrics", "scores"}


def send(served: Served, project: str) -> None:
    """An old run and one of these days."""
    spans = []
    for start_ns in (OLD_NS, None):
        root = agent(start_ns=start_ns)
        said = f'[{{"role":"user","content":"tell {project} about opals"}}]'
        spans += [root, llm(parent=root, start_ns=start_ns, gen_ai__input__messages=said)]
    answer = served.http.post(
        "/v1/traces",
        content=encode_traces(spans),
        headers={**PROTOBUF, "x-clew-project": project},
    )
    assert answer.status_code == 200, answer.text


def measured(served: Served) -> Disk:
    """What the server says."""
    with Client(served.url) as client:
        return client.disk()


def test_what_takes_the_space_is_told_by_kind(served: Served, project: str) -> None:
    """The kinds add up to the folder's size, and the rows are counted."""
    send(served, project)
    disk = measured(served)
    assert disk.place == str(served.folder)
    assert disk.total_bytes == sum(kind.size_bytes for kind in disk.kinds)
    assert disk.free_bytes > 0
    kinds = {kind.kind: kind for kind in disk.kinds}
    assert set(kinds) > TABLES
    assert (kinds["spans"].rows or 0) >= 4
    assert all(kinds[kind].size_bytes for kind in ("contents", "text index", "spans", "records"))


def test_projects_and_days_share_what_the_tables_take(served: Served, project: str) -> None:
    """Each in proportion, and nothing is left over."""
    send(served, project)
    disk = measured(served)
    stored = sum(kind.size_bytes for kind in disk.kinds if kind.kind in TABLES)
    for shares in (disk.projects, disk.days):
        assert abs(sum(each.size_bytes for each in shares) - stored) <= len(shares)
    [own] = [each for each in disk.projects if each.project == project]
    assert own.rows >= 6
    assert own.size_bytes > 0
    assert "2020-02-29" in [each.day for each in disk.days]


def test_retention_is_told_what_it_frees(served: Served, project: str) -> None:
    """What is due where a project has days, and what fewer days would free."""
    send(served, project)
    served.http.patch(f"/api/projects/{project}", json={"retention_days": 2_000})
    disk = measured(served)
    [own] = [each for each in disk.projects if each.project == project]
    assert own.retention_days == 2_000
    assert 0 < own.due_bytes < own.size_bytes
    freed = [each.freed_bytes for each in disk.keeping]
    assert freed == sorted(freed, reverse=True)
    assert [each.days for each in disk.keeping] == [7, 30, 90, 365]
    assert freed[-1] >= own.due_bytes


def test_the_terminal_explains_it(served: Served, project: str, clew: Clew) -> None:
    """A table of kinds with what they are, projects, days, and retention; or JSON."""
    send(served, project)
    done = clew("disk", CLEW_URL=served.url)
    assert done.code == 0, done.err
    assert done.out.startswith(f"{served.folder}: ")
    for said in ("finds words in the contents", "PROJECT", "DAY", "365 days"):
        assert said in done.out
    assert '"keeping"' in clew("disk", "--json", CLEW_URL=served.url).out
