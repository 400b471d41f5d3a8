"""What runs in a process of the pool: bodies are opened and made rows of, as the server asks.

    Open(job, body) ─► Summary        Prepare(job, projects, time) ─► rows, by project

The two talk in frames over a socket: eight bytes that say how long it is, then a pickle. Both ends
are this program, of the same version, on the same machine, and nobody else holds the socket. The
process ends when the server closes its end, or is gone.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from clew import pricing
from clew.bodies import Body, Opened, open_body
from clew.errors import ClewError
from clew.prepare import Export, Prepared, Preparer
from clew.span import Cost, Facts
from clew.wire.attribute_rules import AttributeRules

HEADER_BYTES = 8
NICENESS = 5
"""Who reads waits for the server; who sends can wait."""
GC_THRESHOLD = 50_000
"""Spans by the thousand are made and dropped again without a cycle among them."""
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Open(NamedTuple):
    """Open `body`, to be called `job` from now on. The answer is its Summary."""

    job: int
    body: Body


class Prepare(NamedTuple):
    """Make the rows of a job, a Prepared for each project. `projects` are those of its resources;
    its items came in at `received_ns` and the nanoseconds after; contents that were stored in
    another `epoch` may be gone."""

    job: int
    projects: Sequence[str | None]
    received_ns: int
    epoch: int


class Tell(NamedTuple):
    """Give the Export of a job, which was prepared, to one project."""

    job: int
    project: str


Question: TypeAlias = "Open | Prepare | Tell"


class News(NamedTuple):
    """What happened since the last question: jobs that are stored as they were prepared, jobs that
    are over without that, the operator's prices if they changed, and before the first question the
    operator's attribute rules."""

    stored: Sequence[int] = ()
    given_up: Sequence[int] = ()
    prices: tuple[pricing.Price, ...] | None = None
    rules: AttributeRules | None = None


class Answer(NamedTuple):
    """The value, or what was raised; and how much processor time it took."""

    value: object
    error: Exception | None = None
    took_s: float = 0.0


class _Held:
    """A job from its question to the news of its end."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.exports: list[Export] = []
        self.prepared: list[Prepared] = []


class Desk:
    """Answers questions, and remembers what is stored so that it isn't prepared again."""

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self._prices: tuple[pricing.Price, ...] = ()
        self._preparer = Preparer(self._price)

    def answer(self, news: News, question: Question) -> Answer:
        """The answer to `question`, after `news`."""
        began = time.thread_time()
        try:
            self._note(news)
            value, error = self._value(question), None
        except ClewError as exc:
            value, error = None, exc
        except Exception:  # noqa: BLE001 - the server raises it, with the whole story
            value, error = None, RuntimeError(traceback.format_exc())
        return Answer(value, error, time.thread_time() - began)

    def _value(self, question: Question) -> object:
        if isinstance(question, Open):
            held = self._held[question.job] = _Held(open_body(question.body))
            return held.opened.summary
        if isinstance(question, Prepare):
            return self._prepared(question)
        exports = self._held[question.job].exports
        return next(export for export in exports if export.project == question.project)

    def _prepared(self, question: Prepare) -> list[Prepared]:
        if question.epoch != self._preparer.stored.epoch:
            self._preparer.stored.forget(question.epoch)
        held = self._held[question.job]
        held.exports = held.opened.exports(question.projects)
        received_ns = question.received_ns
        for export in held.exports:
            held.prepared.append(self._preparer.prepare(export, received_ns))
            received_ns += export.size
        return held.prepared

    def _note(self, news: News) -> None:
        if news.rules is not None:
            self._preparer = Preparer(self._price, news.rules)
        if news.prices is not None:
            self._prices = news.prices
        for job in news.stored:
            for prepared in self._held.pop(job).prepared:
                # What was prepared in an earlier epoch may be deleted by now.
                if prepared.epoch == self._preparer.stored.epoch:
                    self._preparer.stored.add(prepared.contents)
        for job in news.given_up:
            self._held.pop(job, None)

    def _price(self, facts: Facts, at_ns: int) -> Cost | None:
        return pricing.price_span(facts, at_ns, self._prices)


def frame(value: object) -> tuple[bytes, bytes]:
    """The two parts of a frame: how long it is, and the value."""
    content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return len(content).to_bytes(HEADER_BYTES, "little"), content


def main() -> None:
    """Serve the socket whose descriptor is the first argument, until its other end is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # They reach every process of a terminal or a service; the server still has to finish.
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    gc.set_threshold(GC_THRESHOLD, 20, 50)
    logging.basicConfig(format=LOG_FORMAT)
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        try:
            _serve(connection)
        except (BrokenPipeError, ConnectionResetError):
            return


def _serve(connection: socket.socket) -> None:
    desk = Desk()
    pricing.load_table()
    gc.freeze()
    _send(connection, Answer("ready"))
    while _answer_next(connection, desk):
        pass


def _answer_next(connection: socket.socket, desk: Desk) -> bool:
    """Whether there was a question. A function, so that nothing of it stays in memory until the
    next one comes."""
    received = _receive(connection)
    if received is None:
        return False
    news, question = pickle.loads(received)  # noqa: S301 - from the server that started us
    _send(connection, desk.answer(news, question))
    return True


def _send(connection: socket.socket, answer: Answer) -> None:
    for part in frame(answer):
        connection.sendall(part)


def _receive(connection: socket.socket) -> bytearray | None:
    header = _exactly(connection, HEADER_BYTES)
    return None if header is None else _exactly(connection, int.from_bytes(header, "little"))


def _exactly(connection: socket.socket, size: int) -> bytearray | None:
    """So many bytes, None if the other end is closed before."""
    content = bytearray(size)
    view = memoryview(content)
    while view:
        count = connection.recv_into(view)
        if not count:
            return None
        view = view[count:]
    return content
