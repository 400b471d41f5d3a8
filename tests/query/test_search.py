"""Search in what was said, the list of spans, and sessions."""

from __future__ import annotations

import json
import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import make
from clew import filter as filters
from clew.errors import BadInput, NotFound
from clew.ingest import Ingest
from clew.query.search import Hit, cut_snippet, list_hits
from clew.query.sessions import get_session, list_sessions
from clew.query.spans import get_span, list_spans
from clew.query.times import HOUR_NS
from clew.query.walk import Listing
from clew.span import Event, Link, Resource, Scope
from clew.store.embedded import EmbeddedEngine

pytestmark = pytest.mark.anyio


def said(text: str) -> str:
    """A message list with one user message, as GenAI senders write it."""
    message = {"role": "user", "parts": [{"type": "text", "content": text}]}
    return msgspec.json.encode([message]).decode()


def marked(hit: Hit) -> list[str]:
    """What the ranges of a snippet cover, by UTF-16 units."""
    units = hit.snippet.encode("utf-16-le")
    return [units[2 * start : 2 * end].decode("utf-16-le") for start, end in hit.ranges]


async def test_hit_names_the_span_that_said_it_first(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """A message that every call repeats is one hit, at the first call; also out of order."""
    root = make.agent("planner")
    calls = [make.llm(parent=root, gen_ai__input__messages=said("Where is Oslo?")) for _ in "123"]
    await make.store(ingest, project, calls[1])
    await make.store(ingest, project, calls[2], calls[0], root)
    [hit] = (await list_hits(engine, project, "oslo")).items
    assert (hit.trace_id, hit.span_id) == (root.trace_id, calls[0].span_id)
    assert (hit.trace_name, hit.span_name, hit.kind) == ("planner", "gpt-5", "llm")
    assert (hit.snippet, marked(hit)) == ("Where is Oslo?", ["Oslo"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("rate", ["Rate"]),
        ('"rate limit"', ["Rate limit"]),
        ("limit rate", ["Rate", "limit"]),
        ("CAFÉ", ["café"]),
        ("退款", ["退款"]),
        ("政策", ["政策"]),
        ("한국어", ["한국어"]),
        ("😀", ["😀"]),
        ("foo_bar", ["foo_bar"]),
        ("ate", []),
        ("bar_foo", []),
        ('"limit rate"', []),
        ("款退", []),
    ],
)
@pytest.mark.parametrize("escaped", [True, False])
async def test_words_are_found_in_every_language(  # noqa: PLR0913 - a part and a side each
    engine: EmbeddedEngine,
    ingest: Ingest,
    project: str,
    query: str,
    expected: list[str],
    *,
    escaped: bool,
) -> None:
    """Case, accents escaped by the sender, scripts without spaces: what is found is marked."""
    text = "😀 Rate\nlimit at the café: 退款政策 and 한국어 or foo_bar"
    written = json.dumps(json.loads(said(text)), ensure_ascii=escaped)
    await make.store(ingest, project, make.llm(gen_ai__input__messages=written))
    hits = (await list_hits(engine, project, query)).items
    assert [piece for hit in hits for piece in marked(hit)] == expected


async def test_hits_come_in_pages_newest_first(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Over days, each once, narrowed by a filter on the span that said it."""
    starts = [0, 1, 3_000, 100_000, 900_000]
    spans = [
        make.span(f"s{n}", start_ns=make.T0 - n * make.SECOND, input__value=f"Hello, number {n}")
        for n in starts
    ]
    await make.store(ingest, project, *spans)
    listing, found = Listing(limit=2), []
    while True:
        page = await list_hits(engine, project, "hello", listing)
        found += [hit.span_id for hit in page.items]
        if page.next_cursor is None:
            break
        listing = listing._replace(cursor=page.next_cursor)
    assert found == [span.span_id for span in spans]
    narrowed = Listing(filter=filters.parse("name:s3000"))
    [hit] = (await list_hits(engine, project, "hello", narrowed)).items
    assert hit.span_id == spans[2].span_id


async def test_search_for_nothing_is_refused(engine: EmbeddedEngine, project: str) -> None:
    """An empty search says what it wants."""
    with pytest.raises(BadInput, match="a word or a quoted phrase"):
        await list_hits(engine, project, ' "" ')


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("smile", ["smile"]),
        ("bcd", ["bcd"]),
        ("family", ["family"]),
        ("love", ["love"]),
        ('"😀smile"', ["😀smile"]),
        ("보고서", ["보고서"]),
        ("résumé", ["résumé"]),
        (unicodedata.normalize("NFD", "résumé"), ["résumé"]),
        ("smil", []),
    ],
)
async def test_words_are_found_beside_emoji_and_decomposed(
    engine: EmbeddedEngine, ingest: Ingest, project: str, query: str, expected: list[str]
) -> None:
    """Emoji end a word, also joined and varied ones; NFD as macOS writes it is found as typed."""
    text = "😀smile a😀bcd 👨\u200d👩family❤\ufe0flove" + unicodedata.normalize(
        "NFD", " 보고서.pdf résumé.doc"
    )
    await make.store(ingest, project, make.llm(gen_ai__input__messages=said(text)))
    hits = (await list_hits(engine, project, query)).items
    assert [piece for hit in hits for piece in marked(hit)] == expected


async def test_half_an_emoji_breaks_no_export(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Senders cut texts inside of surrogate pairs; what is left is stored and found."""
    cut = said("broken HALF").replace("HALF", "\\ud83d")
    await make.store(ingest, project, make.llm(gen_ai__input__messages=cut))
    assert len((await list_hits(engine, project, "broken")).items) == 1


@pytest.mark.parametrize(
    ("query", "message"), [("w " * 17, "may have 16"), ("w" * 4097, "longer than 4096")]
)
async def test_search_for_too_much_is_refused(
    engine: EmbeddedEngine, project: str, query: str, message: str
) -> None:
    """Each word is a look into the index; the refusal says how many there may be."""
    with pytest.raises(BadInput, match=message):
        await list_hits(engine, project, query)


@given(st.text(), st.text(min_size=1).filter(str.split), st.text())
def test_snippet_marks_what_it_shows(before: str, needle: str, after: str) -> None:
    """Ranges lie in the snippet, in order, and the snippet is short."""
    snippet = cut_snippet(f"{before} {needle} {after}", [" ".join(needle.split())])
    units = len(snippet.text.encode("utf-16-le")) // 2
    assert len(snippet.text) <= 162
    edges = [edge for pair in snippet.ranges for edge in pair]
    assert edges == sorted(edges)
    assert all(0 <= edge <= units for edge in edges)


async def test_spans_are_listed_and_paged(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Newest first or by a measure; the newest version of each, and only if that one matches."""
    root = make.agent(start_ns=make.T0)
    slow = make.llm(parent=root, start_ns=make.T0 + 1, seconds=9)
    moved = make.llm(parent=root, start_ns=make.T0 + 2, seconds=None)
    ended = msgspec.structs.replace(
        moved, start_ns=moved.start_ns + 2 * HOUR_NS, end_ns=moved.start_ns + 3 * HOUR_NS
    )
    await make.store(ingest, project, root, slow, moved)
    await make.store(ingest, project, ended, slow)
    first = await list_spans(engine, project, Listing(limit=2))
    second = await list_spans(engine, project, Listing(limit=2, cursor=first.next_cursor))
    ids = [row.span_id for row in first.items + second.items]
    assert ids == [ended.span_id, slow.span_id, root.span_id]
    running = Listing(filter=filters.parse("is:running"))
    assert (await list_spans(engine, project, running)).items == []
    by_duration = await list_spans(engine, project, Listing(order="-duration"))
    assert [row.span_id for row in by_duration.items] == [root.span_id, slow.span_id, ended.span_id]
    counted = Listing(filter=filters.parse("kind:llm steps>2"))
    assert len((await list_spans(engine, project, counted)).items) == 2


async def test_span_is_read_with_everything_that_came(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """Events, links, resource, scope, bytes and messages can all be seen."""
    span = msgspec.structs.replace(
        make.llm(gen_ai__input__messages=said("Where is Oslo?"), blob=b"\x00\xff"),
        events=(Event(name="retry", time_ns=make.T0, attributes={"n": 1}),),
        links=(Link(trace_id="1" * 32, span_id="2" * 16),),
        resource=Resource(attributes={"service.name": "booking"}),
        scope=Scope(name="tests", version="1"),
        dropped_attributes_count=3,
    )
    await make.store(ingest, project, span)
    body = msgspec.json.decode(await get_span(engine, project, span.trace_id, span.span_id))
    assert body["attributes"]["blob"] == {"$bytes": "AP8="}
    assert body["events"][0]["time"] == "2026-11-23T14:02:11.000000000Z"
    assert body["links"][0]["span_id"] == "2" * 16
    assert body["resource"]["attributes"] == {"service.name": "booking"}
    assert (body["scope"]["name"], body["dropped_attributes_count"]) == ("tests", 3)
    [message] = body["conversation"]["messages_in"]
    assert message["parts"][0]["text"] == "Where is Oslo?"
    with pytest.raises(NotFound, match="no span 0123"):
        await get_span(engine, project, span.trace_id, "0123")


async def test_sessions_are_summed_up_newest_first(
    engine: EmbeddedEngine, ingest: Ingest, project: str
) -> None:
    """A session stands at its newest run that matches, once, and holds all its runs."""
    talk = [
        make.agent(session__id=name, input__value=f"turn {n}", user__id="u", error=error)
        for n, (name, error) in enumerate([("a", ""), ("b", ""), ("a", "broke"), ("c", "")])
    ]
    calls = [make.llm(parent=turn) for turn in talk]
    await make.store(ingest, project, *talk, *calls, make.agent("alone"))
    first = await list_sessions(engine, project, Listing(limit=2))
    rest = await list_sessions(engine, project, Listing(limit=2, cursor=first.next_cursor))
    assert [one.session_id for one in first.items + rest.items] == ["c", "a", "b"]
    a = first.items[1]
    assert (a.trace_count, a.error_count, a.input_tokens, a.user_id) == (2, 1, 200, "u")
    assert (a.input_preview, a.cost_usd) == ("turn 0", None)
    failed = Listing(filter=filters.parse("status:error"))
    [only] = (await list_sessions(engine, project, failed)).items
    assert (only.session_id, only.trace_count) == ("a", 2)
    whole = await get_session(engine, project, "a")
    assert [trace.trace_id for trace in whole.traces] == [talk[0].trace_id, talk[2].trace_id]
    with pytest.raises(NotFound, match="no session z"):
        await get_session(engine, project, "z")
