"""Processes that open bodies and make rows of them, beside the one that serves.

    take a body ─► Pool ─► Process ═ socket ═ Desk (`clew.desk`)

Python runs in one thread of a process at a time, so who reads waits while the server decodes. A
process takes 40 MB and half a second to start: there is one only while there is work for it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import pickle
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, cast

from clew.bodies import Body, Summary
from clew.desk import HEADER_BYTES, Answer, News, Open, Prepare, Question, Tell, frame
from clew.errors import ProcessEnded
from clew.prepare import Export, Prepared
from clew.pricing import Price
from clew.wire.attribute_rules import AttributeRules

BUSY_SHARE = 0.2
"""Of a processor's time: less work than this is done in the server."""
FULL_SHARE = 0.75
"""With as much work for each process, another one is started."""
LOAD_OVER_S = 3.0
IDLE_S = 60.0
IN_FLIGHT = 2
"""Questions that a process has at a time: one that it works on, and the next."""
RESTART_S = 60.0
"""When a process is tried again after one that ended before it was ready."""
END_LIMIT_S = 5.0

log = logging.getLogger("clew")


class Load:
    """How much work there was lately, as a share of one processor's time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock()
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        """So many seconds of work were done."""
        self._seconds = self._left() + seconds

    @property
    def share(self) -> float:
        """The work of the last seconds, the older the less, over these seconds."""
        self._seconds = self._left()
        return self._seconds / LOAD_OVER_S

    def _left(self) -> float:
        at, self._at = self._at, self._clock()
        return self._seconds * math.exp((at - self._at) / LOAD_OVER_S)


class _Asked(NamedTuple):
    question: Question
    job: Job
    answer: asyncio.Future[object]


class Job:
    """A body that a process has opened. Every method raises ProcessEnded where it is gone, or the
    job over."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: Process | None = None
        self.stored = False
        """Whether its rows are durable, as they were prepared."""

    async def prepare(
        self, projects: Sequence[str | None], received_ns: int, epoch: int
    ) -> list[Prepared]:
        """Its rows: see `clew.desk.Prepare`."""
        answer = await self._ask(Prepare(self.number, projects, received_ns, epoch))
        return cast("list[Prepared]", answer)

    async def export(self, project: str) -> Export:
        """What it tells to one of its projects, after `prepare`."""
        return cast("Export", await self._ask(Tell(self.number, project)))

    async def _ask(self, question: Question) -> object:
        if self.process is None:
            raise ProcessEnded
        return await self.process.ask(question, self)


