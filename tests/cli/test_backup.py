"""`clew backup` of a running server and `clew restore` into a new folder."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from clew import archive
from clew.records.database import VERSION
from clew.span import Span
from clew.store.migrate import migrations
from clew.wire.otlp import encode_traces
from cli.conftest import Clew
from conftest import CLEW, Served
from make import agent, llm

PROTOBUF = {"content-type": "application/x-protobuf"}


def run(word: str) -> list[Span]:
    """A run of two spans, which says a word."""
    root = agent()
    message = f'[ {{"role": "user",  "content": "tell me about {word}"}} ]'
    return [root, llm(parent=root, gen_ai__input__messages=message)]


def send(served: Served, project: str, spans: list[Span]) -> str:
    """Export the spans of a run; its id."""
    headers = {**PROTOBUF, "x-clew-project": project}
    answer = served.http.post("/v1/traces", content=encode_traces(spans), headers=headers)
    assert answer.status_code == 200, answer.text
    return spans[0].trace_id


def exported(served: Served, project: str, trace_id: str) -> str:
    """All that came in of a run."""
    return served.http.get(f"/api/projects/{project}/traces/{trace_id}/export").text


def trace_ids(served: Served, project: str) -> set[str]:
    """Every run of a project."""
    answer = served.http.get(f"/api/projects/{project}/traces", params={"limit": 1000}).json()
    return {each["trace_id"] for each in answer["traces"]}


@pytest.fixture
def sending(served: Served, project: str) -> Iterator[Callable[[], str]]:
    """A sender that goes on as long as the test; gives the ids of its runs as they are stored."""
    acknowledged: list[str] = []
    stopped = threading.Event()

    def keep_sending() -> None:
        while not stopped.wait(0.02):
            acknowledged.append(send(served, project, run(f"pearl{len(acknowledged)}")))

    thread = threading.Thread(target=keep_sending)
    thread.start()

    def newest() -> str:
        while len(acknowledged) < 3:
            time.sleep(0.01)
        return acknowledged[-1]

    yield newest
    stopped.set()
    thread.join()


def test_a_backup_of_a_server_that_is_written_to_becomes_the_same_server(
    served: Served, project: str, sending: Callable[[], str], tmp_path: Path, clew: Clew
) -> None:
    """What was acknowledged before is there, nothing is there in part, and so are scores and
    projects."""
    file, folder = tmp_path / "clew.tar", tmp_path / "restored"
    served.http.post("/api/projects", json={"name": f"{project}-empty"}).raise_for_status()
    score = {"trace_id": sending(), "name": "helpful", "value": 0.9}
    served.http.post(f"/api/projects/{project}/scores", json={"scores": [score]})
    before = trace_ids(served, project)
    done = clew("backup", str(file), CLEW_URL=served.url)
    assert done.code == 0, done.err
    assert done.out.startswith(f"{file}: ")
    assert done.out.endswith(", checked\n")
    restored = subprocess.run(
        [*CLEW, "restore", str(file), "--data-dir", str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert restored.returncode == 0, restored.stderr
    assert f"{folder}: " in restored.stdout
    assert restored.stdout.endswith(f"all there\n  clew serve --data-dir {folder}\n")
    copy = Served(folder).wait()
    try:
        found = trace_ids(copy, project)
        assert score["trace_id"] in before <= found
        for trace_id in sorted(found)[:3] + sorted(found)[-3:]:
            assert exported(copy, project, trace_id) == exported(served, project, trace_id)
        hits = copy.http.get(f"/api/projects/{project}/search", params={"q": "pearl0"}).json()
        assert len(hits["hits"]) == 1
        listed = copy.http.get(f"/api/projects/{project}/traces/{score['trace_id']}").json()
        assert [each["name"] for each in listed["scores"]] == ["helpful"]
        names = {each["name"] for each in copy.http.get("/api/projects").json()["projects"]}
        assert f"{project}-empty" in names
    finally:
        assert copy.stop() == 0


def made(*, format: int = archive.FORMAT, schema: int | None = None) -> bytes:  # noqa: A002
    """A small backup."""
    writer = archive.Writer(1)
    manifest = archive.Manifest(
        format=format,
        clew="7.8.9",
        created_at="2026-11-23T14:02:11Z",
        span_schema=max(migrations()) if schema is None else schema,
        records_version=VERSION,
        records=[archive.Table(name="projects", rows=1)],
        store=[],
    )
    return (
        writer.member(archive.MANIFEST, msgspec.json.encode(manifest))
        + writer.member(archive.records_name("projects", 1), b"some bytes")
        + writer.end()
    )


WHOLE = made()
PROJECTS = archive.records_name("projects", 1)


NOT_OURS = "this isn't a backup of Clew"
BROKEN = {
    "empty": (b"", NOT_OURS),
    "text": (b"a long text about something else" * 100, NOT_OURS),
    "zeros": (bytes(10_240), NOT_OURS),
    "its beginning": (WHOLE[:600], f"{NOT_OURS}, or its beginning is damaged"),
    "one member": (WHOLE[:1536], "the backup is cut short"),
    "a part of a member": (WHOLE[:2050], "the backup is cut short"),
    "no checksums": (
        WHOLE[: WHOLE.index(b"checksums.json")],
        f"the backup is cut short: it ends after {PROJECTS}",
    ),
    "another byte": (
        WHOLE.replace(b"some bytes", b"same bytes"),
        f"the backup is damaged: {PROJECTS} was altered",
    ),
    "a newer form": (
        made(format=archive.FORMAT + 1),
        "this backup was made by a newer Clew (7.8.9): restore it with that",
    ),
    "other tables": (
        made(schema=0),
        "made by Clew 7.8.9, whose tables are not those of this program",
    ),
}


@pytest.mark.parametrize(("data", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_a_whole_backup_is_refused(
    data: bytes, said: str, tmp_path: Path, clew: Clew
) -> None:
    """With a sentence, before anything is made of it."""
    file, folder = tmp_path / "clew.tar", tmp_path / "restored"
    file.write_bytes(data)
    done = clew("restore", str(file), "--data-dir", str(folder))
    assert done.code == 1
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not folder.exists()
    assert file.read_bytes() == data


def test_a_folder_that_holds_anything_is_left_alone(tmp_path: Path, clew: Clew) -> None:
    """A restore never writes over what is there."""
    file, folder = tmp_path / "clew.tar", tmp_path / "taken"
    file.write_bytes(WHOLE)
    folder.mkdir()
    (folder / "thesis.tex").write_text("chapter one")
    done = clew("restore", str(file), "--data-dir", str(folder))
    assert (done.code, done.err) == (
        1,
        f"clew: the folder {folder} isn't empty: pass a new one with --data-dir\n",
    )
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


def test_a_backup_never_replaces_a_file(served: Served, tmp_path: Path, clew: Clew) -> None:
    """Nor does one that fails leave one behind."""
    file = tmp_path / "clew.tar"
    file.write_text("precious")
    done = clew("backup", str(file), CLEW_URL=served.url)
    assert done.code == 1
    assert done.err == f"clew: {file} is there already: pass the name of a new file\n"
    assert file.read_text() == "precious"
    nowhere = clew("backup", str(tmp_path / "other.tar"), CLEW_URL="http://127.0.0.1:9")
    assert nowhere.code == 1
    assert "127.0.0.1:9" in nowhere.err
    assert [path.name for path in tmp_path.iterdir()] == ["clew.tar"]
