"""`clew import`, against a receiver on loopback that keeps what it is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol, cast

import httpx
import msgspec
import pytest

import make
from clew.cli import imports
from clew.score import Score
from clew.span import Attributes, Log, Span
from clew.wire.imports import Record, detect
from clew.wire.otlp import decode_logs, decode_traces, encode_logs, encode_traces
from clew.wire.otlp_answer import encode_response

from .conftest import Clew

FILES = Path(__file__).parents[1] / "wire" / "imports" / "files"
INFO = b'{"version":"1","local":true,"otlp_http_port":1,"otlp_grpc_port":1,"auth":"open"}'


class Served(Protocol):
    """What these tests need of the served Clew."""

    url: str


class Receiver(ThreadingHTTPServer):
    """Keeps spans, logs, scores and the size of each request. `busy` requests are put off first; a
    body of OTLP over `limit_bytes` is refused, and `rejected` spans of each other one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.spans: list[Span] = []
        self.logs: list[Log] = []
        self.scores: list[Score] = []
        self.projects: set[str] = set()
        self.sizes: list[int] = []
        self.busy = 0
        self.limit_bytes = 1 << 30
        self.rejected = 0


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200, INFO)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver = cast("Receiver", self.server)
        if receiver.busy:
            receiver.busy -= 1
            self._answer(503, b"{}")
        elif self.path.startswith("/v1/") and len(body) > receiver.limit_bytes:
            self._answer(413, b'{"error":{"status":413,"message":"too large"}}')
        elif self.path == "/v1/traces":
            receiver.spans += decode_traces(body, "protobuf").spans
            receiver.projects.add(self.headers["x-clew-project"])
            receiver.sizes.append(len(body))
            why = ["no id"] if receiver.rejected else []
            self._answer(200, encode_response("traces", "protobuf", receiver.rejected, why))
        elif self.path == "/v1/logs":
            receiver.logs += decode_logs(body, "protobuf").logs
            self._answer(200, encode_response("logs", "protobuf", 0, []))
        else:
            scores = msgspec.json.decode(body, type=dict[str, list[Score]])["scores"]
            receiver.projects.add(self.path.split("/")[3])
            receiver.scores += scores
            self._answer(200, msgspec.json.encode({"accepted": len(scores)}))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("retry-after", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One a test."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _no_sleep(seconds: float) -> None:
    """Time stands still for whoever waits to ask again."""


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between attempts."""
    monkeypatch.setattr("time.sleep", _no_sleep)


def test_runs_and_their_scores_arrive_in_the_project(clew: Clew, receiver: Receiver) -> None:
    """The summary counts them."""
    done = clew("import", str(FILES / "tau_bench.json"), "-p", "lending", CLEW_URL=receiver.url)
    assert len(receiver.spans) == 7
    assert [score.name for score in receiver.scores] == ["reward", "reward_actions", "reward"]
    assert receiver.projects == {"lending"}
    lines = [line.split(maxsplit=1) for line in done.out.splitlines()]
    assert lines[0] == ["imported", "2 runs of 1 file into project 'lending'"]
    assert ["spans", "7"] in lines
    assert ["scores", "3"] in lines


def test_what_is_broken_is_named_after_the_rest(clew: Clew, receiver: Receiver) -> None:
    """With file and record; the exit code says so."""
    path = FILES / "chat.jsonl"
    done = clew("import", str(path), str(FILES / "tau2.json"), CLEW_URL=receiver.url)
    assert done.code == 1
    assert f"{path}: line 4: Expected `array`, got `str`" in done.err
    assert "simulations[1]: Expected `array`, got `null`" in done.err
    assert len({span.trace_id for span in receiver.spans}) == 4


def test_a_file_of_no_known_format_does_not_stop_the_others(
    clew: Clew, receiver: Receiver, tmp_path: Path
) -> None:
    """It is named like a broken record."""
    other = tmp_path / "notes.txt"
    other.write_text("bread, milk")
    done = clew("import", str(other), str(FILES / "swe_agent.traj"), CLEW_URL=receiver.url)
    assert done.code == 1
    assert f"{other} is in no known format" in done.err
    assert len(receiver.spans) == 6


def test_a_dry_run_counts_and_needs_no_server(clew: Clew) -> None:
    """Tokens and cost as the file says them."""
    done = clew("import", "--dry-run", str(FILES / "swe_agent.traj"), CLEW_URL="http://127.0.0.1:9")
    assert done.code == 0
    assert done.out.startswith("would import 1 run of 1 file")
    assert "model calls  3" in done.out
    assert "tool calls   2" in done.out


def test_a_cost_that_no_file_tells_is_left_to_the_server(clew: Clew, receiver: Receiver) -> None:
    """Sessions of Claude Code tell tokens only."""
    said = clew("import", str(FILES / "claude_code.jsonl"), CLEW_URL=receiver.url).out
    assert "  cost         not in the files; priced by the server\n" in said


def test_without_a_server_nothing_is_read(clew: Clew) -> None:
    """The message says what to do."""
    done = clew("import", str(FILES / "tau2.json"), CLEW_URL="http://127.0.0.1:9")
    assert done.code == 1
    assert "no server answers at http://127.0.0.1:9" in done.err
    assert "clew serve" in done.err
    assert "simulations" not in done.err


def test_a_busy_server_is_asked_again(clew: Clew, receiver: Receiver) -> None:
    """Nothing is lost and nothing sent twice."""
    receiver.busy = 2
    done = clew("import", str(FILES / "swe_agent.traj"), CLEW_URL=receiver.url)
    assert done.code == 0
    assert len(receiver.spans) == 6
    assert len(receiver.scores) == 1


def test_scores_are_sent_again_too(receiver: Receiver) -> None:
    """They have a way of their own."""
    from clew.client import Client  # noqa: PLC0415 (httpx is slow to load)

    receiver.busy = 1
    score = Score(score_id="a", name="good", value=1.0, trace_id="b")
    with Client(receiver.url) as client:
        sender = imports.Sender(client, "p", [])
        sender.add(Record(name="r", spans=[], scores=[score]))
        sender.flush()
    assert receiver.scores == [score]


def test_importing_twice_sends_the_same(clew: Clew, receiver: Receiver) -> None:
    """Ids, times and all."""
    clew("import", str(FILES / "claude_code.jsonl"), CLEW_URL=receiver.url)
    first = receiver.spans
    receiver.spans = []
    clew("import", str(FILES / "claude_code.jsonl"), CLEW_URL=receiver.url)
    assert receiver.spans == first


def test_a_server_holds_each_run_once(clew: Clew, served: Served, project: str) -> None:
    """However often it is imported."""
    path = FILES / "tau_bench.json"
    for _ in range(2):
        done = clew("import", str(path), "-p", project, CLEW_URL=served.url)
        assert done.err.count("clew:") == 1
    records = [r for r in detect(path).read(path) if isinstance(r, Record)]
    for record in records:
        trace_id = record.spans[0].trace_id
        answer = httpx.get(f"{served.url}/api/projects/{project}/traces/{trace_id}/export")
        held = decode_traces(answer.content, "json").spans
        assert sorted(s.span_id for s in held) == sorted(s.span_id for s in record.spans)


def test_a_server_holds_each_log_once_and_tells_them(
    clew: Clew, served: Served, project: str, tmp_path: Path
) -> None:
    """However often it is imported: below the run's tree, alone, and where no span of it came."""
    root = make.agent()
    late = Log(trace_id=make.trace_id(), time_ns=make.T0, body="nothing but this")
    spoken = Log(
        trace_id=root.trace_id,
        span_id=root.span_id,
        time_ns=make.T0,
        severity="WARN",
        body="no rooms left",
    )
    (tmp_path / "spans.json").write_bytes(encode_traces([root], "json"))
    (tmp_path / "logs.pb").write_bytes(encode_logs([spoken, late]))
    for _ in range(2):
        files = map(str, sorted(tmp_path.iterdir()))
        done = clew("import", *files, "-p", project, CLEW_URL=served.url)
        assert done.out.startswith("imported 2 runs of 2 files")
        assert "logs         2" in done.out
    for command in ("show", "logs"):
        told = clew("runs", command, root.trace_id, "-p", project, CLEW_URL=served.url).out
        (line,) = [line.split() for line in told.splitlines() if "no rooms left" in line]
        assert line[:4] == ["2026-11-23", "14:02:11.000", "WARN", "planner"]
    alone = clew("runs", "logs", late.trace_id, "-p", project, "--json", CLEW_URL=served.url).out
    assert [log["body"] for log in msgspec.json.decode(alone)["logs"]] == ["nothing but this"]


def test_a_log_that_is_too_large_is_named(clew: Clew, receiver: Receiver, tmp_path: Path) -> None:
    """The others arrive."""
    receiver.limit_bytes = 1_000
    logs = [Log(trace_id=f"{n:032x}", time_ns=1, body="x" * 500 * n) for n in (1, 2, 3)]
    path = tmp_path / "logs.json"
    path.write_bytes(encode_logs(logs, "json"))
    done = clew("import", str(path), CLEW_URL=receiver.url)
    assert done.code == 1
    assert done.err.count("was refused: too large") == 2
    assert receiver.logs == logs[:1]


def test_requests_are_bounded(
    clew: Clew, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By bytes once encoded, whatever the text was guessed to take."""
    monkeypatch.setattr(imports, "BATCH_BYTES", 3_000)
    monkeypatch.setattr(imports, "SPAN_BYTES", 0)
    clew("import", str(FILES / "tau2.json"), CLEW_URL=receiver.url)
    assert max(receiver.sizes) <= 3_000
    assert len(receiver.spans) == 14


def test_a_span_that_is_too_large_is_named_and_the_rest_arrives(
    clew: Clew, receiver: Receiver
) -> None:
    """A batch that is refused is halved until the span is found."""
    receiver.limit_bytes = 1_300
    done = clew("import", str(FILES / "tau2.json"), CLEW_URL=receiver.url)
    assert done.code == 1
    assert "was refused: too large" in done.err
    assert 0 < len(receiver.spans) < 14


def test_spans_that_the_server_refuses_are_told(clew: Clew, receiver: Receiver) -> None:
    """With its reason."""
    receiver.rejected = 2
    done = clew("import", str(FILES / "swe_agent.traj"), CLEW_URL=receiver.url)
    assert done.code == 1
    assert "the server refused 2 spans: no id" in done.err


def test_foreign_spans_are_counted_by_what_they_mean(clew: Clew, tmp_path: Path) -> None:
    """An OTLP file may speak any dialect."""
    said: Attributes = {"openinference.span.kind": "LLM", "llm.token_count.prompt": 7}
    span = Span(trace_id="1" * 32, span_id="2" * 16, start_ns=1, end_ns=2, attributes=said)
    path = tmp_path / "spans.json"
    path.write_bytes(encode_traces([span], "json"))
    done = clew("import", "--dry-run", str(path))
    assert "model calls  1" in done.out
    assert "tokens       7 in, 0 out" in done.out


def test_a_format_can_be_named(clew: Clew) -> None:
    """An unknown one is refused with those there are."""
    done = clew("import", "--dry-run", "--format", "csv", str(FILES / "chat.jsonl"))
    assert done.code == 1
    assert "no format 'csv'" in done.err
    named = clew("import", "--dry-run", "--format", "chat", str(FILES / "chat.jsonl"))
    assert named.out.startswith("would import 2 runs")
