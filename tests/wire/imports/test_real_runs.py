"""Real runs of real agents, where they lie beside the checkout."""

from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path

import msgspec
import pytest

from clew import conventions as names
from clew.span import Span
from clew.wire.imports import Record, detect

FOLDERS = ("tau2", "tau_bench", "swe_agent")
RUNS = sorted(
    path.relative_to(folder.parent).as_posix()
    for name in FOLDERS
    if (folder := Path(__file__).parents[4] / "shared" / "data" / name).is_dir()
    for path in folder.iterdir()
)


@pytest.fixture(params=RUNS or [pytest.param("", marks=pytest.mark.skip("no real runs here"))])
def path(request: pytest.FixtureRequest, shared_data: Path) -> Path:
    """Each file of real runs."""
    return shared_data / request.param


def test_every_run_is_read_as_a_tree(path: Path) -> None:
    """Nothing is broken; one root a trace, every parent there, every id once, children in time."""
    found = list(detect(path).read(path))
    records = [each for each in found if isinstance(each, Record)]
    assert records == found
    assert len({record.spans[0].trace_id for record in records}) == len(records)
    for record in records:
        by_id = {span.span_id: span for span in record.spans}
        assert len(by_id) == len(record.spans)
        assert sum(not span.parent_id for span in record.spans) == 1
        assert {span.trace_id for span in record.spans} == {record.spans[0].trace_id}
        for span in record.spans:
            parent = by_id[span.parent_id or span.span_id]
            assert parent.start_ns <= span.start_ns <= (span.end_ns or 0) <= (parent.end_ns or 0)


def test_the_input_of_a_call_grows_by_what_was_said(path: Path) -> None:
    """Each call of an agent hears all that the one before it heard, its answer, and more."""
    for record in detect(path).read(path):
        assert isinstance(record, Record)
        for calls in _calls_by_agent(record.spans).values():
            for before, after in pairwise(calls):
                heard = _messages(before, names.GEN_AI_INPUT_MESSAGES)
                said = _messages(before, names.GEN_AI_OUTPUT_MESSAGES)
                now = _messages(after, names.GEN_AI_INPUT_MESSAGES)
                assert now[: len(heard)] == heard
                assert now[len(heard) : len(heard) + 1] == said
                assert len(now) > len(heard) + 1


def test_two_reads_give_equal_records(path: Path) -> None:
    """Importing twice changes nothing."""
    first, second = detect(path).read(path), detect(path).read(path)
    assert list(islice(first, 8)) == list(islice(second, 8))


def _calls_by_agent(spans: list[Span]) -> dict[str, list[Span]]:
    calls: dict[str, list[Span]] = {}
    for span in spans:
        if span.attributes[names.GEN_AI_OPERATION_NAME] == "chat":
            calls.setdefault(str(span.attributes[names.GEN_AI_AGENT_NAME]), []).append(span)
    return calls


def _messages(span: Span, attribute: str) -> list[object]:
    return msgspec.json.decode(str(span.attributes[attribute]), type=list[object])
