"""The pool: processes that decode and prepare, and ingest that has them do it."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.bodies import Body, Summary, open_body
from clew.desk import Desk, News, Open, Prepare
from clew.errors import BadInput, ClewError, ProcessEnded, TooLarge, Unavailable
from clew.ingest import INLINE_BYTES, Ingest
from clew.pool import LOAD_OVER_S, Load, Pool
from clew.prepare import Prepared
from clew.pricing import Price
from clew.query.whole import whole_spans
from clew.span import Log, Resource, Span
from clew.store import deletion
from clew.store.embedded import EmbeddedEngine
from clew.store.engine import Engine
from clew.wire.attribute_rules import AttributeRules
from clew.wire.limits import Limits
from clew.wire.otlp import encode_logs, encode_traces
from test_ingest import WatchedEngine, count, messages, span

LIMIT_S = 60
PRICES = (Price(match="gpt-4o", input=3, output=4),)
RULES = AttributeRules.of({"acme.model": "gen_ai.request.model"})
T0 = 1_795_442_531_000_000_000


class Running:
    """An event loop with a pool of one process, which is asked for however little there is."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.run = runner.run
        self.pool = Pool(1, lambda: PRICES, busy_share=0, rules=RULES)

    async def ready(self) -> None:
        """Return once the process is there."""
        deadline = time.monotonic() + LIMIT_S
        while not await self.pool.takes():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)


async def until(holds: Callable[[], bool]) -> None:
    """Return once that is so."""
    deadline = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A process takes half a second to start, and so the tests share it."""
    with asyncio.Runner() as runner:
        running = Running(runner)
        yield running
        runner.run(running.pool.close())


@pytest.fixture
def pool(running: Running) -> Pool:
    """The shared pool, with its process."""
    running.run(running.ready())
    return running.pool


def body(*spans: Span) -> Body:
    """A body that is large enough for a process: the rest of it is an unknown field."""
    return Body("traces", encode_traces(spans) + _padding(INLINE_BYTES), "protobuf")


def _padding(size: int) -> bytes:
    """Field 1000 of a message, which the schema doesn't have, of `size` bytes."""
    length = bytearray()
    left = size
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    return b"\xc2\x3e" + bytes([*length, left]) + bytes(size)


async def _prepared(pool: Pool, sent: Body, projects: Sequence[str]) -> list[Prepared]:
    async with pool.open(sent) as (job, summary):
        assert len(summary.counts) == len(projects)
        return await job.prepare(projects, T0, 7)


@pytest.mark.parametrize(
    "sent",
    [
        body(span(attributes={"gen_ai.input.messages": messages("hi", "you"), "b": b"\x00\xff"})),
        Body("traces", encode_traces([span(name="\ud83d")], "json"), "json"),
        Body("traces", gzip.compress(encode_traces([span()])), "protobuf", "gzip"),
        Body("logs", encode_logs([Log(time_ns=1, body={"said": "hi " * 200})]), "protobuf"),
        body(span(attributes={"acme.model": "gpt-4o"})),
    ],
    ids=["protobuf", "json", "gzip", "logs", "rule"],
)
def test_a_process_makes_the_rows_that_the_server_would(
    running: Running, pool: Pool, sent: Body
) -> None:
    """Byte for byte, whatever the body is."""
    desk = Desk()
    desk.answer(News(prices=PRICES, rules=RULES), Open(1, sent))
    here = desk.answer(News(), Prepare(1, ["p"], T0, 7)).value
    assert running.run(_prepared(pool, sent, ["p"])) == here


def test_a_process_knows_the_attribute_rules() -> None:
    """They come with the news before its first question; without them a row says less."""
    sent = body(span(attributes={"acme.model": "gpt-4o"}))
    rows: list[object] = []
    for rules in (RULES, None):
        desk = Desk()
        desk.answer(News(rules=rules), Open(1, sent))
        rows.append(desk.answer(News(), Prepare(1, ["p"], T0, 7)).value)
    assert rows[0] != rows[1]


@pytest.mark.parametrize(
    "sent",
    [
        Body("traces", b"\xff\xff", "protobuf"),
        Body("traces", b"{", "json"),
        Body("traces", b"no gzip", "protobuf", "gzip"),
        Body("traces", gzip.compress(bytes(99)), "json", "gzip", Limits(body_bytes=9)),
        Body("traces", encode_traces([span()] * 3), "protobuf", "", Limits(items=2)),
    ],
    ids=["protobuf", "json", "gzip", "size", "items"],
)
def test_a_bad_body_is_the_same_error(running: Running, pool: Pool, sent: Body) -> None:
    """With the same words, as the sender is told them."""
    with pytest.raises(ClewError) as here:
        open_body(sent)
    with pytest.raises(type(here.value)) as there:
        running.run(_prepared(pool, sent, []))
    assert there.value.message == here.value.message
    assert isinstance(there.value, (BadInput, TooLarge))


