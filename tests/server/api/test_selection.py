"""Several runs at once: tags by hand, files, deletion."""

from __future__ import annotations

import csv
import io
import json

import pytest

import make
from clew.span import Span
from clew.wire.otlp import encode_traces
from conftest import Served


@pytest.fixture
def runs(served: Served, project: str) -> list[Span]:
    """Three runs of which the first came with a tag, the last with a cell that CSV has to quote."""
    spans = [
        make.agent("a", tag__tags=["beta"]),
        make.agent("b", user__id="ann"),
        make.agent("c", input__value='say "hi",\nplease'),
    ]
    headers = {"content-type": "application/x-protobuf", "x-clew-project": project}
    served.http.post("/v1/traces", content=encode_traces(spans), headers=headers).raise_for_status()
    return spans


def post(served: Served, project: str, place: str, **body: object) -> bytes:
    """The answer to a change of the project."""
    answer = served.http.post(f"/api/projects/{project}/{place}", json=body)
    assert answer.is_success, answer.text
    return answer.content


def named(served: Served, project: str, text: str, place: str = "traces") -> set[str]:
    """What the runs (or spans) are called that a filter lets through."""
    answer = served.http.get(f"/api/projects/{project}/{place}", params={"filter": text})
    key = "name" if place == "traces" else "display_name"
    return {row[key] for row in answer.json()[place]}


def test_tag_by_hand_is_found_like_any_other(
    served: Served, project: str, runs: list[Span]
) -> None:
    """By the filter and its negation, on runs and spans, among values and in facets."""
    ids = [runs[1].trace_id, runs[2].trace_id]
    post(served, project, "tags", trace_ids=ids, add=[" to  fix ", "beta"])
    assert named(served, project, 'tag:"to fix"') == {"b", "c"}
    assert named(served, project, '-tag:"to fix"') == {"a"}
    assert named(served, project, "tag:beta") == {"a", "b", "c"}
    assert named(served, project, "tag:to*", "spans") == {"b", "c"}
    assert named(served, project, "-has:tag") == set()
    http, place = served.http, f"/api/projects/{project}"
    values = http.get(f"{place}/values?field=tag").json()["values"]
    assert values == [{"value": "beta", "count": 3}, {"value": "to fix", "count": 2}]
    for of in ("runs", "spans"):
        [facet] = http.get(f"{place}/facets?fields=tag&of={of}").json()["facets"]
        assert facet["values"] == values
    assert http.get(f"{place}/values?field=score").json()["values"] == []


def test_run_tells_which_tags_are_by_hand(served: Served, project: str, runs: list[Span]) -> None:
    """They stand among its tags and can be taken away; the sender's stay. None is a score."""
    trace_id = runs[0].trace_id
    post(served, project, "tags", trace_ids=[trace_id], add=["seen", "new"])
    post(served, project, "tags", trace_ids=[trace_id], remove=["beta", "new"])
    run = served.http.get(f"/api/projects/{project}/traces/{trace_id}").json()
    assert run["trace"]["tags"] == ["beta", "seen"]
    assert run["trace"]["hand_tags"] == ["seen"]
    assert run["scores"] == run["trace"]["scores"] == []
    [listed] = served.http.get(
        f"/api/projects/{project}/traces", params={"filter": "tag:seen"}
    ).json()["traces"]
    assert listed == run["trace"]


def test_tag_needs_a_character(served: Served, project: str, runs: list[Span]) -> None:
    """White space can't be seen, and a tag can't both come and go."""
    place = f"/api/projects/{project}/tags"
    for change in ({"add": ["  "]}, {"add": ["x"], "remove": ["x "]}):
        answer = served.http.post(place, json={"trace_ids": [runs[0].trace_id], **change})
        assert answer.status_code == 400


def test_runs_are_exported_as_lines_of_json(served: Served, project: str, runs: list[Span]) -> None:
    """A line for each run that matches, the newest first, with scores and tags."""
    score = {"name": "helpful", "value": 0.5, "trace_id": runs[2].trace_id}
    post(served, project, "scores", scores=[score])
    post(served, project, "tags", trace_ids=[runs[0].trace_id], add=["seen"])
    body = post(served, project, "traces/export", format="jsonl", filter="-user:ann")
    first, second = (json.loads(line) for line in body.splitlines())
    assert (first["name"], second["name"]) == ("c", "a")
    assert second["tags"] == ["beta", "seen"]
    assert first["scores"] == [{"name": "helpful", "value": 0.5, "label": ""}]
    assert first["start_time"] == "2026-11-23T" + first["start_time"][11:]


def test_runs_are_exported_as_csv(served: Served, project: str, runs: list[Span]) -> None:
    """With a header, and cells that hold quotes and lines."""
    ids = [span.trace_id for span in runs]
    body = post(served, project, "traces/export", format="csv", trace_ids=ids).decode()
    rows = list(csv.DictReader(io.StringIO(body, newline="")))
    assert [row["name"] for row in rows] == ["c", "b", "a"]
    assert rows[0]["input_preview"].startswith('say "hi",')
    assert rows[2]["tags"] == "beta"


def test_runs_are_exported_as_parquet(served: Served, project: str, runs: list[Span]) -> None:
    """A file that begins and ends as Parquet does."""
    ids = [span.trace_id for span in runs[:2]]
    body = post(served, project, "traces/export", format="parquet", trace_ids=ids)
    assert body[:4] == body[-4:] == b"PAR1"


def test_deleted_runs_are_gone(served: Served, project: str, runs: list[Span]) -> None:
    """With their tags; others stay."""
    ids = [span.trace_id for span in runs[:2]]
    post(served, project, "tags", trace_ids=ids, add=["old"])
    post(served, project, "traces/delete", trace_ids=ids)
    assert named(served, project, "") == {"c"}
    assert served.http.get(f"/api/projects/{project}/values?field=tag").json()["values"] == []
