"""Many senders at once, and senders that never come to an end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from conftest import Served
from faults.load import OK, HttpConnection, peak_bytes, run_body, surprises

pytestmark = pytest.mark.faults

CONNECTIONS = 200
POST = b"POST /v1/traces HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-protobuf\r\n"
SLOW = {
    "says nothing": b"",
    "stops in its headers": POST,
    "stops in its body": POST + b"content-length: 1000\r\n\r\n" + b"\x0a",
    "stops in a chunk": POST + b"transfer-encoding: chunked\r\n\r\n10\r\n\x0a",
    "stops in a request of the API": b"POST /api/projects HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    b"content-type: application/json\r\ncontent-length: 100\r\n\r\n{",
}


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that waits a second."""
    folder = tmp_path_factory.mktemp("impatient") / "data"
    server = Served(folder, "--receive-timeout-s", "1").wait()
    yield server
    server.stop()
    assert not surprises(server)


def test_200_connections_send_at_once(served: Served, project: str) -> None:
    """Each keeps its connection and sends twice; everything is stored, once."""
    answers: list[str] = []

    def send(number: int) -> None:
        connection = HttpConnection(served, project)
        answers.extend(connection.send(run_body(number)) for _ in range(2))
        connection.close()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(1, CONNECTIONS + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [OK] * (2 * CONNECTIONS)
    query = "SELECT count(), uniqExact(trace_id) FROM spans"
    found = served.http.post(f"/api/projects/{project}/sql", json={"query": query})
    assert found.json()["rows"] == [[4 * CONNECTIONS, CONNECTIONS]]


@pytest.mark.parametrize("name", SLOW)
def test_a_sender_that_stops_is_cut_off(impatient: Served, name: str) -> None:
    """With a sentence; meanwhile others are served."""
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as slow:
        slow.sendall(SLOW[name])
        _check_others(impatient)
        said = _read_all(slow)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert said.endswith(b"\r\n\r\nsend a request at once, or in smaller parts")


@pytest.mark.parametrize("name", ["stops in its headers", "stops in its body"])
def test_a_byte_at_a_time_is_cut_off_too(impatient: Served, name: str) -> None:
    """Though it never falls silent."""
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=0.05) as slow:
        said = b""
        slow.sendall(SLOW[name])
        while not said:
            try:
                slow.sendall(b"x")
                said = slow.recv(1000) or b"nothing"
            except TimeoutError:
                continue
            except OSError:  # closed while we sent
                break
    assert said.startswith((b"HTTP/1.1 408 ", b"nothing")) or not said
    _check_others(impatient)


def test_many_that_stop_block_nobody(impatient: Served) -> None:
    """A hundred that hang in their bodies, and others come through; all are cut off."""
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", impatient.port), timeout=30))
            for _ in range(100)
        ]
        for one in slow:
            one.sendall(SLOW["stops in its body"])
        _check_others(impatient)
        assert all(_read_all(one) for one in slow)


def test_a_large_body_may_take_longer(impatient: Served) -> None:
    """As long as it keeps coming."""
    body = run_body(77) + b"\x7a\x80\x89\x7a" + bytes(2_000_000)  # an unknown field
    head = POST + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as sender:
        sender.sendall(head)
        for at in range(0, len(body), 100_000):
            sender.sendall(body[at : at + 100_000])
            time.sleep(0.15)
        assert _read_all(sender).startswith(b"HTTP/1.1 200 ")


def test_endless_headers_are_refused(impatient: Served) -> None:
    """Before they fill the memory."""
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as sender:
        sender.sendall(POST + b"x-many: " + b"y" * (256 << 10))
        assert _read_all(sender).startswith(b"HTTP/1.1 431 ")


def test_silent_grpc_connections_are_cut_off(impatient: Served) -> None:
    """Ones that say nothing at all, and ones whose message doesn't come."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
    for said in (b"", preface):
        with socket.create_connection(("127.0.0.1", impatient.grpc_port), timeout=60) as slow:
            slow.sendall(said)
            _read_all(slow)


def test_many_large_bodies_at_once_take_bounded_memory(served: Served, project: str) -> None:
    """Two hundred of 8 MB: some are told to come back, and come through in the end."""
    padding = b"\x7a\x80\xa4\xe8\x03" + bytes(8_000_000)  # an unknown field of 8,000,000 bytes
    answers: list[str] = []

    def send(number: int) -> None:
        connection = HttpConnection(served, project)
        while (answer := connection.send(run_body(number) + padding)) == "retry":
            time.sleep(0.2)
        answers.append(answer)
        connection.close()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(1, CONNECTIONS + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [OK] * CONNECTIONS
    assert peak_bytes(served.process.pid) < 1500 << 20


def _check_others(server: Served) -> None:
    connection = HttpConnection(server)
    assert connection.send(run_body(1)) == OK
    connection.close()
    assert server.http.get("/health").status_code == 200


def _read_all(sender: socket.socket) -> bytes:
    """What is said until the connection is closed."""
    said = b""
    try:
        while chunk := sender.recv(1 << 16):
            said += chunk
    except ConnectionError:  # closed while there was more to read than it had read
        pass
    return said
