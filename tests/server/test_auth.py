"""Who may do what, which project a sender writes to, and which web pages are let in."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from litestar import get
from litestar.app import Litestar
from litestar.testing import TestClient

from clew.errors import BadInput, Forbidden, NotFound, StartupError, Unauthorized
from clew.records import Records, keys, open_records, projects
from clew.server.auth import (
    KEY_TTL_S,
    TOUCH_EVERY_S,
    Access,
    check_page,
    demand_first_key,
    refuse_pages,
)
from clew.server.settings import Settings

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = open_records(tmp_path / "records.db")
    opened.write_now(projects.create, "travel", NOW)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def closed(records: Records, clock: Clock) -> Access:
    return Access(records, "keys", clock)


@pytest.fixture
def open_(records: Records, clock: Clock) -> Access:
    return Access(records, "open", clock)


def make(records: Records, project: str | None, *scopes: keys.Scope) -> keys.NewKey:
    return records.write_now(keys.create, project, "", scopes, NOW)


def bearer(new: keys.NewKey) -> dict[str, str]:
    return {"authorization": f"Bearer {new.secret_key}"}


def basic(public: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{public}:{secret}".encode()).decode()


# Keys on the wire


async def test_a_key_is_taken_in_every_form(records: Records, closed: Access) -> None:
    """Bearer, Basic and x-api-key; as it is, percent-encoded, and in any case of the scheme."""
    new = make(records, "travel", "ingest")
    secret, both = new.secret_key, basic(new.key.public_key, new.secret_key)
    for headers in (
        {"authorization": f"Bearer {secret}"},
        {"authorization": f"bearer  {secret} "},
        {"authorization": f"Bearer%20{secret}"},
        {"authorization": both},
        {"authorization": both.replace(" ", "%20").replace("=", "%3D")},
        {"x-api-key": secret},
        {"authorization": "Bearer somebody-elses", "x-api-key": secret},
    ):
        assert await closed.ingest_project(headers) == "travel"


async def test_what_is_no_key_is_unauthorized(records: Records, closed: Access) -> None:
    """Nothing, something else, the public half alone, and halves of two keys."""
    new, other = make(records, "travel", "admin"), make(records, "travel", "admin")
    for headers in (
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + base64.b64encode(b"\xff\xfe:").decode()},
        {"authorization": new.secret_key},
        {"authorization": f"Bearer {new.key.public_key}"},
        {"authorization": f"Bearer sk-clew-{'0' * 43}"},
        {"authorization": basic(other.key.public_key, new.secret_key)},
        {"x-api-key": new.key.public_key},
    ):
        with pytest.raises(Unauthorized, match="unknown or revoked"):
            await closed.ingest_project(headers)
        with pytest.raises(Unauthorized):
            await closed.read(headers, "travel")
        with pytest.raises(Unauthorized):
            await closed.admin(headers, None)
        with pytest.raises(Unauthorized):
            await closed.confined_to(headers)


# Scopes and projects


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("ingest", {"ingest"}),
        ("read", {"read"}),
        ("admin", {"ingest", "read", "admin"}),
    ],
)
async def test_a_key_does_what_its_scope_says(
    records: Records, closed: Access, scope: keys.Scope, allowed: set[str]
) -> None:
    """And nothing else: 403, with the scope that it would need."""
    headers = bearer(make(records, "travel", scope))
    for action in ("ingest", "read", "admin"):
        asked = getattr(closed, action)(headers, "travel")
        if action in allowed:
            await asked
        else:
            with pytest.raises(Forbidden, match=f"needs a key with the scope {action}"):
                await asked


@pytest.mark.parametrize("action", ["ingest", "read", "admin"])
async def test_a_key_reaches_no_other_project(
    records: Records, closed: Access, action: str
) -> None:
    """Not one that exists, and it doesn't learn which exist."""
    headers = bearer(make(records, "travel", "admin"))
    for elsewhere in ("default", "nowhere", "TRAVEL", "travel "):
        with pytest.raises(Forbidden, match="is for project 'travel', not for"):
            await getattr(closed, action)(headers, elsewhere)


async def test_a_project_key_can_not_change_the_instance(records: Records, closed: Access) -> None:
    """Projects are made and removed with a key of the instance."""
    with pytest.raises(Forbidden, match="not for the whole instance"):
        await closed.admin(bearer(make(records, "travel", "admin")), None)
    await closed.admin(bearer(make(records, None, "admin")), None)


async def test_an_instance_key_reaches_every_project(records: Records, closed: Access) -> None:
    """Within its scopes, and only projects that exist."""
    headers = bearer(make(records, None, "read"))
    await closed.read(headers, "travel")
    await closed.read(headers, "default")
    with pytest.raises(NotFound, match="no project 'nowhere'"):
        await closed.read(headers, "nowhere")
    with pytest.raises(Forbidden):
        await closed.ingest(headers, "travel")


