"""The client: what it asks, what it understands, how it fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from clew import client as client_module
from clew import errors
from clew.client import Client, Rows
from clew.score import Score


class Peer(ThreadingHTTPServer):
    """Something that speaks HTTP: gives the answers it was told to, and remembers the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []

    def will_answer(self, status: int, body: object, **headers: str) -> None:
        """Add an answer; `body` becomes JSON unless it is bytes."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, named, raw))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        peer = self.server
        assert isinstance(peer, Peer)
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        peer.requests.append((self.command, self.path, headers, body))
        status, extra, raw = peer.answers.pop(0)
        self.send_response(status)
        for name, value in ({"content-length": str(len(raw))} | extra).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 (the library's names)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Nothing."""


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(peer: Peer) -> Iterator[Client]:
    with Client(peer.url, "sk-clew-secret") as opened:
        yield opened


@pytest.mark.parametrize(
    "leaf",
    [
        errors.BadInput,
        errors.Unauthorized,
        errors.Forbidden,
        errors.NotFound,
        errors.Conflict,
        errors.TooLarge,
        errors.UnsupportedMedia,
        errors.QueryRefused,
        errors.Unavailable,
    ],
)
def test_an_error_arrives_as_it_was_raised(
    peer: Peer, client: Client, leaf: type[errors.ClewError]
) -> None:
    """The same class and sentence on both sides."""
    body = {"error": {"status": leaf.status, "message": "what happened and what to do"}}
    peer.will_answer(leaf.status, body)
    with pytest.raises(errors.ClewError, match=r"^what happened and what to do$") as caught:
        client.info()
    assert type(caught.value) is leaf


def test_a_bad_filter_says_where(peer: Peer, client: Client) -> None:
    """The position travels with the sentence."""
    peer.will_answer(400, {"error": {"status": 400, "message": "no such field", "position": 12}})
    with pytest.raises(errors.BadFilter) as caught:
        client.traces("default", filter="kind:llm and")
    assert caught.value.position == 12


def test_an_error_without_our_form_is_one_of_ours(peer: Peer, client: Client) -> None:
    """A proxy's page of HTML, or an unexpected status."""
    peer.will_answer(502, b"<h1>Bad Gateway</h1>")
    with pytest.raises(errors.ClewError, match="answered 502"):
        client.info()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"version": 7}'])
def test_what_is_no_clew_is_a_sentence(peer: Peer, client: Client, body: bytes) -> None:
    """Another program may listen there."""
    peer.will_answer(200, body)
    with pytest.raises(errors.BadInput, match="is it a Clew"):
        client.info()


def test_no_server_says_how_to_start_one(peer: Peer) -> None:
    """With the address that was tried."""
    peer.server_close()
    with (
        Client(peer.url) as client,
        pytest.raises(errors.Unavailable, match=rf"at {peer.url} .*: start one with `clew serve`"),
    ):
        client.info()


@pytest.mark.parametrize("url", ["localhost:4318", "ftp://localhost", "http://[::1", "http://a:b"])
def test_an_address_that_is_none_is_a_sentence(url: str) -> None:
    """Such as one without a scheme."""
    with pytest.raises(errors.BadInput, match=r"can't be a server's address"):
        Client(url).info()


def test_names_and_values_are_escaped(peer: Peer, client: Client) -> None:
    """A project can't reach into the path, nor a filter into the query."""
    peer.will_answer(200, {"traces": [], "next_cursor": None})
    client.traces("my project/..", filter='name:"a&b" cost>1', start="now-24h", limit=5)
    method, path, headers, _ = peer.requests[0]
    assert (method, headers["authorization"]) == ("GET", "Bearer sk-clew-secret")
    assert path == (
        "/api/projects/my%20project%2F../traces"
        "?limit=5&filter=name%3A%22a%26b%22+cost%3E1&from=now-24h"
    )


def test_rows_keep_their_types(peer: Peer, client: Client) -> None:
    """Text, numbers, nothing, lists and maps."""
    row = ["a", 1, 2.5, None, True, [1], {"k": "v"}]
    columns = [{"name": "x", "type": "String"}] * len(row)
    answer = {"columns": columns, "rows": [row], "row_count": 1, "truncated": False}
    peer.will_answer(200, answer)
    rows = client.sql("default", "select 1")
    assert isinstance(rows, Rows)
    assert rows.rows == [row]
    assert msgspec.json.decode(peer.requests[0][3]) == {"query": "select 1"}


def test_scores_are_sent_whole(peer: Peer, client: Client) -> None:
    """In the shape of `score.Score`."""
    peer.will_answer(200, {"accepted": 1})
    score = Score(score_id="s", name="helpful", value=1.0, trace_id="t")
    assert client.add_scores("default", [score]) == 1
    sent = msgspec.json.decode(peer.requests[0][3])
    assert msgspec.convert(sent["scores"], list[Score]) == [score]


def test_a_full_server_is_asked_again(
    peer: Peer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was submitted is sent until it is taken, with the pauses that the server asks for."""
    pauses: list[float] = []
    monkeypatch.setattr(client_module.time, "sleep", pauses.append)
    busy = {"error": {"status": 503, "message": "full"}}
    peer.will_answer(503, busy, retry_after="3")
    peer.will_answer(503, busy)
    peer.will_answer(200, b"taken")
    answer = client.submit(b"spans", project="travel", content_type="application/x-protobuf")
    assert answer == b"taken"
    assert pauses == [3, 2]
    assert [body for *_, body in peer.requests] == [b"spans"] * 3
    assert peer.requests[0][2]["x-clew-project"] == "travel"
    peer.will_answer(400, {"error": {"status": 400, "message": "undecodable"}})
    with pytest.raises(errors.BadInput, match="undecodable"):
        client.submit(b"spans", project="travel", content_type="application/x-protobuf")


def test_an_export_comes_in_pieces_or_as_an_error(peer: Peer, client: Client) -> None:
    """Bytes as they were sent, however many."""
    peer.will_answer(200, b"x" * 1_000_000)
    assert sum(map(len, client.export("default", "t"))) == 1_000_000
    peer.will_answer(404, {"error": {"status": 404, "message": "no such run"}})
    with pytest.raises(errors.NotFound, match="no such run"):
        list(client.export("default", "t"))
