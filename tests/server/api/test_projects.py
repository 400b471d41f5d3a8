"""Projects, keys and info over HTTP, in local mode and with keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dirty_equals import IsStr
from litestar import Litestar
from litestar.testing import TestClient

from clew.records import Records, keys, open_records, projects
from clew.server.api.answers import error_response
from clew.server.api.projects import ProjectCounts, router
from clew.server.auth import Access
from clew.server.settings import Settings

NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)
MOMENT = IsStr(regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class CountedSpans:
    """A span store that knows how many spans it was told to hold."""

    def __init__(self) -> None:
        self.held = {"travel": ProjectCounts(span_count=12, trace_count=2, last_span_at="2026")}

    async def counts(self, project: str | None) -> Mapping[str, ProjectCounts]:
        """See `ProjectSpans`."""
        return {name: held for name, held in self.held.items() if project in (None, name)}

    async def delete_project(self, project: str) -> None:
        """See `ProjectSpans`."""
        self.held.pop(project, None)


Serve = Callable[[Settings], TestClient[Litestar]]


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = open_records(tmp_path / "records.db")
    opened.write_now(projects.create, "travel", NOW)
    yield opened
    opened.close()


@pytest.fixture
def serve(records: Records) -> Iterator[Serve]:
    """The endpoints of this file on `records`, in the mode of the settings."""
    with ExitStack() as stack:

        def start(settings: Settings) -> TestClient[Litestar]:
            access = Access(records, settings.auth_mode)
            routes = router(records, access, settings, CountedSpans())
            app = Litestar([routes], exception_handlers={Exception: error_response})
            return stack.enter_context(TestClient(app))

        yield start


@pytest.fixture
def local(serve: Serve) -> TestClient[Litestar]:
    return serve(Settings())


@pytest.fixture
def closed(serve: Serve) -> TestClient[Litestar]:
    return serve(Settings(auth="keys"))


def test_info_tells_what_the_server_is(
    local: TestClient[Litestar], closed: TestClient[Litestar]
) -> None:
    """Without a key, because it says whether one is needed."""
    assert local.get("/api/info").json() == {
        "version": IsStr(),
        "local": True,
        "otlp_http_port": 4318,
        "otlp_grpc_port": 4317,
        "auth": "open",
    }
    assert closed.get("/api/info").json()["auth"] == "keys"


def test_a_project_lives(local: TestClient[Litestar]) -> None:
    """Created once, listed, read, changed, deleted, gone."""
    created = local.post("/api/projects", json={"name": "my project"})
    assert created.status_code == 201
    project = {
        "name": "my project",
        "created_at": MOMENT,
        "retention_days": None,
        "span_count": 0,
        "trace_count": 0,
        "last_span_at": None,
    }
    assert created.json() == project
    assert local.post("/api/projects", json={"name": "my project"}).status_code == 409
    assert local.get("/api/projects/my%20project").json() == project
    changed = local.patch("/api/projects/my%20project", json={"retention_days": 30})
    assert changed.json() == project | {"retention_days": 30}
    listed = local.get("/api/projects").json()["projects"]
    assert [each["name"] for each in listed] == ["default", "my project", "travel"]
    assert local.delete("/api/projects/my%20project").status_code == 204
    assert local.get("/api/projects/my%20project").status_code == 404
    assert local.delete("/api/projects/my%20project").status_code == 404


def test_a_project_says_what_it_holds_until_it_is_deleted(local: TestClient[Litestar]) -> None:
    """The counts come from the span store, and go with the project."""
    held = {"span_count": 12, "trace_count": 2, "last_span_at": "2026"}
    assert local.get("/api/projects/travel").json().items() >= held.items()
    assert local.get("/api/projects").json()["projects"][1].items() >= held.items()
    local.delete("/api/projects/travel")
    assert local.post("/api/projects", json={"name": "travel"}).json()["span_count"] == 0
    assert local.get("/api/projects/travel").json()["span_count"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/projects", {"name": "a/b"}),
        ("POST", "/api/projects", {"name": 7}),
        ("POST", "/api/projects", {}),
        ("POST", "/api/projects", {"name": "a", "owner": "me"}),
        ("PATCH", "/api/projects/travel", {"retention_days": 0}),
        ("PATCH", "/api/projects/travel", {}),
        ("POST", "/api/projects/travel/keys", {"name": "a", "scopes": []}),
        ("POST", "/api/projects/travel/keys", {"name": "a", "scopes": ["write"]}),
        ("POST", "/api/projects/travel/keys", {"name": "a" * 201, "scopes": ["read"]}),
    ],
)
def test_a_body_that_makes_no_sense_is_400(
    local: TestClient[Litestar], method: str, path: str, body: dict[str, object]
) -> None:
    """In the form that every error has."""
    answer = local.request(method, path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == {"status": 400, "message": IsStr(min_length=10)}


def test_a_key_lives(closed: TestClient[Litestar], records: Records) -> None:
    """Its secret is in the first answer only; revoked, it is refused at once."""
    admin = _headers(records, "travel", "admin")
    created = closed.post(
        "/api/projects/travel/keys", json={"name": "ci", "scopes": ["read"]}, headers=admin
    )
    assert created.status_code == 201
    key = created.json()
    secret = key.pop("secret_key")
    assert key == {
        "key_id": IsStr(),
        "public_key": IsStr(regex=r"pk-clew-\w{22}"),
        "name": "ci",
        "scopes": ["read"],
        "created_at": MOMENT,
        "last_used_at": None,
        "revoked_at": None,
    }
    own = {"authorization": f"Bearer {secret}"}
    assert closed.get("/api/projects/travel", headers=own).status_code == 200

    listed = closed.get("/api/projects/travel/keys", headers=admin)
    assert secret not in listed.text
    assert listed.json()["keys"][1] == key | {"last_used_at": MOMENT}

    path = f"/api/projects/travel/keys/{key['key_id']}"
    assert closed.delete(path, headers=admin).status_code == 204
    assert closed.get("/api/projects/travel", headers=own).status_code == 401
    listed = closed.get("/api/projects/travel/keys", headers=admin)
    assert listed.json()["keys"][1]["revoked_at"] == MOMENT


ENDPOINTS: list[tuple[str, str, dict[str, object] | None]] = [
    ("GET", "/api/projects/{}", None),
    ("PATCH", "/api/projects/{}", {"retention_days": 1}),
    ("DELETE", "/api/projects/{}", None),
    ("GET", "/api/projects/{}/keys", None),
    ("POST", "/api/projects/{}/keys", {"name": "", "scopes": ["admin"]}),
    ("DELETE", "/api/projects/{}/keys/anything", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_no_endpoint_reaches_another_project(
    closed: TestClient[Litestar],
    records: Records,
    method: str,
    path: str,
    body: dict[str, object] | None,
) -> None:
    """Not with an admin's key of a project, and not without a key."""
    admin = _headers(records, "travel", "admin")
    before = records.read_now(projects.list_all)
    for project in ("default", "nowhere"):
        answer = closed.request(method, path.format(project), json=body, headers=admin)
        assert answer.status_code == 403
    assert closed.request(method, path.format("travel"), json=body).status_code == 401
    assert records.read_now(projects.list_all) == before


