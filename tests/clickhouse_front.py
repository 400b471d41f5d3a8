"""ClickHouse's HTTP interface in front of chdb, for tests where no ClickHouse server is at hand.

    python tests/clickhouse_front.py FOLDER PORT

The engine is the real one; this file is its socket: query in the body, the URL or a form,
`param_*`, settings in the URL, formats, raw inserts, exceptions with their code. It holds to the
limits of a server on fields and URLs. Its configuration has the cluster `one`, with this process
as the only shard, so Distributed tables are real. What needs a second process is not: `ON CLUSTER`
and `Replicated` are taken out of statements, and what concerns the network between servers out of
settings.

The file FOLDER/lose, with a number in it, has that many inserts carried out and not answered; a
second number has as many answered before.
CLICKHOUSE_FRONT_VERSION is the version that it says it is.
"""

from __future__ import annotations

import base64
import email.parser
import email.policy
import gzip
import os
import re
import signal
import sys
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import lz4.frame
import zstandard

from clew.store.embedded import _load_native  # pyright: ignore[reportPrivateUsage]

USER, PASSWORD = "tester", "o/pen#sesame"
CLUSTER = "one"
MAX_FIELD_BYTES = 131_072
MAX_URI_BYTES = 1_048_576
CONFIG = """<clickhouse>
  <tcp_port>9</tcp_port>
  <remote_servers><one><shard>
    <internal_replication>true</internal_replication>
    <replica><host>127.0.0.1</host><port>9</port></replica>
  </shard></one></remote_servers>
</clickhouse>
"""
# What the interface takes in the URL beside settings.
_TRANSPORT = {
    "query", "database", "default_format", "user", "password", "query_id", "session_id",
    "wait_end_of_query", "buffer_size", "enable_http_compression", "compress", "decompress",
    "client_protocol_version", "send_progress_in_http_headers",
    "http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close",
}  # fmt: skip
_NETWORK = {"prefer_localhost_replica", "insert_quorum", "insert_quorum_timeout"}
_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*$")
_INSERT = re.compile(rb"(\s*INSERT\s+INTO\s+[^\n]*?)\s+FORMAT\s+(\w+)\n", re.IGNORECASE)
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "lz4": lz4.frame.decompress,
}
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
    "gzip": gzip.compress,
}


class RefusalError(Exception):
    """An exception in the form of the engine's own."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {text}")


class Store:
    """The engine. A request has a connection of its own, and so settings of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "front.xml"
        config.write_text(CONFIG)
        self._native: Any = _load_native()
        self._place = f"{folder / 'engine'}?config-file={config}"
        self._first = self._native.connect(self._place)
        self._opening = threading.Lock()
        self._lose = folder / "lose"
        self._version = os.environ.get("CLICKHOUSE_FRONT_VERSION", "")

    def close(self) -> None:
        """Let go of the folder."""
        self._first.close()

    def _lose_answer(self) -> None:
        with self._opening:
            said = self._lose.read_text() if self._lose.is_file() else "0"
            left, first = (*map(int, said.split()), 0)[:2]
            if left:
                self._lose.write_text(f"{left} {first - 1}" if first else str(left - 1))
                if not first:
                    raise ConnectionAbortedError

    def run(self, url: dict[str, str], form: dict[str, str], body: bytes) -> bytes:
        """The answer to a request."""
        with self._opening:
            connection = self._native.connect(self._place)
        try:
            if "database" in url:
                connection.query(f"USE `{url['database']}`", "Null")
            settings = {
                name: value
                for name, value in url.items()
                if name not in _TRANSPORT | _NETWORK and not name.startswith("param_")
            }
            connection.query(f"SET {_assignments(settings)}", "Null")
            query = form.get("query", "") or url.get("query", "")
            data = query.encode() + (b"\n" if query and body else b"") + body
            if insert := _INSERT.match(data):
                _insert(connection, insert[1].decode(), insert[2].decode(), data[insert.end() :])
                self._lose_answer()
                return b""
            params = {
                name.removeprefix("param_"): value
                for name, value in {**url, **form}.items()
                if name.startswith("param_")
            }
            statement = re.sub(r"ON CLUSTER '\w+'|(?<=ENGINE = )Replicated", "", data.decode())
            if self._version:
                statement = statement.replace("version()", f"'{self._version}'")
            named = _FORMAT.search(statement)
            fmt = named[1] if named else url.get("default_format", "TabSeparated")
            answer = connection.query(
                statement[: named.start()] if named else statement, fmt, params=params
            )
            return bytes(answer.bytes())
        finally:
            connection.close()


