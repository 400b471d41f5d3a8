"""What is kept, given back and deleted, through the API of a served Clew."""

from __future__ import annotations

import base64
import json
import math
import random
import threading
import time

import msgspec
import pytest

import make
from clew.query.times import render_time
from clew.span import Event, Link, Log, Resource, Scope, Span, Value
from clew.wire.otlp import decode_logs, decode_traces, encode_logs, encode_traces
from conftest import Served

IMAGE = random.Random(1).randbytes(4000)
IMAGE_URL = "data:image/png;base64," + base64.b64encode(IMAGE).decode()


def send(served: Served, project: str, *spans: Span) -> None:
    """Export spans; they are durable when this returns."""
    headers = {"content-type": "application/x-protobuf", "x-clew-project": project}
    served.http.post("/v1/traces", content=encode_traces(spans), headers=headers).raise_for_status()


def send_logs(served: Served, project: str, *logs: Log) -> None:
    """Export logs; they are durable when this returns."""
    headers = {"content-type": "application/x-protobuf", "x-clew-project": project}
    served.http.post("/v1/logs", content=encode_logs(logs), headers=headers).raise_for_status()


def log_of(span: Span, *, span_id: str = "", seconds: int = 0, body: Value = "said") -> Log:
    """A log of the span's run, `seconds` after it began."""
    time_ns = span.start_ns + seconds * make.SECOND
    return Log(
        trace_id=span.trace_id,
        span_id=span_id,
        time_ns=time_ns,
        severity="WARN",
        severity_number=13,
        event_name="retry",
        body=body,
        attributes={"n": 1},
    )


def rich() -> Span:
    """A span with everything a span can have."""
    span = make.llm(
        gen_ai__input__messages=json.dumps([{"role": "user", "content": "caf\u00e9 \n ☕"}]),
        strange__thing={"nested": [1, 2.5, None, b"\x00\x01"]},
        image=json.dumps([{"image_url": {"url": IMAGE_URL}}]),
    )
    return msgspec.structs.replace(
        span,
        events=(Event(name="e", time_ns=make.T0, attributes={"k": "v"}),),
        links=(Link(trace_id="2" * 32, span_id="3" * 16, attributes={"why": "retry"}),),
        resource=Resource(attributes={"service.name": "s"}, schema_url="https://r"),
        scope=Scope(name="lib", version="1.2", schema_url="https://s"),
        trace_state="a=b",
        dropped_attributes_count=2,
    )


def test_export_gives_back_what_came_in(served: Served, project: str) -> None:
    """As OTLP the trace decodes to the spans that were sent; as JSON lines each span is one."""
    sent = rich()
    send(served, project, sent)
    url = f"/api/projects/{project}/traces/{sent.trace_id}/export"
    otlp = served.http.get(url)
    assert decode_traces(otlp.content, "json").spans == [sent]
    [line] = served.http.get(url, params={"format": "jsonl"}).text.splitlines()
    given = json.loads(line)["attributes"]["gen_ai.input.messages"]
    assert given == sent.attributes["gen_ai.input.messages"]


def test_export_gives_back_logs_too(served: Served, project: str) -> None:
    """As OTLP in the same object as the spans, as JSON lines after them, each with its type."""
    root = make.agent()
    logs = [log_of(root, body={"raw": b"\x00"}), log_of(root, span_id=root.span_id, seconds=1)]
    send(served, project, root)
    send_logs(served, project, *logs)
    url = f"/api/projects/{project}/traces/{root.trace_id}/export"
    otlp = served.http.get(url).content
    assert json.loads(otlp).keys() == {"resourceSpans", "resourceLogs"}
    assert decode_traces(otlp, "json").spans == [root]
    assert decode_logs(otlp, "json").logs == logs
    lines = [
        json.loads(line)
        for line in served.http.get(url, params={"format": "jsonl"}).text.splitlines()
    ]
    assert [(line["type"], line["span_id"]) for line in lines] == [
        ("span", root.span_id),
        ("log", ""),
        ("log", root.span_id),
    ]
    assert lines[1]["body"] == {"raw": {"$bytes": "AA=="}}


def test_values_that_json_lacks_are_told(served: Served, project: str) -> None:
    """Bytes and doubles that aren't numbers look the same in an export and in a span."""
    odd = make.span(b=b"\x01", d=[math.nan, math.inf, -math.inf, 1.5])
    send(served, project, odd)
    base = f"/api/projects/{project}/traces/{odd.trace_id}"
    exported = served.http.get(f"{base}/export", params={"format": "jsonl"}).json()
    read = served.http.get(f"{base}/spans/{odd.span_id}").json()
    told = {"b": {"$bytes": "AQ=="}, "d": ["NaN", "Infinity", "-Infinity", 1.5]}
    assert exported["attributes"] == read["attributes"] == told