def test_what_fails_in_a_process_says_where(running: Running, pool: Pool) -> None:
    """With the traceback of the process."""

    async def ask() -> None:
        async with pool.open(body(span())) as (job, _):
            await job.export("never prepared")

    with pytest.raises(RuntimeError, match=r"(?s)desk\.py.*StopIteration"):
        running.run(ask())


def test_who_gives_up_leaves_nothing_behind(running: Running, pool: Pool) -> None:
    """A sender that hangs up while its body is worked on; the next one is answered."""

    async def check() -> None:
        asked = [asyncio.create_task(_prepared(pool, body(span()), ["p"])) for _ in range(9)]
        await asyncio.sleep(0)
        for one in asked[:-1]:
            one.cancel()
        assert len((await asked[-1])[0].rows.spans) == 1

    running.run(check())


def test_a_killed_process_is_told_of_and_another_starts(running: Running, pool: Pool) -> None:
    """What it had may be sent again, after a second."""
    [before] = pool.pids

    async def ask() -> None:
        async with pool.open(body(span())) as (job, _):
            os.kill(before, signal.SIGKILL)
            await job.prepare(["p"], T0, 7)

    with pytest.raises(ProcessEnded) as told:
        running.run(ask())
    assert (told.value.status, told.value.retry_after_s) == (503, 1)
    running.run(running.ready())
    assert pool.pids != [before]
    assert len(running.run(_prepared(pool, body(span()), ["p"]))) == 1


def test_an_idle_process_ends(running: Running) -> None:
    """When nothing was asked of it for a while."""
    pool = Pool(1, busy_share=0, idle_s=0.05)

    async def check() -> None:
        await pool.takes()
        [pid] = pool.pids
        await until(lambda: not pool.pids)
        await pool.close()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    running.run(check())


def test_a_pool_that_has_little_to_do_starts_nothing(running: Running) -> None:
    """A fifth of a processor's time is done in the server; more of it starts one process, and then
    another, each when the one before is there."""
    pool = Pool(2)

    async def check() -> None:
        pool.load.add(0.1 * LOAD_OVER_S)
        assert not await pool.takes()
        assert pool.pids == []
        pool.load.add(5 * LOAD_OVER_S)
        for _ in range(3):
            assert not await pool.takes()
        assert len(pool.pids) == 1
        await pool.close()

    running.run(check())


def test_a_pool_of_none_starts_none(running: Running) -> None:
    """However much there is to do."""
    pool = Pool(0, busy_share=0)
    assert not running.run(pool.takes())
    assert pool.pids == []


