"""The desk: what a process of the pool remembers between questions."""

from __future__ import annotations

import json
from typing import cast

from clew.bodies import Body, Summary
from clew.desk import Desk, News, Open, Prepare, Tell
from clew.errors import BadInput
from clew.prepare import Export, Prepared
from clew.pricing import Price
from clew.span import Span
from clew.wire.otlp import encode_traces
from make import llm

T0 = 1_795_442_531_000_000_000
NOTHING_NEW = News()
TRACE = "1" * 32


def _call(*texts: str, start_ns: int = T0) -> Span:
    said = json.dumps([{"role": "user", "content": text} for text in texts])
    return llm(trace=TRACE, start_ns=start_ns, gen_ai__input__messages=said)


def _prepare(
    desk: Desk, job: int, spans: list[Span], news: News = NOTHING_NEW, epoch: int = 0
) -> Prepared:
    body = Body("traces", encode_traces(spans), "protobuf")
    summary = desk.answer(news, Open(job, body)).value
    assert isinstance(summary, Summary)
    answer = desk.answer(NOTHING_NEW, Prepare(job, ["p"] * len(summary.counts), T0, epoch))
    assert answer.error is None
    return cast("list[Prepared]", answer.value)[0]


def test_what_was_stored_is_not_prepared_again() -> None:
    """A growing conversation becomes rows of what is new in it."""
    desk = Desk()
    assert len(_prepare(desk, 1, [_call("one", "two")]).contents) == 2
    later = _prepare(desk, 2, [_call("one", "two", "three")], News(stored=[1]))
    assert len(later.contents) == 1


def test_what_was_not_stored_is_prepared_again() -> None:
    """While it isn't known, and when it was given up."""
    desk = Desk()
    _prepare(desk, 1, [_call("one")])
    assert len(_prepare(desk, 2, [_call("one")]).contents) == 1
    assert len(_prepare(desk, 3, [_call("one")], News(given_up=[1, 2])).contents) == 1


def test_what_was_stored_in_an_earlier_epoch_may_be_gone() -> None:
    """Whether its end is told before the new epoch or with it."""
    desk = Desk()
    first = _prepare(desk, 1, [_call("one")])
    again = _prepare(desk, 2, [_call("one")], News(stored=[1]), epoch=5)
    assert (len(again.contents), again.epoch) == (1, 5)
    assert len(_prepare(desk, 3, [_call("one")], News(given_up=[2]), epoch=5).contents) == 1
    # The same words in another epoch are another export.
    assert first.marks != again.marks


def test_an_export_is_told_until_its_job_is_over() -> None:
    """For what has to be merged with an earlier version; afterwards the desk doesn't have it."""
    desk = Desk()
    spans = [_call("one")]
    _prepare(desk, 1, spans)
    told = desk.answer(NOTHING_NEW, Tell(1, "p")).value
    assert isinstance(told, Export)
    assert told.spans == spans
    assert isinstance(desk.answer(News(given_up=[1]), Tell(1, "p")).error, RuntimeError)


def test_spans_arrive_one_after_the_other() -> None:
    """Over the projects of a body too: of two versions of a span the later one stays."""
    desk = Desk()
    spans = [_call("one"), _call("two")]
    alone = [_prepare(Desk(), 1, [span]).rows.spans for span in spans]
    together = _prepare(desk, 1, spans).rows.spans
    assert together[0] == alone[0][0]
    assert together[1] != alone[1][0]


def test_prices_are_those_of_the_last_news() -> None:
    """Also when they change."""
    desk = Desk()
    rows = [
        _prepare(desk, number, [_call("one")], News(prices=prices)).rows.spans
        for number, prices in enumerate(
            [(Price(match="gpt-5", input=1, output=1),), (Price(match="gpt-5", input=2, output=2),)]
        )
    ]
    assert all(b"operator" in row for [row] in rows)
    assert rows[0] != rows[1]


def test_a_bad_body_is_an_error_to_answer_with() -> None:
    """And the job may be given up, though it was never open."""
    desk = Desk()
    answer = desk.answer(NOTHING_NEW, Open(1, Body("traces", b"\xff", "protobuf")))
    assert isinstance(answer.error, BadInput)
    assert len(_prepare(desk, 2, [_call("one")], News(given_up=[1])).rows.spans) == 1