def _assignments(settings: dict[str, str]) -> str:
    # `readonly` last: it forbids to set what comes after it.
    ordered = sorted(settings.items(), key=lambda pair: pair[0] == "readonly")
    pairs = [f"{name} = '{value}'" for name, value in ordered]
    return ", ".join(pairs) or "max_threads = 2"


def _insert(connection: Any, statement: str, fmt: str, rows: bytes) -> None:
    inserter = connection.send_insert(statement, fmt)
    try:
        connection.insert_append(inserter, rows)
        connection.insert_done(inserter)
    except RuntimeError:
        connection.insert_cancel(inserter)
        raise


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    # Head and body are two writes: the second would wait 40 ms until the first was confirmed.
    disable_nagle_algorithm = True
    store: Store

    def do_GET(self) -> None:
        """Only `/ping` is asked this way."""
        self._answer(200, b"Ok.\n", {})

    def do_POST(self) -> None:
        """A statement."""
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            self._check_key()
            url, form, body = self._read(sent)
            answer = self.store.run(url, form, body)
        except ConnectionAbortedError:
            self.close_connection = True
            return
        except (RefusalError, RuntimeError) as exc:
            text = str(exc)
            found = re.search(r"Code: (\d+)\.", text)
            code = found[1] if found else "1000"
            self._answer(500, text.encode() + b"\n", {"X-ClickHouse-Exception-Code": code})
            return
        self._answer(200, answer, {"X-ClickHouse-Summary": '{"read_rows":"0"}'})

    def _check_key(self) -> None:
        given = self.headers.get("authorization", "")
        if given != "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode():
            raise RefusalError(
                516, "Authentication failed: password is incorrect (AUTHENTICATION_FAILED)"
            )

    def _read(self, sent: bytes) -> tuple[dict[str, str], dict[str, str], bytes]:
        if len(self.path) > MAX_URI_BYTES:
            raise RefusalError(1000, "URI Too Long")
        url = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = _DECODERS[self.headers.get("content-encoding", "")](sent)
        form: dict[str, str] = {}
        if self.headers.get_content_type() == "multipart/form-data":
            form, body = _read_form(self.headers["content-type"], body), b""
        for name, value in {**url, **form}.items():
            if len(value.encode()) > MAX_FIELD_BYTES:
                raise RefusalError(1000, f"HTML Form Exception: Field value too long: {name}")
        return url, form, body

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        accepted = self.headers.get("accept-encoding", "")
        wanted = next((name for name in _ENCODERS if name in accepted), None)
        self.send_response(status)
        if wanted and body and "enable_http_compression=1" in self.path:
            body = _ENCODERS[wanted](body)
            self.send_header("Content-Encoding", wanted)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def _read_form(content_type: str, body: bytes) -> dict[str, str]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    form: dict[str, str] = {}
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        form[str(part.get_param("name", header="content-disposition"))] = payload.decode()
    return form


class Front(ThreadingHTTPServer):
    """The listening socket."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Serve until SIGTERM."""
    Handler.store = Store(Path(sys.argv[1]))
    front = Front(("127.0.0.1", int(sys.argv[2])), Handler)

    def stop(_number: int, _frame: object) -> None:
        threading.Thread(target=front.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    sys.stdout.write(f"{front.server_port}\n")
    sys.stdout.flush()
    front.serve_forever(poll_interval=0.05)
    Handler.store.close()


if __name__ == "__main__":
    main()
