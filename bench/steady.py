"""Steady senders: processes that send new runs at an even pace until they are told to stop."""

from __future__ import annotations

import http.client
import itertools
import multiprocessing
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event

import bodies as made
from products import clew
from senders import ANSWER_LIMIT_S, SENDERS, deliver


@dataclass(frozen=True, kw_only=True)
class Told:
    """One request: the runs in it and how long its answer took; or `failure`, the answers that
    ended a sender."""

    run_numbers: range
    wait_s: float | None
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class _Pace:
    port: int
    number: int
    pause_s: float


@contextmanager
def sending(port: int, rate: int, hear: Callable[[Told], None]) -> Generator[None]:
    """Send `rate` spans a second by four processes meanwhile. `hear` is called in a thread."""
    # Started afresh: a fork would copy the thread that watches memory in the middle of its work.
    context = multiprocessing.get_context("spawn")
    over = context.Event()
    pause_s = SENDERS * made.RUNS_A_BODY * made.SPANS_A_RUN / rate
    senders: list[BaseProcess] = []
    pipes: list[Connection] = []
    for number in range(SENDERS):
        ours, theirs = context.Pipe(duplex=False)
        pace = _Pace(port=port, number=number, pause_s=pause_s)
        sender = context.Process(target=_run_sender, args=(pace, over, theirs), daemon=True)
        sender.start()
        theirs.close()
        senders.append(sender)
        pipes.append(ours)
    listener = threading.Thread(target=_listen, args=(pipes, hear))
    listener.start()
    try:
        yield
    finally:
        over.set()
        for sender in senders:
            sender.join()
        listener.join()


def _listen(pipes: list[Connection], hear: Callable[[Told], None]) -> None:
    open_pipes = set(pipes)
    while open_pipes:
        for pipe in open_pipes.intersection(wait(list(open_pipes))):
            try:
                hear(pipe.recv())
            except EOFError:
                open_pipes.discard(pipe)


def _run_sender(pace: _Pace, over: Event, answer: Connection) -> None:
    # Ctrl-C reaches every process of the terminal; the one that started us ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = http.client.HTTPConnection("127.0.0.1", pace.port, timeout=ANSWER_LIMIT_S)
    counts: Counter[int] = Counter()
    # One after the other, so that the server is not asked for four bodies at once.
    due = time.monotonic() + pace.pause_s * pace.number / SENDERS
    for turn in itertools.count():
        first = 1 + (turn * SENDERS + pace.number) * made.RUNS_A_BODY
        runs = range(first, first + made.RUNS_A_BODY)
        body = made.encode_runs([(number, time.time_ns()) for number in runs])
        if over.wait(max(0.0, due - time.monotonic())):
            return
        due += pace.pause_s
        until = time.monotonic() + ANSWER_LIMIT_S
        wait_s = deliver(connection, body, clew.HEADERS, counts, until=until)
        failure = "" if wait_s is not None else f"not accepted: {dict(counts)}"
        answer.send(Told(run_numbers=runs, wait_s=wait_s, failure=failure))
        if failure:
            return