async def test_a_reader_is_confined_to_its_project(
    records: Records, closed: Access, open_: Access
) -> None:
    """A list of projects shows a project's key that one project."""
    assert await closed.confined_to(bearer(make(records, "travel", "read"))) == "travel"
    assert await closed.confined_to(bearer(make(records, None, "read"))) is None
    assert await open_.confined_to({}) is None
    with pytest.raises(Forbidden):
        await closed.confined_to(bearer(make(records, "travel", "ingest")))


# The project of a sender


@pytest.mark.parametrize(
    ("headers", "attributes", "project"),
    [
        ({}, {}, "default"),
        ({"x-clew-project": "a"}, {}, "a"),
        ({"x-project-name": "b"}, {}, "b"),
        ({"projectname": "c"}, {}, "c"),
        ({"langsmith-project": "d"}, {}, "d"),
        ({"x-clew-project": "my%20project"}, {}, "my project"),
        ({}, {"openinference.project.name": "e"}, "e"),
        ({}, {"clew.project": "f", "openinference.project.name": "e"}, "f"),
        ({"x-project-name": "b"}, {"clew.project": "f"}, "b"),
        ({"x-clew-project": " "}, {"clew.project": 7}, "default"),
    ],
)
async def test_the_sender_names_its_project(
    open_: Access, headers: dict[str, str], attributes: dict[str, str], project: str
) -> None:
    """In a header, else in the resource, else it is the default."""
    assert await open_.ingest_project(headers, attributes) == project


async def test_the_key_stands_above_what_the_sender_says(
    records: Records, closed: Access, open_: Access
) -> None:
    """In local mode too, where the key isn't needed."""
    said = {"x-clew-project": "default"} | bearer(make(records, "travel", "ingest"))
    assert await closed.ingest_project(said) == "travel"
    assert await open_.ingest_project(said) == "travel"


async def test_local_mode_creates_projects_at_first_sight(records: Records, open_: Access) -> None:
    """Also for many senders that come at once."""
    headers = {"x-clew-project": "new"}
    found = await asyncio.gather(*(open_.ingest_project(headers) for _ in range(10)))
    assert set(found) == {"new"}
    assert records.read_now(projects.get, "new").name == "new"


async def test_with_keys_projects_are_not_created_by_senders(
    records: Records, closed: Access
) -> None:
    """A name that is mistyped says so instead of hiding the runs elsewhere."""
    headers = bearer(make(records, None, "ingest"))
    assert await closed.ingest_project(headers | {"x-clew-project": "travel"}) == "travel"
    with pytest.raises(NotFound, match="no project 'tarvel'"):
        await closed.ingest_project(headers | {"x-clew-project": "tarvel"})


async def test_a_name_that_can_not_be_is_refused(open_: Access) -> None:
    """With the rule."""
    with pytest.raises(BadInput, match="a project name has"):
        await open_.ingest_project({"x-clew-project": "../etc"})


async def test_local_mode_accepts_any_key(records: Records, open_: Access) -> None:
    """A program that was written for another server needs no change but the address."""
    for headers in (
        {"authorization": "Bearer whatever"},
        {"authorization": f"Bearer sk-clew-{'0' * 43}"},
        {"x-api-key": "ls__123"},
        {"authorization": "Basic !!!"},
    ):
        assert await open_.ingest_project(headers) == "default"
        await open_.admin(headers, None)
    read_only = bearer(make(records, "travel", "read"))
    await open_.admin(read_only, "default")
    with pytest.raises(NotFound):
        await open_.read({}, "nowhere")


# What is remembered, and for how long


async def test_a_revoked_key_stops_at_once_where_it_is_revoked(
    records: Records, closed: Access
) -> None:
    """`forget` is called with the revocation."""
    new = make(records, "travel", "read")
    await closed.read(bearer(new), "travel")
    records.write_now(keys.revoke, "travel", new.key.key_id, NOW)
    closed.forget()
    with pytest.raises(Unauthorized):
        await closed.read(bearer(new), "travel")


async def test_a_key_revoked_elsewhere_stops_soon(
    records: Records, closed: Access, clock: Clock
) -> None:
    """Keys are remembered for seconds, by the clock, and no longer when it is set back."""
    for step in (KEY_TTL_S, -3_600):
        new = make(records, "travel", "read")
        await closed.read(bearer(new), "travel")
        records.write_now(keys.revoke, "travel", new.key.key_id, NOW)
        await closed.read(bearer(new), "travel")
        clock.now += step
        with pytest.raises(Unauthorized):
            await closed.read(bearer(new), "travel")


