"""Ingest: acknowledged means stored, once, and readable at once."""

from __future__ import annotations

import asyncio
import base64
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.errors import StoreError, Unavailable
from clew.ingest import HELD_BYTES, Ingest
from clew.query.whole import whole_logs, whole_spans
from clew.span import Event, Link, Log, Resource, Scope, Span
from clew.store import deletion
from clew.store.embedded import EmbeddedEngine
from clew.store.engine import Batch, Engine, Param
from clew.store.engine import Settings as QuerySettings

pytestmark = pytest.mark.anyio

T0 = 1_795_442_531_000_000_000
SECOND = 1_000_000_000


def span(span_id: str = "a" * 16, **fields: object) -> Span:
    """A span of trace 1, one second long."""
    given_fields: dict[str, object] = {
        "trace_id": "1" * 32,
        "span_id": span_id,
        "name": "chat gpt-4o",
        "start_ns": T0,
        "end_ns": T0 + SECOND,
        **fields,
    }
    return Span(**given_fields)  # type: ignore[arg-type]


def messages(*texts: str) -> str:
    """A message list as an instrumentor writes it."""
    return json.dumps([{"role": "user", "content": text} for text in texts])


async def count(engine: Engine, table: str, project: str) -> int:
    """Rows of a project, the newest versions only."""
    body = await engine.query(
        f"SELECT count() AS n FROM {table} FINAL WHERE project = {{p:String}}",  # noqa: S608
        {"p": project},
    )
    return int(msgspec.json.decode(body)["n"])


