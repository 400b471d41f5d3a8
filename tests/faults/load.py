"""Senders that never give up, as exporters: what wasn't acknowledged is sent again."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import grpc

from clew.span import Span
from clew.wire.otlp import encode_traces

if TYPE_CHECKING:
    from conftest import Served

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PROTOBUF = {"content-type": "application/x-protobuf"}
T0 = 1_795_442_531_000_000_000
SPANS_A_RUN = 4
TOKENS_A_CALL = 10


def run_body(number: int, *, finished: bool = True) -> bytes:
    """Run `number`: an agent and three model calls, each with the conversation so far. Unless it
    is `finished` they still run, and the calls have no tokens yet."""
    trace = f"{number:032x}"
    agent = _span(trace, 1, "", finished=finished, said={"gen_ai.operation.name": "invoke_agent"})
    calls = [_call(trace, number, index, finished=finished) for index in range(2, SPANS_A_RUN + 1)]
    return encode_traces([agent, *calls])


def prompt(number: int, index: int) -> str:
    """What the user says in the call `index` of run `number`; long enough to be a content."""
    return f"question {index} of run {number}: " + "why " * 40


def _call(trace: str, number: int, index: int, *, finished: bool) -> Span:
    history = ",".join(
        f'{{"role":"user","content":"{prompt(number, asked)}"}}' for asked in range(2, index + 1)
    )
    said: dict[str, object] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.input.messages": f"[{history}]",
    }
    if finished:
        said["gen_ai.usage.input_tokens"] = TOKENS_A_CALL
    return _span(trace, index, f"{1:016x}", finished=finished, said=said)


def _span(trace: str, index: int, parent: str, *, finished: bool, said: dict[str, object]) -> Span:
    start_ns = T0 + index * 1000
    return Span(
        trace_id=trace,
        span_id=f"{index:016x}",
        parent_id=parent,
        name=f"step {index}",
        start_ns=start_ns,
        end_ns=start_ns + 1000 if finished else None,
        attributes=said,  # type: ignore[arg-type]
    )


class Export(NamedTuple):
    """A run as it is sent: first while it runs, then finished."""

    run: int
    finished: bool


def twice(sender: int, runs_a_body: int = 1) -> Iterator[Export]:
    """The exports of one sender: each run while it runs, then finished, and some once more. Where
    a body holds several runs, `run` is the first of them."""
    for number in itertools.count(1):
        run = sender * 1_000_000 + number * runs_a_body
        yield Export(run, finished=False)
        yield Export(run, finished=True)
        if number % 5 == 0:
            yield Export(run, finished=True)


class Sender:
    """A thread that sends `exports`, one after the other, until it is stopped or the server is
    gone. `unsure` got no answer yet; it comes first the next time."""

    def __init__(
        self, exports: Iterator[Export], *, grpc: bool = False, runs_a_body: int = 1
    ) -> None:
        self.acknowledged: list[Export] = []
        self.answers: Counter[str] = Counter()
        self.unsure: Export | None = None
        self._exports = exports
        self._runs_a_body = runs_a_body
        self._connect = GrpcConnection if grpc else HttpConnection
        self._stop = threading.Event()
        self._thread = threading.Thread()

    def start(self, server: Served) -> None:
        """Send to the server."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(server,))
        self._thread.start()

    def stop(self) -> None:
        """Send what got no answer until it has one, and no more."""
        self._stop.set()
        self.join()

    def join(self) -> None:
        """Wait until the server is gone, or everything is sent."""
        self._thread.join()

    def _run(self, server: Served) -> None:
        connection = self._connect(server)
        try:
            while self.unsure or not self._stop.is_set():
                self.unsure = self.unsure or next(self._exports, None)
                if self.unsure is None or not self._send(connection, self.unsure):
                    return
        finally:
            connection.close()

    def _send(self, connection: HttpConnection | GrpcConnection, export: Export) -> bool:
        """Whether the server still answers."""
        runs = range(export.run, export.run + self._runs_a_body)
        # Of two messages of protobuf, one after the other, the lists are one list.
        body = b"".join([run_body(run, finished=export.finished) for run in runs])
        answer = connection.send(body)
        if answer == GONE:
            return False
        self.answers[answer] += 1
        if answer == OK:
            self.acknowledged += [Export(run, export.finished) for run in runs]
            self.unsure = None
        else:
            time.sleep(0.05)
        return True


OK, RETRY, GONE = "ok", "retry", "gone"
"""What came of an export; another word is what the server said instead."""


class HttpConnection:
    """One connection that is kept."""

    def __init__(self, server: Served, project: str = "default") -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._headers = {**PROTOBUF, "x-clew-project": project}

    def send(self, body: bytes) -> str:
        """What came of it."""
        try:
            self._http.request("POST", "/v1/traces", body, self._headers)
            with self._http.getresponse() as answer:
                said = answer.read()
        except (OSError, http.client.HTTPException):
            return GONE
        return {200: OK, 503: RETRY}.get(answer.status) or f"{answer.status} {said!r}"

    def close(self) -> None:
        """Hang up."""
        self._http.close()


class GrpcConnection:
    """One channel."""

    def __init__(self, server: Served) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
        self._export = self._channel.unary_unary(EXPORT)

    def send(self, body: bytes) -> str:
        """What came of it."""
        try:
            self._export(body, timeout=60)
        except grpc.RpcError as exc:
            call = cast("grpc.Call", exc)
            # What gRPC itself answers a call that comes in just as the server stops; exporters
            # send it again (https://opentelemetry.io/docs/specs/otlp/#failures).
            if call.code() is grpc.StatusCode.CANCELLED:
                return RETRY
            if call.code() is not grpc.StatusCode.UNAVAILABLE:
                return f"{call.code().name} {call.details()}"
            # The channel says the same where nobody listens; the server sends when to come back.
            trailers: Any = call.trailing_metadata() or ()
            return RETRY if dict(trailers) else GONE
        return OK

    def close(self) -> None:
        """Hang up."""
        self._channel.close()


def surprises(server: Served) -> list[str]:
    """Lines of the server's log that no outside cause explains."""
    lines = server.log.read_text(errors="replace").splitlines()
    return [line for line in lines if " ERROR " in line or line.startswith("Traceback")]


def peak_bytes(pid: int) -> int:
    """The largest resident memory that the process ever had."""
    return _memory_bytes(pid, "VmHWM")


def resident_bytes(pid: int) -> int:
    """Its resident memory now."""
    return _memory_bytes(pid, "VmRSS")


def _memory_bytes(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    [found] = (line for line in lines if line.startswith(f"{field}:"))
    return int(found.split()[1]) << 10