async def test_last_use_is_noted_once_a_minute(
    records: Records, closed: Access, clock: Clock
) -> None:
    """It costs a write, and need not be finer."""
    new = make(records, "travel", "ingest")

    async def last_used() -> datetime | None:
        closed.forget()
        await closed.ingest_project(bearer(new))
        return records.read_now(keys.list_all, "travel")[0].last_used_at

    assert await last_used() == NOW
    clock.now += TOUCH_EVERY_S / 2
    assert await last_used() == NOW
    clock.now += TOUCH_EVERY_S / 2
    assert await last_used() == datetime.fromtimestamp(clock.now, UTC)


# The first key


async def test_a_public_bind_without_keys_does_not_start(records: Records) -> None:
    """The sentence has the command that makes the first key; then it starts."""
    public, forced = Settings(host="0.0.0.0"), Settings(auth="keys")
    with pytest.raises(StartupError) as caught:
        await demand_first_key(records, public)
    assert caught.value.message == (
        "other machines can connect to 0.0.0.0, so keys are demanded, and there is none: make the "
        "first with `clew keys create --project '*' --scope admin --data-dir clew-data`, or "
        "listen on 127.0.0.1"
    )
    with pytest.raises(StartupError, match="--auth keys demands keys"):
        await demand_first_key(records, forced)
    await demand_first_key(records, Settings())
    make(records, "travel", "ingest")
    await demand_first_key(records, public)
    await demand_first_key(records, forced)


# Web pages

APP = ("https://app.example.com",)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {}),
        ("POST", {"host": "localhost:4318"}),
        ("POST", {"host": "127.0.0.1"}),
        ("POST", {"host": "127.9.9.9:1"}),
        ("POST", {"host": "[::1]:4318"}),
        ("POST", {"host": "clew.localhost:4318"}),
        ("POST", {"host": "host.docker.internal:4318"}),
        ("POST", {"host": "localhost", "origin": "http://localhost:4318"}),
        ("POST", {"host": "localhost", "origin": "http://127.0.0.1:3000"}),
        ("POST", {"host": "localhost", "origin": "http://[::1]:3000"}),
        ("GET", {"host": "localhost", "sec-fetch-site": "same-origin"}),
        ("GET", {"host": "localhost", "sec-fetch-site": "none", "sec-fetch-mode": "navigate"}),
        ("POST", {"host": "app.example.com", "origin": "https://app.example.com"}),
        ("POST", {"host": "localhost", "origin": APP[0], "sec-fetch-site": "cross-site"}),
    ],
)
def test_programs_and_pages_of_this_machine_are_let_in(
    method: str, headers: dict[str, str]
) -> None:
    """As are the origins that the operator allowed."""
    check_page(method, headers, APP)


CROSS = {"host": "localhost:4318", "sec-fetch-site": "cross-site"}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"host": "rebound.example.com:4318"}),
        ("GET", {"host": "127.0.0.1.example.com"}),
        ("GET", {"host": "localhost.example.com"}),
        ("GET", {"host": "evil@[::1"}),
        ("GET", {"host": "169.254.169.254"}),
        ("POST", {"host": "localhost", "origin": "https://evil.example.com"}),
        ("POST", {"host": "localhost", "origin": "http://localhost.example.com"}),
        ("POST", {"host": "localhost", "origin": "null"}),
        ("POST", {"host": "localhost", "origin": "http://app.example.com"}),
        ("GET", {"host": "rebound.example.com", "origin": "http://rebound.example.com"}),
        ("GET", CROSS),
        ("GET", CROSS | {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}),
        ("GET", CROSS | {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}),
        ("POST", CROSS | {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}),
    ],
)
def test_other_pages_are_kept_out(method: str, headers: dict[str, str]) -> None:
    """Names that resolve to this machine, and pages that send here."""
    with pytest.raises(Forbidden, match="--allowed-origins"):
        check_page(method, headers, APP)


def test_a_link_on_another_page_opens() -> None:
    """Someone pastes the address of a run into a chat, and the next one clicks on it."""
    check_page("GET", CROSS | {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, ())


def test_pages_are_refused_by_the_app_in_local_mode_only() -> None:
    """With keys a page can do nothing that its user didn't give it the key for."""

    @get("/")
    async def hello() -> str:
        return "hello"

    def ask(settings: Settings) -> tuple[int, str]:
        with TestClient(refuse_pages(Litestar([hello]), settings)) as client:
            answer = client.get("/", headers={"host": "rebound.example.com"})
            assert client.get("/", headers={"host": "localhost"}).text == "hello"
        return answer.status_code, answer.text

    status, body = ask(Settings())
    assert status == 403
    assert body.startswith('{"error":{"status":403,"message":"the host \'rebound.example.com\'')
    assert ask(Settings(auth="keys")) == (200, "hello")
