"""One project can never read another's anything: every endpoint there is, asked with keys."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from clew.span import Span
from clew.wire.otlp import encode_traces
from conftest import Served

T0 = 1_795_442_531_000_000_000
TRACE = "1" * 32
SPAN = "a" * 16
PLACES = {"trace_id": TRACE, "span_id": SPAN, "session_id": "s", "user_id": "u", "key_id": "k"}


class Demanding:
    """A server that demands keys, with the projects `mine` and `theirs` and a key of each."""

    def __init__(self, server: Served, instance_key: str) -> None:
        self.server = server
        self.instance = {"authorization": f"Bearer {instance_key}"}
        self.keys = {name: self._project(name) for name in ("mine", "theirs")}

    def _project(self, name: str) -> dict[str, str]:
        http = self.server.http
        http.post("/api/projects", json={"name": name}, headers=self.instance).raise_for_status()
        new = {"name": "k", "scopes": ["admin"]}
        made = http.post(f"/api/projects/{name}/keys", json=new, headers=self.instance)
        return {"x-api-key": made.raise_for_status().json()["secret_key"]}

    def send(self, name: str, secret: str) -> None:
        """A run with a secret in it, sent with the project's key."""
        span = Span(
            trace_id=TRACE,
            span_id=SPAN,
            name=f"name-{secret}",
            start_ns=T0,
            end_ns=T0 + 1,
            attributes={
                "gen_ai.input.messages": f'[{{"role":"user","content":"{secret}"}}]',
                "session.id": f"session-{secret}",
                "user.id": f"user-{secret}",
            },
        )
        headers = {"content-type": "application/x-protobuf", **self.keys[name]}
        self.server.http.post(
            "/v1/traces", content=encode_traces([span]), headers=headers
        ).raise_for_status()