def test_logs_without_a_span_can_be_read(served: Served, project: str) -> None:
    """The logs of a run are listed by time, whether or not they name a span; of none, 404."""
    root = make.agent()
    send(served, project, root)
    base = f"/api/projects/{project}/traces"
    assert served.http.get(f"{base}/{root.trace_id}/logs").json() == {"logs": []}
    late = log_of(root, span_id=root.span_id, seconds=2)
    send_logs(served, project, late, log_of(root, seconds=1, body=math.inf))
    first, second = served.http.get(f"{base}/{root.trace_id}/logs").json()["logs"]
    assert (second["span_id"], second["body"]) == (root.span_id, "said")
    assert first == {
        "span_id": "",
        "time": render_time(root.start_ns + make.SECOND),
        "severity": "WARN",
        "severity_number": 13,
        "event_name": "retry",
        "body": "Infinity",
        "attributes": {"n": 1},
    }
    assert served.http.get(f"{base}/{'9' * 32}/logs").status_code == 404


def test_an_image_is_served_by_its_url(served: Served, project: str) -> None:
    """Base64 in a message becomes a part with a hash, and the bytes come from there, inert."""
    call = make.llm(
        gen_ai__input__messages=json.dumps(
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": IMAGE_URL}}]}]
        )
    )
    send(served, project, call)
    base = f"/api/projects/{project}/traces/{call.trace_id}"
    span = served.http.get(f"{base}/spans/{call.span_id}").json()
    [part] = span["conversation"]["messages_in"][0]["parts"]
    assert (part["type"], part["mime_type"]) == ("blob", "image/png")
    image = served.http.get(f"{base}/contents/{part['content_hash']}")
    assert image.content == IMAGE
    assert image.headers["content-type"] == "image/png"
    assert "sandbox" in image.headers["content-security-policy"]


def holds(served: Served, project: str, word: str) -> bool:
    """Whether anything of the project still says `word`, in the rows or in the index."""
    hits = served.http.get(f"/api/projects/{project}/search", params={"q": word}).json()["hits"]
    query = {"query": f"SELECT count() FROM contents WHERE position(text, '{word}') > 0"}  # noqa: S608
    rows = served.http.post(f"/api/projects/{project}/sql", json=query).json()["rows"]
    return bool(hits) or rows != [[0]]


@pytest.mark.parametrize("path", ["traces/{trace_id}", "sessions/s-secret", "users/u-secret", ""])
def test_deleting_deletes_contents_too(served: Served, project: str, path: str) -> None:
    """A trace, a session, a user's data, a project: gone from the list, the search and the rows."""
    doomed = make.agent(session__id="s-secret", user__id="u-secret", input__value="the onyx word")
    kept = make.agent(session__id="s-other", user__id="u-other", input__value="the pearl word")
    send(served, project, doomed, kept)
    assert holds(served, project, "onyx")
    url = f"/api/projects/{project}/{path}".rstrip("/").format(trace_id=doomed.trace_id)
    served.http.delete(url).raise_for_status()
    if not path:
        assert served.http.get(f"/api/projects/{project}").status_code == 404
        send(served, project, make.agent())
    assert not holds(served, project, "onyx")
    assert holds(served, project, "pearl") == bool(path)


def test_pages_hear_of_new_runs(served: Served, project: str) -> None:
    """The event stream names the run that was just stored."""
    first, second = make.agent(), make.agent()
    send(served, project, first)
    with served.http.stream("GET", f"/api/projects/{project}/live") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        sender = threading.Thread(target=send, args=(served, project, second))
        sender.start()
        data = next(line for line in lines if line.startswith("data:"))
        sender.join()
    assert json.loads(data.removeprefix("data:"))["trace_ids"] == [second.trace_id]


def test_retention_can_be_set_by_project(served: Served, project: str) -> None:
    """Days are kept with the project, and nonsense is refused."""
    send(served, project, make.agent())
    url = f"/api/projects/{project}"
    assert served.http.patch(url, json={"retention_days": 30}).json()["retention_days"] == 30
    assert served.http.patch(url, json={"retention_days": 0}).status_code == 400


def test_what_is_answered_can_be_read_at_once(served: Served, project: str) -> None:
    """A GET right after the 200 finds the span, every time."""
    for _ in range(20):
        root = make.agent()
        started = time.monotonic()
        send(served, project, root)
        found = served.http.get(f"/api/projects/{project}/traces/{root.trace_id}")
        assert found.status_code == 200
        assert time.monotonic() - started < 30