async def test_a_span_comes_back_whole(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """Everything that arrived can be seen: attributes of every type, events, links, resource,
    scope, schema urls and dropped counts."""
    sent = span(
        parent_id="b" * 16,
        otel_kind="client",
        status="error",
        status_message="boom",
        attributes={
            "gen_ai.input.messages": messages("hello", "wörld"),
            "unknown.thing": "x" * 5000,
            "n": 1,
            "f": 1.0,
            "b": True,
            "bytes": b"\x00\xff",
            "list": ["a", 1, 2.5, None, {"k": "v"}],
            "": "empty key",
        },
        events=(
            Event(
                name="e", time_ns=T0 + 1, attributes={"k": "v" * 300}, dropped_attributes_count=2
            ),
        ),
        links=(Link(trace_id="2" * 32, span_id="c" * 16, attributes={"l": 1}),),
        resource=Resource(
            attributes={"service.name": "s"}, schema_url="https://r", dropped_attributes_count=1
        ),
        scope=Scope(name="lib", version="1", attributes={"x": 1}, schema_url="https://s"),
        trace_state="a=b",
        flags=257,
        dropped_attributes_count=3,
        dropped_events_count=4,
        dropped_links_count=5,
        truncated={"big": 99},
    )
    await ingest.submit(project, spans=[sent])
    [whole] = await whole_spans(engine, project, sent.trace_id)
    assert whole.span == sent


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
keys = st.text(min_size=1) | st.sampled_from(
    ["gen_ai.input.messages", "input.value", "llm.input_messages.0.message.content", "body"]
)


@settings(max_examples=40)
@given(attributes=st.lists(st.dictionaries(keys, values, max_size=6), min_size=1, max_size=5))
def test_any_attributes_come_back(
    engine: EmbeddedEngine, attributes: list[dict[str, object]]
) -> None:
    """Whatever the attributes hold, they come back equal from the store."""
    project = f"any-{abs(hash(repr(attributes)))}"
    sent = [
        span(f"{number:016x}", attributes=found) for number, found in enumerate(attributes, start=1)
    ]

    async def check() -> None:
        ingest = Ingest(engine, interval_s=0)
        running = asyncio.create_task(ingest.run())
        await ingest.submit(project, spans=sent)
        whole = await whole_spans(engine, project, sent[0].trace_id)
        running.cancel()
        assert [one.span for one in whole] == sent

    asyncio.run(check())


async def test_a_growing_conversation_is_stored_once(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """Ten calls that repeat the conversation so far store ten messages, not fifty-five."""
    texts = [f"message {number}" for number in range(10)]
    for number in range(10):
        call = span(
            f"{number:016x}",
            start_ns=T0 + number,
            attributes={"gen_ai.input.messages": messages(*texts[: number + 1])},
        )
        await ingest.submit(project, spans=[call])
    assert await count(engine, "contents", project) == 10


async def test_the_span_that_said_it_first_keeps_the_content(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """Also when it arrives later, as a parent does."""
    attributes = {"gen_ai.input.messages": messages("hello")}
    await ingest.submit(project, spans=[span("2" * 16, start_ns=T0 + 5, attributes=attributes)])
    await ingest.submit(project, spans=[span("1" * 16, start_ns=T0, attributes=attributes)])
    body = await engine.query(
        "SELECT span_id FROM contents FINAL WHERE project = {p:String}", {"p": project}
    )
    assert msgspec.json.decode(body) == {"span_id": "1" * 16}


async def test_a_repeated_span_is_one(ingest: Ingest, engine: EmbeddedEngine, project: str) -> None:
    """The same export twice, as at-least-once delivery sends it, is one span."""
    for _ in range(2):
        await ingest.submit(project, spans=[span()])
    assert await count(engine, "spans", project) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_finished_span_beats_an_unfinished_one(
    ingest: Ingest, engine: EmbeddedEngine, project: str, order: tuple[int, int]
) -> None:
    """In whatever order the two arrive."""
    versions = [span(end_ns=None), span(attributes={"done": True})]
    for index in order:
        await ingest.submit(project, spans=[versions[index]])
    [whole] = await whole_spans(engine, project, "1" * 32)
    assert whole.span == versions[1]


async def test_a_span_told_in_parts_is_one(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """The start with what went in, then the end with the usage: both are on the span."""
    start = span(end_ns=None, attributes={"session.id": "s", "gen_ai.request.model": "gpt-4o"})
    end = span(name="", attributes={"gen_ai.usage.input_tokens": 7}, status="ok")
    await ingest.submit(project, spans=[start])
    await ingest.submit(project, spans=[end])
    [whole] = await whole_spans(engine, project, "1" * 32)
    assert whole.span.attributes == {**start.attributes, **end.attributes}
    assert (whole.span.name, whole.span.end_ns, whole.span.status) == (start.name, end.end_ns, "ok")


async def test_a_poorer_version_takes_nothing_away(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """Attributes and events of an earlier version stay, in one export as in two."""
    rich = span(attributes={"a": 1, "b": 2}, events=(Event(name="e", time_ns=T0),))
    poor = span(attributes={"b": 3})
    await ingest.submit(project, spans=[rich, poor])
    await ingest.submit(project, spans=[poor])
    [whole] = await whole_spans(engine, project, "1" * 32)
    assert whole.span.attributes == {"a": 1, "b": 3}
    assert whole.span.events == rich.events


async def test_a_late_snapshot_adds_and_doesnt_reopen(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """What a running version told is kept, and the end stays."""
    await ingest.submit(project, spans=[span(attributes={"done": True})])
    await ingest.submit(project, spans=[span(end_ns=None, attributes={"early": 2, "done": False})])
    [whole] = await whole_spans(engine, project, "1" * 32)
    assert whole.span.attributes == {"early": 2, "done": True}
    assert whole.span.end_ns == T0 + SECOND


async def test_a_running_span_is_remembered_over_a_restart(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """Its end, sent to the next server, completes it."""
    await ingest.submit(project, spans=[span(end_ns=None, attributes={"early": 2})])
    after = Ingest(engine, interval_s=0)
    running = asyncio.create_task(after.run())
    await after.submit(project, spans=[span(attributes={"done": True})])
    running.cancel()
    [whole] = await whole_spans(engine, project, "1" * 32)
    assert whole.span.attributes == {"early": 2, "done": True}


async def test_a_repetition_is_not_written_again(ingest: Ingest, project: str) -> None:
    """What adds nothing costs no row."""
    for _ in range(3):
        await ingest.submit(project, spans=[span(attributes={"a": 1})])
    assert ingest.committed_spans == 1


async def test_the_same_export_again_reads_nothing(engine: EmbeddedEngine, project: str) -> None:
    """A span sent again word for word is known by its digest; one that differs is looked up."""
    asked = WatchedEngine(engine)
    ingest = Ingest(asked)  # type: ignore[arg-type]
    running = asyncio.create_task(ingest.run())
    sent = [span(f"{n:016x}", attributes={"a": "x" * 300}) for n in range(20)]
    await ingest.submit(project, spans=sent)
    before = asked.queries
    await ingest.submit(project, spans=[*sent, span("f" * 16)])
    assert asked.queries == before
    assert ingest.committed_spans == 21
    await ingest.submit(project, spans=[*sent, span("f" * 16, attributes={"late": 1})])
    assert asked.queries > before
    running.cancel()
    whole = await whole_spans(engine, project, "1" * 32)
    assert [one.span for one in whole] == [*sent, span("f" * 16, attributes={"late": 1})]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0)])
async def test_a_known_version_beside_a_new_one_takes_nothing_away(
    ingest: Ingest, engine: EmbeddedEngine, project: str, order: tuple[int, ...]
) -> None:
    """In one export, in whatever order."""
    versions = [span(attributes={"a": 1}), span(attributes={"b": 2})]
    await ingest.submit(project, spans=[versions[0]])
    await ingest.submit(project, spans=[versions[index] for index in order])
    [whole] = await whole_spans(engine, project, "1" * 32)
    assert whole.span.attributes == {"a": 1, "b": 2}


async def test_traces_of_one_export_are_merged_each_with_its_own(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """The same span ids in two traces, told in two exports."""
    traces = ["1" * 32, "2" * 32]
    for key in ("a", "b"):
        await ingest.submit(
            project, spans=[span(trace_id=trace, attributes={key: trace}) for trace in traces]
        )
    for trace in traces:
        [whole] = await whole_spans(engine, project, trace)
        assert whole.span.attributes == {"a": trace, "b": trace}


async def test_the_same_ids_in_another_project_are_other_spans(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """Ids are only unique within a project."""
    await ingest.submit(project, spans=[span(name="one")])
    await ingest.submit(f"{project}-other", spans=[span(name="two")])
    [one] = await whole_spans(engine, project, "1" * 32)
    [two] = await whole_spans(engine, f"{project}-other", "1" * 32)
    assert (one.span.name, two.span.name) == ("one", "two")


async def test_a_log_comes_back_whole(ingest: Ingest, engine: EmbeddedEngine, project: str) -> None:
    """Body and attributes of a log record, found by its span."""
    sent = Log(
        trace_id="1" * 32,
        span_id="a" * 16,
        time_ns=T0,
        severity="INFO",
        severity_number=9,
        event_name="gen_ai.user.message",
        body={"role": "user", "content": "hi " * 200},
        attributes={"gen_ai.system": "openai"},
    )
    await ingest.submit(project, logs=[sent, sent])
    assert await whole_logs(engine, project, "1" * 32, "a" * 16) == [sent]


async def test_base64_is_stored_once_as_bytes(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """An image that every call repeats is one content, and each call gives it back."""
    url = "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 20).decode()
    payload = json.dumps([{"role": "user", "content": [{"image_url": {"url": url}}]}])
    sent = [
        span(f"{n:016x}", start_ns=T0 + n, attributes={"gen_ai.input.messages": payload})
        for n in range(3)
    ]
    for one in sent:
        await ingest.submit(project, spans=[one])
    whole = await whole_spans(engine, project, "1" * 32, blobs=True)
    assert [one.span for one in whole] == sent
    assert await count(engine, "contents", project) == 2


async def test_concurrent_exports_share_commits(ingest: Ingest, project: str) -> None:
    """A hundred exports at once are a few writes."""
    await asyncio.gather(*(ingest.submit(project, spans=[span(f"{n:016x}")]) for n in range(100)))
    assert ingest.commits <= 5
    assert ingest.committed_spans == 100


async def test_deleted_contents_are_written_again(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """After a deletion nothing is taken for stored: the same trace sent again is whole."""
    sent = span(attributes={"gen_ai.input.messages": messages("hello")})
    await ingest.submit(project, spans=[sent])
    async with ingest.paused("default"):
        await deletion.delete_traces(engine, project, [sent.trace_id])
    assert await whole_spans(engine, project, sent.trace_id) == []
    assert await count(engine, "contents", project) == 0
    await ingest.submit(project, spans=[sent])
    [whole] = await whole_spans(engine, project, sent.trace_id)
    assert whole.span == sent


class WatchedEngine:
    """An engine that counts what it is asked, and whose disk is full for spans named "poison", or
    altogether."""

    def __init__(self, engine: Engine, *, full: bool = False) -> None:
        self._engine = engine
        self.full = full
        self.queries = 0

    async def query(
        self,
        sql: str,
        params: dict[str, Param] | None = None,
        *,
        fmt: str = "JSONEachRow",
        settings: QuerySettings | None = None,
    ) -> bytes:
        """See `Engine.query`."""
        self.queries += 1
        return await self._engine.query(sql, params, fmt=fmt, settings=settings)

    async def insert(self, *batches: Batch) -> None:
        """Refuse, or see `Engine.insert`."""
        if self.full or any(b"poison" in batch.rows for batch in batches):
            message = "no space left on device"
            raise StoreError(message, 243)
        await self._engine.insert(*batches)

    def unhurried(self) -> WatchedEngine:
        """See `Engine.unhurried`."""
        return self

    async def close(self) -> None:
        """See `Engine.close`."""
        await self._engine.close()


async def test_a_failing_store_acknowledges_nothing(engine: EmbeddedEngine, project: str) -> None:
    """While the disk is full exports are told to come back; then the same export is stored."""
    full = WatchedEngine(engine, full=True)
    ingest = Ingest(full)  # type: ignore[arg-type]
    running = asyncio.create_task(ingest.run())
    sent = span(attributes={"gen_ai.input.messages": messages("hello")})
    with pytest.raises(Unavailable):
        await ingest.submit(project, spans=[sent])
    full.full = False
    await ingest.submit(project, spans=[sent])
    [whole] = await whole_spans(engine, project, sent.trace_id)
    assert whole.span == sent
    running.cancel()


async def test_a_refused_export_takes_no_other_with_it(
    engine: EmbeddedEngine, project: str
) -> None:
    """Of the exports that share a commit only the one that the store refuses fails."""
    ingest = Ingest(WatchedEngine(engine))  # type: ignore[arg-type]
    running = asyncio.create_task(ingest.run())
    results = await asyncio.gather(
        ingest.submit(project, spans=[span("1" * 16)]),
        ingest.submit(project, spans=[span("2" * 16, name="poison")]),
        ingest.submit(project, spans=[span("3" * 16)]),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), StoreError, type(None)]
    assert await count(engine, "spans", project) == 2
    running.cancel()


async def test_draining_stores_what_was_submitted_and_refuses_the_rest(
    ingest: Ingest, engine: EmbeddedEngine, project: str
) -> None:
    """A stopping server acknowledges what it took and sends the next one elsewhere."""
    taken = asyncio.create_task(ingest.submit(project, spans=[span()]))
    await asyncio.sleep(0)
    await ingest.drain()
    await taken
    assert await count(engine, "spans", project) == 1
    with pytest.raises(Unavailable, match="stopping"):
        await ingest.submit(project, spans=[span("b" * 16)])


async def test_exports_that_hold_too_much_are_told_to_come_back(ingest: Ingest) -> None:
    """But one that is alone may be as large as it likes, and what it held is free in the end."""
    with ingest.holding() as first:
        first(HELD_BYTES)
        first(1)
        with pytest.raises(Unavailable), ingest.holding() as second:
            second(1)
    with ingest.holding() as first, ingest.holding() as second:
        first(HELD_BYTES - 1)
        second(1)
        with pytest.raises(Unavailable):
            first(1)
