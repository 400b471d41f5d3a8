"""The read side over HTTP: what `docs/reference/api.md` says of it, on a served Clew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest

import make
from clew import client
from clew.span import Span
from clew.wire.otlp import encode_traces

if TYPE_CHECKING:
    from conftest import Served

JSON = {"content-type": "application/json"}


def send(served: Served, project: str, *spans: Span) -> None:
    """Export spans as any OpenTelemetry sender does."""
    headers = {**JSON, "x-clew-project": project}
    answer = served.http.post("/v1/traces", content=encode_traces(spans, "json"), headers=headers)
    assert answer.status_code == httpx.codes.OK, answer.text


def get(served: Served, project: str, path: str, **params: object) -> dict[str, Any]:
    """The answer of a GET below the project."""
    answer = served.http.get(f"/api/projects/{project}/{path}", params=params)  # type: ignore[arg-type]
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()


@pytest.fixture
def run(served: Served, project: str) -> list[Span]:
    """A small run of `project`: a planner that asks a model and calls a tool."""
    planner = make.agent(session__id="s-1", input__value="Plan a trip to Oslo")
    ask = make.llm(parent=planner)
    look = make.tool(parent=planner, error="timeout")
    send(served, project, planner, ask, look)
    return [planner, ask, look]


def test_list_of_runs_has_the_fields_of_the_api(
    served: Served, project: str, run: list[Span]
) -> None:
    """Every field of `Trace` is there, and the client of the API reads it."""
    page = get(served, project, "traces")
    assert page["next_cursor"] is None
    [trace] = page["traces"]
    assert trace["trace_id"] == run[0].trace_id
    assert (trace["name"], trace["span_count"], trace["error_count"]) == ("planner", 3, 1)
    assert trace["input_tokens"] == 100
    read = msgspec.convert(trace, client.Trace)
    assert set(read.__struct_fields__) == set(trace)


def test_a_list_knows_what_has_just_changed(served: Served, project: str, run: list[Span]) -> None:
    """A late span, a score and a deletion show in the list that is asked for right after."""
    [before] = get(served, project, "traces")["traces"]
    send(served, project, make.tool(parent=run[0]))
    [late] = get(served, project, "traces")["traces"]
    assert late["span_count"] == before["span_count"] + 1
    score = {"name": "helpful", "value": 1, "trace_id": run[0].trace_id}
    url = f"/api/projects/{project}"
    served.http.post(f"{url}/scores", json={"scores": [score]}).raise_for_status()
    [judged] = get(served, project, "traces")["traces"]
    assert [one["name"] for one in judged["scores"]] == ["helpful"]
    served.http.delete(f"{url}/traces/{run[0].trace_id}").raise_for_status()
    assert get(served, project, "traces")["traces"] == []


def test_run_opens_as_columns_of_one_length(served: Served, project: str, run: list[Span]) -> None:
    """The skeleton has every column of the API, ordered by start, with offsets in microseconds."""
    skeleton = get(served, project, f"traces/{run[0].trace_id}")
    assert skeleton["start_ns"] == str(run[0].start_ns)
    assert set(skeleton["spans"]) == set(client.SpanColumns.__struct_fields__)
    assert {len(column) for column in skeleton["spans"].values()} == {3}
    assert skeleton["spans"]["span_id"] == [span.span_id for span in run]
    assert skeleton["spans"]["start_us"] == [
        (span.start_ns - run[0].start_ns) // 1000 for span in run
    ]
    assert skeleton["trace"] == get(served, project, "traces")["traces"][0]


def test_span_is_read_whole(served: Served, project: str, run: list[Span]) -> None:
    """One span gives its facts, its attributes and its conversation."""
    body = get(served, project, f"traces/{run[0].trace_id}/spans/{run[1].span_id}")
    read = msgspec.convert(body, client.SpanDetail)
    assert read.facts.kind == "llm"
    assert read.attributes["gen_ai.request.model"] == "gpt-5"
    assert read.duration_ms == 1000.0


def test_other_lists_answer(served: Served, project: str, run: list[Span]) -> None:
    """Spans, sessions, search, stats, values and SQL give what the run holds."""
    spans = get(served, project, "spans", filter="kind:llm")["spans"]
    assert [span["span_id"] for span in spans] == [run[1].span_id]
    [session] = get(served, project, "sessions")["sessions"]
    assert session["session_id"] == "s-1"
    assert get(served, project, "sessions/s-1")["traces"][0]["trace_id"] == run[0].trace_id
    [hit] = get(served, project, "search", q="oslo")["hits"]
    assert (hit["span_id"], hit["snippet"]) == (run[0].span_id, "Plan a trip to Oslo")
    stats = get(served, project, "stats", metric="spans", group_by="kind", interval="1h")
    assert {series["group"]["kind"] for series in stats["series"]} == {"agent", "llm", "tool"}
    assert get(served, project, "values", field="kind", prefix="l")["values"] == [
        {"value": "llm", "count": 1}
    ]
    answer = served.http.post(
        f"/api/projects/{project}/sql", json={"query": "SELECT count() AS n FROM spans"}
    )
    assert answer.json()["columns"] == [{"name": "n", "type": "UInt64"}]
    assert answer.json()["rows"] == [[3]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("traces?filter=modle:x", 400),
        ("traces?from=yesterday", 400),
        ("traces?order=size", 400),
        ("traces?limit=0", 400),
        ("traces?cursor=nonsense", 400),
        ("traces/0000", 404),
        ("traces/0000/spans/00", 404),
        ("sessions/none", 404),
        ("search?q=", 400),
        ("stats?metric=size", 400),
        ("values?field=cost", 400),
    ],
)
@pytest.mark.usefixtures("run")
def test_wrong_questions_get_a_sentence(
    served: Served, project: str, path: str, status: int
) -> None:
    """What can't be answered says what happened; a filter also says where."""
    answer = served.http.get(f"/api/projects/{project}/{path}")
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["status"] == status
    assert len(error["message"]) > 10
    assert ("position" in error) == ("filter" in path)


@pytest.mark.usefixtures("run")
def test_refused_sql_is_422(served: Served, project: str) -> None:
    """SQL outside the allow-list says what isn't allowed."""
    answer = served.http.post(
        f"/api/projects/{project}/sql", json={"query": "SELECT * FROM system.tables"}
    )
    assert answer.status_code == 422
    assert "system.tables" in answer.json()["error"]["message"]


def test_projects_are_apart(served: Served, project: str, run: list[Span]) -> None:
    """Nothing of one project is found through another."""
    other = f"{project}-other"
    stranger = make.agent()
    send(served, other, stranger)
    trace_id = run[0].trace_id
    assert served.http.get(f"/api/projects/{other}/traces/{trace_id}").status_code == 404
    found = get(served, other, "traces")["traces"]
    assert [trace["trace_id"] for trace in found] == [stranger.trace_id]
    assert get(served, other, "traces", filter=f"trace:{trace_id}")["traces"] == []
    assert get(served, other, "search", q="oslo")["hits"] == []
    assert get(served, other, "values", field="model")["values"] == []
    assert served.http.get(f"/api/projects/{other}/sessions/s-1").status_code == 404
    answer = served.http.post(
        f"/api/projects/{other}/sql", json={"query": "SELECT trace_id FROM spans"}
    )
    assert answer.json()["rows"] == [[stranger.trace_id]]