def test_the_list_of_projects_shows_a_key_its_own(
    closed: TestClient[Litestar], records: Records
) -> None:
    """And only a key of the instance all of them, or makes new ones."""

    def names(headers: dict[str, str]) -> list[str]:
        listed = closed.get("/api/projects", headers=headers).json()["projects"]
        return [project["name"] for project in listed]

    own, whole = _headers(records, "travel", "admin"), _headers(records, None, "admin")
    assert names(own) == ["travel"]
    assert names(whole) == ["default", "travel"]
    for headers, status in ((own, 403), (whole, 201), ({}, 401)):
        answer = closed.post("/api/projects", json={"name": "new"}, headers=headers)
        assert answer.status_code == status


def test_a_readers_key_changes_nothing(closed: TestClient[Litestar], records: Records) -> None:
    """It reads the project, and may not even see who else does."""
    reader = _headers(records, "travel", "read")
    for method, path, body in ENDPOINTS:
        answer = closed.request(method, path.format("travel"), json=body, headers=reader)
        assert answer.status_code == (
            200 if path == "/api/projects/{}" and method == "GET" else 403
        )


def test_a_deleted_projects_key_is_refused_at_once(
    closed: TestClient[Litestar], records: Records
) -> None:
    """Also the one that deleted it."""
    admin = _headers(records, "travel", "admin")
    assert closed.delete("/api/projects/travel", headers=admin).status_code == 204
    assert closed.get("/api/projects/travel", headers=admin).status_code == 401


def _headers(records: Records, project: str | None, scope: keys.Scope) -> dict[str, str]:
    new = records.write_now(keys.create, project, "", [scope], NOW)
    return {"authorization": f"Bearer {new.secret_key}"}
