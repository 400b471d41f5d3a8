"""Senders: processes that post prepared bodies and wait for each answer, as exporters do."""

from __future__ import annotations

import http.client
import multiprocessing
import os
import signal
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

from bodies import Bodies, Place

SENDERS = 4
ANSWER_LIMIT_S = 120
RETRIED = frozenset({429, 502, 503, 504})
"""What an exporter sends again: https://opentelemetry.io/docs/specs/otlp/#failures-1"""
_CONTENT = {"Content-Type": "application/x-protobuf"}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What senders saw. Times are of the monotonic clock; `status_counts` has every answer, with
    0 for none."""

    started: float
    ended: float
    accepted_spans: int
    accepted_bytes: int
    waits_s: list[float]
    status_counts: Counter[int] = field(default_factory=Counter)

    def percentile_s(self, percent: int) -> float | None:
        """How long `percent` of the accepted requests waited for their answer at most."""
        if len(self.waits_s) < 2:  # noqa: PLR2004
            return self.waits_s[0] if self.waits_s else None
        return statistics.quantiles(self.waits_s, n=100, method="inclusive")[percent - 1]


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one sender has to do: the bodies at `places` of the file `path`, one after the other,
    one every `every_s` from `first_s` on where it is told, and none begun after `limit_s`."""

    path: Path
    places: Sequence[Place]
    port: int
    headers: Mapping[str, str]
    limit_s: float
    every_s: float = 0
    first_s: float = 0


def send_all(
    bodies: Bodies, port: int, headers: Mapping[str, str], *, limit_s: float, every_s: float = 0
) -> Sent:
    """Post `bodies` to /v1/traces by four senders at once; together one every `every_s`."""
    # Started afresh: a fork would copy the thread that watches memory in the middle of its work.
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(SENDERS)
    senders: list[BaseProcess] = []
    pipes: list[Connection] = []
    try:
        for number in range(SENDERS):
            ours, theirs = context.Pipe(duplex=False)
            load = Load(
                path=bodies.path,
                places=bodies.places[number::SENDERS],
                port=port,
                headers=headers,
                limit_s=limit_s,
                every_s=every_s * SENDERS,
                first_s=every_s * number,
            )
            sender = context.Process(target=_run_sender, args=(load, start, theirs), daemon=True)
            sender.start()
            theirs.close()
            senders.append(sender)
            pipes.append(ours)
        return _together([pipe.recv() for pipe in pipes])
    finally:
        for sender in senders:
            sender.terminate()
            sender.join()


def _together(all_sent: Sequence[Sent]) -> Sent:
    return Sent(
        started=min(sent.started for sent in all_sent),
        ended=max(sent.ended for sent in all_sent),
        accepted_spans=sum(sent.accepted_spans for sent in all_sent),
        accepted_bytes=sum(sent.accepted_bytes for sent in all_sent),
        waits_s=[wait for sent in all_sent for wait in sent.waits_s],
        status_counts=sum((sent.status_counts for sent in all_sent), Counter()),
    )


def _run_sender(load: Load, start: Barrier, answer: Connection) -> None:
    # Ctrl-C reaches every process of the terminal; the one that started us ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = http.client.HTTPConnection("127.0.0.1", load.port, timeout=ANSWER_LIMIT_S)
    start.wait()
    answer.send(send(connection, load))


def send(connection: http.client.HTTPConnection, load: Load) -> Sent:
    """Post the bodies of `load`."""
    spans = size = 0
    waits_s: list[float] = []
    counts: Counter[int] = Counter()
    file = os.open(load.path, os.O_RDONLY)
    started = time.monotonic()
    for number, place in enumerate(load.places):
        body = os.pread(file, place.size_bytes, place.offset)
        due = started + load.first_s + number * load.every_s
        time.sleep(max(0.0, due - time.monotonic()))
        until = started + load.limit_s
        wait_s = deliver(connection, body, load.headers, counts, until=until)
        if wait_s is not None:
            spans += place.spans
            size += place.size_bytes
            waits_s.append(wait_s)
    os.close(file)
    return Sent(
        started=started,
        ended=time.monotonic(),
        accepted_spans=spans,
        accepted_bytes=size,
        waits_s=waits_s,
        status_counts=counts,
    )


def deliver(
    connection: http.client.HTTPConnection,
    body: bytes,
    headers: Mapping[str, str],
    counts: Counter[int],
    *,
    until: float,
) -> float | None:
    """How long the answer to the attempt that was accepted took; None if none was."""
    while (began := time.monotonic()) < until:
        status, retry_after_s = _post(connection, body, headers)
        counts[status] += 1
        if status == http.client.OK:
            return time.monotonic() - began
        if status not in RETRIED:
            return None
        time.sleep(min(retry_after_s, max(0.0, until - time.monotonic())))
    return None


def _post(
    connection: http.client.HTTPConnection, body: bytes, headers: Mapping[str, str]
) -> tuple[int, float]:
    """The status of the answer, and after how many seconds to try again."""
    try:
        connection.request("POST", "/v1/traces", body, {**_CONTENT, **headers})
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0, 1.0
    return response.status, float(response.getheader("Retry-After") or 1)