@pytest.fixture(scope="module")
def demanding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demanding]:
    """The server with both projects filled."""
    folder = tmp_path_factory.mktemp("keys") / "data"
    made = subprocess.run(
        [sys.executable, "-m", "clew.cli", "keys", "create", "--project", "*", "--scope", "admin",
         "--data-dir", str(folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    secret = re.findall(r"sk-clew-\w{43}", made.stdout)[0]
    server = Served(folder, "--auth", "keys").wait()
    demanding = Demanding(server, secret)
    demanding.send("mine", "pearl")
    demanding.send("theirs", "onyx")
    yield demanding
    server.stop()


WITHOUT_BODY = ("/renormalize", "/reprice")
"""How paths end that are asked for with parameters alone."""


def endpoints(server: Served) -> list[tuple[str, str]]:
    """(method, path) of every endpoint of a project, from the server's own description."""
    paths = server.http.get("/api/openapi.json").json()["paths"]
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if "{project}" in path and method in ("get", "post", "put", "patch", "delete")
    ]


BODIES = {
    "keys": {"name": "k", "scopes": ["read"]},
    "scores": {"scores": [{"name": "q", "value": 1, "trace_id": TRACE}]},
    "tags": {"trace_ids": [TRACE], "add": ["x"]},
    "export": {"format": "jsonl", "trace_ids": [TRACE]},
    "delete": {"trace_ids": [TRACE]},
    "views": {"name": "v", "shows": {}},
    "{view_id}": {"name": "v"},
    "sql": {"query": "SELECT * FROM spans"},
    "": {"retention_days": 7},
}


def ask(
    demanding: Demanding, method: str, path: str, project: str, headers: dict[str, str]
) -> httpx.Response:
    """The endpoint of `project`, asked with `headers`."""
    filled = path.replace("{project}", project)
    filled = re.sub(r"\{(\w+)\}", lambda name: PLACES.get(name[1], "0" * 32), filled)
    last = path.rpartition("/")[2]
    body = BODIES.get("" if last == "{project}" else last)
    params = {"q": "onyx", "metric": "traces", "field": "name", "fields": "name"}
    with demanding.server.http.stream(
        method, filled, headers=headers, params=params, json=None if method == "GET" else body
    ) as answer:
        if answer.headers["content-type"].startswith("text/event-stream"):
            return answer
        answer.read()
        return answer


def test_every_endpoint_refuses_another_projects_key(demanding: Demanding) -> None:
    """With a key of `mine`, everything of `theirs` is forbidden, whatever the endpoint."""
    found = endpoints(demanding.server)
    assert len(found) >= 20
    for method, path in found:
        answer = ask(demanding, method, path, "theirs", demanding.keys["mine"])
        assert answer.status_code == 403, (method, path)


def test_every_endpoint_refuses_without_a_key(demanding: Demanding) -> None:
    """Without a key, or with one that is unknown, nothing is told."""
    for headers in ({}, {"authorization": f"Bearer sk-clew-{'x' * 43}"}):
        for method, path in endpoints(demanding.server):
            answer = ask(demanding, method, path, "theirs", headers)
            assert answer.status_code == 401, (method, path)


def test_a_bad_body_without_a_key_is_refused_for_the_key(demanding: Demanding) -> None:
    """Strangers learn nothing about what a body has to be; who has a key does."""
    http = demanding.server.http
    taking = [
        (method, path)
        for method, path in endpoints(demanding.server)
        if method in ("POST", "PATCH", "PUT") and not path.endswith(WITHOUT_BODY)
    ]
    for method, path in [*taking, ("POST", "/api/projects")]:
        filled = re.sub(r"\{\w+\}", "theirs", path)
        for body in (b"[", b'{"scores": 1, "name": 1, "query": 1, "retention_days": "x"}'):
            assert http.request(method, filled, content=body).status_code == 401, (method, path)
            known = http.request(method, filled, content=body, headers=demanding.instance)
            assert known.status_code == 400, (method, path)


def test_what_needs_no_key_is_told_without_one(demanding: Demanding) -> None:
    """How to sign in, and what the API is."""
    for path in ("/api/info", "/api/openapi.json", "/health"):
        assert demanding.server.http.get(path).status_code == 200


def test_the_own_key_reads_only_its_own(demanding: Demanding) -> None:
    """Where two projects hold the same ids, each key sees what its project holds."""
    for method, path in endpoints(demanding.server):
        if method != "GET" or path.endswith("/live"):
            continue
        answer = ask(demanding, method, path, "mine", demanding.keys["mine"])
        assert answer.status_code in (200, 404), (path, answer.text)
        assert "onyx" not in answer.text, path


def test_sql_sees_one_project(demanding: Demanding) -> None:
    """However it asks, SQL of `mine` sees nothing of `theirs`."""
    for query in (
        "SELECT * FROM spans",
        "SELECT text FROM contents",
        "SELECT * FROM traces",
        "WITH spans AS (SELECT * FROM spans) SELECT * FROM spans",
        "SELECT * FROM spans WHERE project = 'theirs' OR 1",
        "SELECT * FROM spans s JOIN contents c ON 1 = 1",
    ):
        answer = demanding.server.http.post(
            "/api/projects/mine/sql", json={"query": query}, headers=demanding.keys["mine"]
        )
        assert "onyx" not in answer.text, query


def test_the_list_of_projects_is_the_keys_own(demanding: Demanding) -> None:
    """A project's key doesn't learn which other projects there are."""
    answer = demanding.server.http.get("/api/projects", headers=demanding.keys["mine"])
    assert [project["name"] for project in answer.json()["projects"]] == ["mine"]


def test_instance_matters_need_an_instance_key(demanding: Demanding) -> None:
    """Prices and new projects are nothing for a project's key."""
    http = demanding.server.http
    assert http.get("/api/prices", headers=demanding.keys["mine"]).status_code == 403
    made = http.post("/api/projects", json={"name": "new"}, headers=demanding.keys["mine"])
    assert made.status_code == 403


def test_a_sender_cant_choose_another_project(demanding: Demanding) -> None:
    """The key decides where spans go, whatever the header says."""
    span = Span(trace_id="7" * 32, span_id=SPAN, name="x", start_ns=T0, end_ns=T0 + 1)
    headers = {
        "content-type": "application/x-protobuf",
        "x-clew-project": "theirs",
        **demanding.keys["mine"],
    }
    demanding.server.http.post("/v1/traces", content=encode_traces([span]), headers=headers)
    url = f"/api/projects/theirs/traces/{'7' * 32}"
    assert demanding.server.http.get(url, headers=demanding.keys["theirs"]).status_code == 404