def test_a_process_that_cannot_start_is_not_tried_again_at_once(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The server does its work, and the log says so."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    pool = Pool(1, busy_share=0)

    async def check() -> None:
        assert not await pool.takes()
        await until(lambda: not pool.pids)
        assert not await pool.takes()
        assert pool.pids == []
        await pool.close()

    running.run(check())
    assert "ended as it started" in caplog.text


def test_load_is_the_work_of_the_last_seconds() -> None:
    """A steady share is told as it is, and forgotten within seconds."""
    now = 0.0
    load = Load(lambda: now)
    for _ in range(1000):
        now += 0.1
        load.add(0.05)
    assert load.share == pytest.approx(0.5, abs=0.02)
    now += 5 * LOAD_OVER_S
    assert load.share < 0.01


# Ingest with a pool.


class Sender:
    """Sends to an ingest that has the pool, into one project."""

    def __init__(self, running: Running, engine: Engine, project: str) -> None:
        self.ingest = Ingest(engine, pool=running.pool, interval_s=0)
        self.project = project
        self._running = running
        self._task = running.run(self._start())

    async def _start(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.ingest.run())

    async def stop(self) -> None:
        """Store what was sent."""
        await self.ingest.drain()
        self._task.cancel()

    def send(self, *spans: Span) -> None:
        """Send `spans`, in a body of their own, to a process."""
        self._running.run(self.sent(*spans))

    async def sent(self, *spans: Span) -> None:
        """See `send`."""
        await self._running.ready()
        with self.ingest.holding() as hold:
            await self.ingest.take(body(*spans), hold, self._route)

    async def prepared(self, *spans: Span) -> asyncio.Task[None]:
        """Sends `spans`, and is back when their rows wait for a commit that is held back."""
        before_bytes = self.ingest.pending_bytes
        sent = asyncio.create_task(self.sent(*spans))
        await until(lambda: self.ingest.pending_bytes > before_bytes)
        return sent

    @asynccontextmanager
    async def one_commit(self) -> AsyncGenerator[None]:
        """What is prepared in the block is one commit, after it."""
        # The first to come is a commit of its own, which the others wait for.
        await self.sent(span("e" * 16, trace_id="2" * 32))
        async with self.ingest.held():
            first = await self.prepared(span("f" * 16, trace_id="2" * 32))
            yield
        await first

    async def _route(self, summary: Summary) -> list[str | None]:
        return [str(said.get("to", self.project)) for said in summary.resources]


@contextmanager
def sending(running: Running, engine: Engine, project: str) -> Generator[Sender]:
    """A sender until the end of the block."""
    sender = Sender(running, engine, project)
    yield sender
    running.run(sender.stop())


@pytest.fixture
def sender(running: Running, engine: EmbeddedEngine, project: str) -> Iterator[Sender]:
    """A sender to the worker's store."""
    with sending(running, engine, project) as sender:
        yield sender


@pytest.fixture
def whole(running: Running, engine: EmbeddedEngine) -> Callable[[str], list[Span]]:
    """The spans of trace 1, as they are stored in a project."""

    def read(project: str) -> list[Span]:
        found = running.run(whole_spans(engine, project, "1" * 32))
        return [one.span for one in found]

    return read


Whole: TypeAlias = "Callable[[str], list[Span]]"


def test_a_growing_conversation_is_stored_once(
    running: Running, engine: EmbeddedEngine, sender: Sender, whole: Whole
) -> None:
    """Whether its calls come in large bodies or in small ones."""
    calls = [
        span(
            f"{number:016x}",
            start_ns=T0 + number,
            attributes={
                "gen_ai.input.messages": messages(*(f"message {n}" for n in range(number)))
            },
        )
        for number in range(1, 9)
    ]
    for call in calls:
        if call.start_ns % 3:
            sender.send(call)
        else:
            running.run(sender.ingest.submit(sender.project, spans=[call]))
    assert running.run(count(engine, "contents", sender.project)) == 8
    assert whole(sender.project) == calls


def test_a_repetition_is_not_written_again(sender: Sender, whole: Whole) -> None:
    """What comes again word for word costs no row, and what comes with it is stored."""
    sent = [span(f"{n:016x}", attributes={"a": "x" * 300}) for n in range(1, 21)]
    sender.send(*sent)
    sender.send(*sent)
    sender.send(*sent, span("f" * 16))
    assert sender.ingest.committed_spans == 21
    assert whole(sender.project) == [*sent, span("f" * 16)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_finished_span_completes_an_unfinished_one(
    sender: Sender, whole: Whole, order: tuple[int, int]
) -> None:
    """In whatever order the two arrive."""
    versions = [span(end_ns=None, attributes={"early": 1}), span(attributes={"done": True})]
    for index in order:
        sender.send(versions[index])
    assert whole(sender.project) == [span(attributes={"early": 1, "done": True})]


def test_two_versions_in_one_commit_are_one_span(
    running: Running, sender: Sender, whole: Whole
) -> None:
    """Whichever is prepared first."""
    versions = [span(end_ns=None, attributes={"early": 1}), span(attributes={"done": True})]

    async def both() -> None:
        async with sender.one_commit():
            sent = [await sender.prepared(version) for version in versions]
        await asyncio.gather(*sent)

    running.run(both())
    assert whole(sender.project) == [span(attributes={"early": 1, "done": True})]


def test_a_sender_that_hangs_up_costs_no_other_its_spans(
    running: Running, sender: Sender, whole: Whole
) -> None:
    """Who sent another version of a span of it in the same commit is told to come back."""
    hung_up = span("1" * 16, end_ns=None, attributes={"early": 1})
    alone = span("2" * 16)

    async def check() -> None:
        async with sender.one_commit():
            gone = await sender.prepared(hung_up)
            sent = [await sender.prepared(one) for one in (span("1" * 16), alone)]
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        results = await asyncio.gather(*sent, return_exceptions=True)
        assert [type(result) for result in results] == [ProcessEnded, type(None)]

    running.run(check())
    sender.send(span("1" * 16))
    assert whole(sender.project) == [span("1" * 16, attributes={"early": 1}), alone]


def test_deleted_contents_are_written_again(
    running: Running, engine: EmbeddedEngine, sender: Sender, whole: Whole
) -> None:
    """After a deletion a process takes nothing for stored either."""
    sent = span(attributes={"gen_ai.input.messages": messages("hello")})

    async def delete() -> None:
        async with sender.ingest.paused(sender.project):
            await deletion.delete_traces(engine, sender.project, [sent.trace_id])

    sender.send(sent)
    running.run(delete())
    assert whole(sender.project) == []
    sender.send(sent)
    assert whole(sender.project) == [sent]


def test_a_deletion_between_the_rows_and_their_commit_takes_nothing(
    running: Running, engine: EmbeddedEngine, sender: Sender, whole: Whole
) -> None:
    """What relied on a content that is deleted meanwhile is made anew."""
    first = span("1" * 16, attributes={"gen_ai.input.messages": messages("hello")})
    second = span("2" * 16, attributes={"gen_ai.input.messages": messages("hello")})

    async def check() -> None:
        async with sender.ingest.paused(sender.project):
            sent = await sender.prepared(second)
            await deletion.delete_traces(engine, sender.project, [first.trace_id])
        await sent

    sender.send(first)
    running.run(check())
    assert whole(sender.project) == [second]


def test_a_failing_store_acknowledges_nothing(
    running: Running, engine: EmbeddedEngine, project: str, whole: Whole
) -> None:
    """And a process takes nothing of it for stored."""
    full = WatchedEngine(engine, full=True)
    sent = span(attributes={"gen_ai.input.messages": messages("hello")})
    with sending(running, full, project) as sender:  # type: ignore[arg-type]
        with pytest.raises(Unavailable):
            sender.send(sent)
        full.full = False
        sender.send(sent)
    assert whole(project) == [sent]


def test_a_body_for_two_projects_is_stored_in_both(sender: Sender, whole: Whole) -> None:
    """Each resource in its own; the same ids are other spans there."""
    other = f"{sender.project}-other"
    resources = [Resource(attributes={"to": to}) for to in (sender.project, other)]
    sent = [
        span(attributes={"early": index}, resource=resource)
        for index, resource in enumerate(resources)
    ]
    sender.send(*sent)
    sender.send(*sent)
    assert [whole(sender.project), whole(other)] == [[sent[0]], [sent[1]]]
    assert sender.ingest.committed_spans == 2


def test_a_process_that_is_killed_before_the_commit_loses_nothing(
    running: Running, sender: Sender, whole: Whole
) -> None:
    """Rows that are there are written; what was to be merged with them is told to come back."""
    alone = span("2" * 16)
    versions = [span("1" * 16, end_ns=None, attributes={"early": 1}), span("1" * 16)]

    async def check() -> list[None | BaseException]:
        async with sender.ingest.held():
            sent = [await sender.prepared(one) for one in (alone, versions[1])]
            os.kill(running.pool.pids[0], signal.SIGKILL)
            await until(lambda: not running.pool.pids)
        return await asyncio.gather(*sent, return_exceptions=True)

    sender.send(versions[0])
    results = running.run(check())
    assert [type(result) for result in results] == [type(None), ProcessEnded]
    sender.send(versions[1])
    assert whole(sender.project) == [
        span("1" * 16, attributes={"early": 1}),
        alone,
    ]


exports = st.lists(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.booleans()), max_size=4),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12)
@given(exports=exports, small=st.sets(st.integers(0, 7)))
def test_any_interleaving_writes_each_span_once(
    running: Running,
    engine: EmbeddedEngine,
    exports: list[list[tuple[int, int, bool]]],
    small: set[int],
) -> None:
    """Exports at once, in bodies for a process and in small ones, with spans that repeat, grow
    and finish: in the end each is there once, finished if that was told, with all that was said."""
    project = f"any-{abs(hash(repr((exports, sorted(small)))))}"
    said = [
        [
            span(
                f"{number:016x}",
                end_ns=T0 + 9 if finished else None,
                attributes={
                    f"said.{words}": True,
                    "gen_ai.input.messages": messages(*(f"word {n}" for n in range(words))),
                },
            )
            for number, words, finished in export
        ]
        for export in exports
    ]

    async def send_all(sender: Sender) -> None:
        await asyncio.gather(
            *(
                sender.ingest.submit(project, spans=spans)
                if index in small
                else sender.sent(*spans)
                for index, spans in enumerate(said)
            )
        )

    with sending(running, engine, project) as sender:
        running.run(send_all(sender))
    sent = [one for export in exports for one in export]
    found = {
        one.span.span_id: one.span for one in running.run(whole_spans(engine, project, "1" * 32))
    }
    assert set(found) == {f"{number:016x}" for number, _, _ in sent}
    assert running.run(count(engine, "spans", project)) == len(found)
    for span_id, one in found.items():
        of_span = [each for each in sent if f"{each[0]:016x}" == span_id]
        assert {key for key in one.attributes if key.startswith("said.")} == {
            f"said.{words}" for _, words, _ in of_span
        }
        assert (one.end_ns is not None) == any(finished for _, _, finished in of_span)
        assert "missing" not in str(one.attributes["gen_ai.input.messages"])