class Process(asyncio.BufferedProtocol):
    """A process, seen from the server: one end of the socket, and what was asked over it."""

    def __init__(self, pool: Pool, popen: subprocess.Popen[bytes]) -> None:
        self.popen = popen
        self.ready = False
        self.told_to_end = False
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[_Asked] = deque()
        self._in_flight: deque[_Asked] = deque()
        self._jobs: set[int] = set()
        self._stored: list[int] = []
        self._given_up: list[int] = []
        self._prices: tuple[Price, ...] = ()
        self._knows_rules = False
        self._last_asked = time.monotonic()
        self._buffer = memoryview(bytearray(HEADER_BYTES))
        self._filled = 0
        self._in_header = True

    async def ask(self, question: Question, job: Job) -> object:
        """The answer to a question about a job of this process."""
        if self._transport is None:
            raise ProcessEnded
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(question, job, answer))
        self.pump()
        return await answer

    def pump(self) -> None:
        """Send what is to be asked, as far as the process may have it."""
        while self.ready and len(self._in_flight) < IN_FLIGHT:
            asked = self._waiting.popleft() if self._waiting else self._pool.next_body()
            if asked is None:
                return
            if not asked.answer.done():
                self._send(asked)

    def _send(self, asked: _Asked) -> None:
        if asked.job.process is None:
            asked.job.process = self
            self._jobs.add(asked.job.number)
        self._in_flight.append(asked)
        self._last_asked = time.monotonic()
        if self._transport is not None:
            self._transport.writelines(frame((self._news(), asked.question)))

    def _news(self) -> News:
        prices = self._pool.prices()
        news = News(
            self._stored,
            self._given_up,
            None if prices is self._prices else prices,
            None if self._knows_rules else self._pool.rules,
        )
        self._stored, self._given_up, self._prices = [], [], prices
        self._knows_rules = True
        return news

    def close_job(self, job: Job) -> None:
        """Nothing more is asked about it: its sender has an answer, or hung up."""
        job.process = None
        self._jobs.discard(job.number)
        (self._stored if job.stored else self._given_up).append(job.number)

    def end(self) -> None:
        """Hang up, whereupon the process ends."""
        self.told_to_end = True
        if self._transport is not None:
            self._transport.abort()

    def _end_if_idle(self) -> None:
        """Hang up if nothing was asked for long, else look again when that may be so."""
        left_s = self._last_asked + self._pool.idle_s - time.monotonic()
        if left_s <= 0 and not self._jobs:
            self.end()
        elif self._transport is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(max(left_s, self._pool.idle_s / 10), self._end_if_idle)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._end_if_idle()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - of the protocol
        """Where the rest of the frame goes."""
        return self._buffer[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """So much more of the frame is there."""
        self._filled += nbytes
        if self._filled < len(self._buffer):
            return
        received = self._buffer
        size = int.from_bytes(received, "little") if self._in_header else HEADER_BYTES
        self._in_header = not self._in_header
        self._buffer, self._filled = memoryview(bytearray(size)), 0
        if self._in_header:
            # From a process that we started and that nobody else talks to.
            self._answered(pickle.loads(received))  # noqa: S301

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - of the protocol
        """The process ended, or was told to."""
        self._transport = None
        self._pool.lost(self)
        for asked in (*self._in_flight, *self._waiting):
            _fail(asked, ProcessEnded())

    def _answered(self, answer: Answer) -> None:
        if not self.ready:
            self.ready = True
        else:
            asked = self._in_flight.popleft()
            self._pool.load.add(answer.took_s)
            if answer.error is not None:
                _fail(asked, answer.error)
            elif not asked.answer.done():
                asked.answer.set_result(answer.value)
        self.pump()


class Pool:
    """At most so many processes, each started when there is work for it. `prices` gives the
    operator's prices as they stand, `rules` are the operator's too. To be closed in the end."""

    def __init__(
        self,
        most: int,
        prices: Callable[[], tuple[Price, ...]] = tuple,
        *,
        busy_share: float = BUSY_SHARE,
        idle_s: float = IDLE_S,
        rules: AttributeRules | None = None,
    ) -> None:
        self.prices = prices
        self.rules = rules
        self.idle_s = idle_s
        self.load = Load()
        self.opened = 0
        self._most = most
        self._busy_share = busy_share
        self._numbers = itertools.count(1)
        self._processes: list[Process] = []
        self._bodies: deque[_Asked] = deque()
        self._ending: set[asyncio.Future[None]] = set()
        self._not_before = 0.0

    @property
    def pids(self) -> list[int]:
        """The processes that are there."""
        return [process.popen.pid for process in self._processes]

    async def takes(self) -> bool:
        """Whether the next body is for a process. Starts one where there is work for it, which
        then isn't ready yet."""
        share = self.load.share
        if self._lacks_one(share):
            await self._start()
        return share >= self._busy_share and self._are_ready()

    @asynccontextmanager
    async def open(self, body: Body) -> AsyncGenerator[tuple[Job, Summary]]:
        """Have a process open `body`, and keep it until the end of the block. Raises what opening
        it raises, or ProcessEnded."""
        job = Job(next(self._numbers))
        answer = asyncio.get_running_loop().create_future()
        self._bodies.append(_Asked(Open(job.number, body), job, answer))
        try:
            for process in self._processes:
                process.pump()
            summary = cast("Summary", await answer)
            self.opened += 1
            yield job, summary
        finally:
            if job.process is not None:
                job.process.close_job(job)

    def next_body(self) -> _Asked | None:
        """The body that waits longest."""
        return self._bodies.popleft() if self._bodies else None

    def lost(self, process: Process) -> None:
        """A process hung up, or was told to."""
        self._processes.remove(process)
        if not (process.ready or process.told_to_end):
            log.error("a process of ingest ended as it started: the server does its work")
            self._not_before = time.monotonic() + RESTART_S
        elif not process.told_to_end:
            log.warning("a process of ingest ended: what it had is to be sent again")
        ending = asyncio.get_running_loop().run_in_executor(None, _reap, process.popen)
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        if not self._are_ready():
            while (asked := self.next_body()) is not None:
                _fail(asked, ProcessEnded())

    async def close(self) -> None:
        """End all processes, and return when they are gone."""
        self._not_before = math.inf
        for process in self._processes:
            process.end()
        while self._processes or self._ending:
            await asyncio.sleep(0)
            await asyncio.gather(*self._ending)

    def _are_ready(self) -> bool:
        return any(process.ready for process in self._processes)

    def _lacks_one(self, share: float) -> bool:
        count = len(self._processes)
        return (
            count < self._most
            and share >= (FULL_SHARE * count if count else self._busy_share)
            and all(process.ready for process in self._processes)
            and time.monotonic() >= self._not_before
        )

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            process = Process(self, _started(theirs))
        self._processes.append(process)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_unix_connection(lambda: process, sock=ours)
        except BaseException:
            ours.close()
            self.lost(process)
            raise


def _started(connection: socket.socket) -> subprocess.Popen[bytes]:
    # -P, because a folder that happens to be the current one may hold anything.
    code = "from clew.desk import main; main()"
    return subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-P", "-c", code, str(connection.fileno())],
        pass_fds=[connection.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # Ctrl-C at the terminal is for the server.
        process_group=0,
    )


def _reap(popen: subprocess.Popen[bytes]) -> None:
    """Wait for a process whose socket is closed."""
    try:
        popen.wait(END_LIMIT_S)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()


def _fail(asked: _Asked, exc: Exception) -> None:
    if not asked.answer.done():
        asked.answer.set_exception(exc)
