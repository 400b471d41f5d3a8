"""What came in and wasn't understood is counted, with an example, in bounded memory."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import make
from clew import health as healths
from clew.health import Health, Watch
from clew.ingest import Ingest
from clew.span import Scope, Span
from clew.wire.normalize import speech_of
from clew.wire.unknown import unknown_names


def seen(*spans: Span) -> healths.Seen:
    """What one export of these spans shows."""
    watch = Watch(time.time_ns())
    for span in spans:
        watch.look(span, speech_of(span))
    return watch.seen(logs=0, points=0)


def foreign(number: int = 0, scope: str = "acme.agents") -> Span:
    """A span of a library that nobody here knows."""
    return Span(
        trace_id=f"{number + 1:032x}",
        span_id="a" * 16,
        name="work",
        start_ns=1,
        attributes={"acme.model": f"m{number}", "http.route": "/", "gen_ai.request.model": "m"}
        if number % 2
        else {"acme.model": f"m{number}"},
        scope=Scope(name=scope),
    )


def test_names_that_dialects_or_opentelemetry_know_are_not_unknown() -> None:
    """Whole names, prefixes, indexed ones."""
    known = ["gen_ai.request.model", "clew.metadata.tier", "http.route", "gen_ai.prompt.0.content"]
    known.append("llm.input_messages.0.message.content")
    assert unknown_names([*known, "acme.model"]) == ["acme.model"]


def test_an_unknown_attribute_is_counted_with_an_example() -> None:
    """By scope; whether a dialect of its own read the scope's spans."""
    health = Health()
    health.add("p", seen(foreign(0), foreign(2), make.llm()))
    health.add("p", seen(foreign(4)))
    scopes = health.report("p").seen.scopes
    acme = scopes["acme.agents"]
    assert (acme.spans, acme.understood) == (3, False)
    assert scopes[""].understood
    unknown = acme.unknown["acme.model"]
    assert (unknown.spans, unknown.trace_id, unknown.value) == (3, f"{5:032x}", "m4")
    assert health.report("q").seen.spans == 0


@given(st.lists(st.integers(0, 9), min_size=1), st.integers(1, 5))
def test_many_exports_count_like_one(numbers: list[int], size: int) -> None:
    """However the spans are spread over exports."""
    spans = [foreign(number) for number in numbers]
    one, many = Health(), Health()
    one.add("p", seen(*spans))
    for start in range(0, len(spans), size):
        many.add("p", seen(*spans[start : start + size]))
    for health in (one, many):
        scope = health.report("p").seen.scopes["acme.agents"]
        assert (scope.spans, scope.unknown["acme.model"].spans) == (len(spans), len(spans))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scopes, names, reasons and projects beyond a number are left out."""
    for bound in ("SCOPES", "NAMES", "REASONS", "PROJECTS"):
        monkeypatch.setattr(healths, bound, 3)
    health = Health()
    for number in range(9):
        odd = foreign(0, scope=f"scope {number}")
        odd.attributes.update({f"acme.{number}.{name}": 1 for name in range(9)})
        health.add("p", seen(odd))
        health.add(f"p{number}", seen(odd))
        health.reject("p", 1, [f"reason {number}"])
        health.reject(f"p{number}", 1, ["no"])
    report = health.report("p")
    assert len(report.seen.scopes) == len(report.rejections) == 3
    assert all(len(scope.unknown) == 3 for scope in report.seen.scopes.values())
    assert (report.seen.spans, report.rejected) == (9, 9)
    assert health.report("p8").seen.spans == health.report("p8").rejected == 0


@pytest.mark.anyio
async def test_cut_and_late_spans_are_counted(ingest: Ingest, project: str) -> None:
    """Through the whole way in; a span that is written again is none that came in."""
    now_ns = time.time_ns()
    late = make.llm(start_ns=now_ns - 2 * healths.LATE_NS)
    fresh = make.llm(start_ns=now_ns)
    cut = msgspec.structs.replace(make.llm(start_ns=now_ns), truncated={"input": 9})
    await ingest.submit(project, spans=[late, fresh, cut])
    await ingest.rewrite(project, [late], {late.span_id: ingest.understand(late)})
    found = ingest.health.report(project).seen
    assert (found.spans, found.late, found.truncated) == (3, 1, 1)
