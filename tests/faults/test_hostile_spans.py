"""Spans that no honest program sends are stored, and every question about them has an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

import make
from clew.wire.otlp import encode_traces
from faults import hostile
from faults.hostile import Export

if TYPE_CHECKING:
    from conftest import Served

pytestmark = pytest.mark.faults

OF_A_TRACE = ("traces/{trace}", "traces/{trace}/logs", "traces/{trace}/export?format=jsonl")
OF_A_PROJECT = (
    "traces",
    "traces?order=duration",
    "traces?order=-tokens",
    "traces?order=cost&filter=duration>1s",
    "traces?filter=-kind:tool deep",
    "traces?filter=status:error cost>0",
    "traces?from=now-30d&to=now",
    "spans",
    "spans?order=duration",
    "spans?order=-cost",
    "spans?filter=tokens>0",
    "sessions",
    "search?q=deep",
    "search?q=word x",
    "stats?metric=traces",
    "stats?metric=duration_p95&group_by=model",
    "stats?metric=input_tokens&from=1970-01-01T00:00:00Z&to=2261-01-01T00:00:00Z",
    "stats?metric=cost_usd&group_by=name,status",
    "values?field=name",
    "values?field=model&prefix=a",
    "values?field=session",
    "values?field=tag",
)
QUERIES = (
    "SELECT * EXCEPT (attributes) FROM spans",
    "SELECT trace_id, length(mapKeys(attributes)), resource FROM spans",
    "SELECT * FROM traces",
    "SELECT * EXCEPT (text), left(text, 100) FROM contents",
    "SELECT sum(cost_usd), sum(input_tokens), max(end_time), min(start_time) FROM spans",
    "SELECT count() FROM scores",
)


@pytest.mark.parametrize("name", hostile.exports())
def test_a_hostile_export_opens_and_comes_back_in(served: Served, project: str, name: str) -> None:
    """It is listed, its page and each of its spans open, and what is exported of it is taken
    again, adding nothing."""
    export = hostile.exports()[name]()
    _send(served, project, export).raise_for_status()
    [run] = _read(served, project, "traces").json()["traces"]
    assert run["trace_id"] == export.trace_id
    spans = _read(served, project, f"traces/{export.trace_id}").json()["spans"]["span_id"]
    assert len(spans) == run["span_count"] == len(set(spans))
    for path in OF_A_TRACE:
        _read(served, project, path.format(trace=export.trace_id))
    for span in spans:
        _read(served, project, f"traces/{export.trace_id}/spans/{span}")
    path = f"traces/{export.trace_id}/export"
    first = _read(served, project, path).content
    _send(served, project, Export(hostile.JSON, first, export.trace_id)).raise_for_status()
    assert _read(served, project, path).content == first


def test_a_project_of_hostile_exports_answers_every_question(served: Served, project: str) -> None:
    """In lists of every order, sessions, statistics, search, completion and SQL, and a good span
    that was sent beside them is found."""
    for make_export in hostile.exports().values():
        _send(served, project, make_export()).raise_for_status()
    good = make.llm(input__value="still here")
    odd = [make.span(start_ns=0, seconds=0.0), make.span("\0", seconds=-1.0)]
    body = encode_traces([good, *odd])
    _send(served, project, Export(hostile.PROTOBUF, body, good.trace_id)).raise_for_status()
    for path in OF_A_PROJECT:
        _read(served, project, path)
    for query in QUERIES:
        answer = served.http.post(f"/api/projects/{project}/sql", json={"query": query})
        assert answer.status_code == httpx.codes.OK, (query, answer.text[:500])
    traces = _read(served, project, "traces?limit=1000").json()["traces"]
    assert len(traces) == len(hostile.exports()) + 3
    [hit] = _read(served, project, 'search?q="still here"').json()["hits"]
    assert hit["trace_id"] == good.trace_id


def test_a_span_after_the_last_nanosecond_is_rejected(served: Served, project: str) -> None:
    """No range of time holds it, so that it could never be listed."""
    span = make.span(start_ns=hostile.LAST_NS + 1, seconds=0.0)
    export = Export(hostile.PROTOBUF, encode_traces([span]), span.trace_id)
    assert b"time of a span is beyond" in _send(served, project, export).content


def _send(served: Served, project: str, export: Export) -> httpx.Response:
    headers = {"content-type": export.content_type, "x-clew-project": project}
    return served.http.post("/v1/traces", content=export.body, headers=headers)


def _read(served: Served, project: str, path: str) -> httpx.Response:
    answer = served.http.get(f"/api/projects/{project}/{path}")
    assert answer.status_code == httpx.codes.OK, (path, answer.text[:500])
    return answer
