"""`clew serve` as a process: it starts, says what is wrong, stops without losing anything."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from clew.span import Span
from clew.wire.otlp import encode_traces
from conftest import Served, free_port

T0 = 1_795_442_531_000_000_000
PROTOBUF = {"content-type": "application/x-protobuf"}


def body(trace: int, spans: int = 1) -> bytes:
    """An export of one trace."""
    return encode_traces(
        [
            Span(
                trace_id=f"{trace:032x}",
                span_id=f"{number + 1:016x}",
                name="chat",
                start_ns=T0 + number,
                end_ns=T0 + number + 1,
                attributes={"gen_ai.input.messages": f'[{{"role":"user","content":"{trace}"}}]'},
            )
            for number in range(spans)
        ]
    )


def stored(server: Served) -> int:
    """How many traces the server holds."""
    [project] = server.http.get("/api/projects").json()["projects"]
    return int(project["trace_count"])


def test_it_is_ready_soon_and_stays_small(tmp_path: Path) -> None:
    """Health says ok, the metrics are there, and little memory is used while idle."""
    server = Served(tmp_path / "data").wait()
    assert server.http.get("/health").json()["status"] == "ok"
    metrics = server.http.get("/metrics").text
    assert "clew_spans_stored_total 0.0" in metrics
    resident = re.search(r"^process_resident_memory_bytes (\S+)$", metrics, re.MULTILINE)
    assert resident is not None
    assert float(resident[1]) < 400 << 20
    assert server.stop() == 0


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Kill -9 in the middle of a load: every acknowledged trace is there after the next start."""
    server = Served(tmp_path / "data").wait()
    acknowledged: list[int] = []

    def send() -> None:
        with httpx.Client(base_url=server.url, timeout=30) as http:
            for trace in range(1, 500):
                try:
                    answer = http.post("/v1/traces", content=body(trace, 20), headers=PROTOBUF)
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    acknowledged.append(trace)

    sender = threading.Thread(target=send)
    sender.start()
    while len(acknowledged) < 10:
        time.sleep(0.01)
    server.stop(signal.SIGKILL)
    sender.join()
    again = Served(tmp_path / "data").wait()
    for trace in acknowledged:
        url = f"/api/projects/default/traces/{trace:032x}/export?format=jsonl"
        lines = again.http.get(url).text.splitlines()
        assert len(lines) == 20
        assert f'\\"content\\":\\"{trace}\\"' in lines[0]
    again.stop()


def test_sigterm_stores_what_was_taken(tmp_path: Path) -> None:
    """While it stops, every export is either acknowledged and stored, or not acknowledged."""
    server = Served(tmp_path / "data").wait()
    acknowledged: list[int] = []
    refusals: set[int] = set()

    def send(first: int) -> None:
        with httpx.Client(base_url=server.url, timeout=30) as http:
            for trace in range(first, first + 1000):
                try:
                    answer = http.post("/v1/traces", content=body(trace), headers=PROTOBUF)
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    acknowledged.append(trace)
                else:
                    refusals.add(answer.status_code)

    senders = [threading.Thread(target=send, args=(n * 10_000 + 1,)) for n in range(4)]
    for sender in senders:
        sender.start()
    while len(acknowledged) < 20:
        time.sleep(0.01)
    assert server.stop() == 0
    for sender in senders:
        sender.join()
    assert refusals <= {503}
    again = Served(tmp_path / "data").wait()
    assert stored(again) >= len(acknowledged)
    again.stop()


def refused(*flags: str) -> str:
    """What `clew serve` says when it doesn't start."""
    done = subprocess.run(
        [sys.executable, "-m", "clew.cli", "serve", *flags],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


@pytest.mark.parametrize("flag", ["--port", "--grpc-port"])
def test_a_port_in_use_is_a_sentence(tmp_path: Path, flag: str) -> None:
    """It names the port and what to do, and leaves the folder usable."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ports = {"--port": str(free_port()), "--grpc-port": str(free_port()), flag: port}
        said = refused(*sum(ports.items(), ()), "--data-dir", str(tmp_path / "data"))
    assert port in said
    assert flag in said
    assert ".cc:" not in said, "gRPC's own words"


def test_a_second_server_on_the_folder_is_refused(served: Served) -> None:
    """It names the one that is running, which goes on."""
    said = refused(
        "--port",
        str(free_port()),
        "--grpc-port",
        str(free_port()),
        "--data-dir",
        str(served.folder),
    )
    assert f"pid {served.process.pid}" in said
    assert served.http.get("/health").status_code == 200


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    """A folder with somebody's files isn't touched."""
    (tmp_path / "notes.txt").write_text("mine")
    said = refused("--port", str(free_port()), "--grpc-port", "0", "--data-dir", str(tmp_path))
    assert "--data-dir" in said
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_a_public_address_demands_a_key(tmp_path: Path) -> None:
    """Without one it doesn't start, and says how to make the first."""
    said = refused(
        "--host", "0.0.0.0", "--port", str(free_port()), "--grpc-port", "0",
        "--data-dir", str(tmp_path / "data"),
    )  # fmt: skip
    assert "clew keys create" in said
    assert "or listen on 127.0.0.1" in said


def test_keys_that_are_demanded_on_this_machine_need_a_first(tmp_path: Path) -> None:
    """Where it listens on 127.0.0.1 already, the other way out is not to demand them."""
    said = refused(
        "--auth", "keys", "--port", str(free_port()), "--grpc-port", "0",
        "--data-dir", str(tmp_path / "data"),
    )  # fmt: skip
    assert "clew keys create" in said
    assert "or leave out --auth keys" in said


def test_a_query_that_cant_be_read_is_no_matter_for_the_log(served: Served, project: str) -> None:
    """What the parser makes of it is told to whoever asked."""
    served.http.post("/api/projects", json={"name": project}).raise_for_status()
    query = {"query": "ALTER TABLE spans MODIFY SETTING x = 1"}
    answer = served.http.post(f"/api/projects/{project}/sql", json=query)
    assert answer.status_code == 422
    assert "unsupported syntax" not in served.log.read_text()
