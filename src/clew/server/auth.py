"""Who may do what, and which project a sender writes to.

In mode `open` (only this machine can connect) every request may do everything and any key is
accepted; a key that is known still chooses its project. In mode `keys` a key is demanded, and it
reaches no further than its project and scopes. Header names are lower case throughout, as ASGI
and gRPC give them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from clew import conventions
from clew.errors import ClewError, Forbidden, NotFound, StartupError, Unauthorized
from clew.records import keys, projects
from clew.server.settings import is_loopback

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler
    from litestar.types import ASGIApp, Guard, Receive, Send
    from litestar.types import Scope as AsgiScope

    from clew.records import Records
    from clew.server.settings import AuthMode, Settings
    from clew.span import Value

    AnyConnection = ASGIConnection[Any, Any, Any, Any]

Headers = Mapping[str, str]
K = TypeVar("K")
T = TypeVar("T")

PROJECT_HEADERS = ("x-clew-project", "x-project-name", "projectname", "langsmith-project")
PROJECT_ATTRIBUTES = (conventions.CLEW_PROJECT, conventions.OPENINFERENCE_PROJECT_NAME)

KEY_TTL_S = 5.0
"""How long a key that another process revoked is still accepted; here it ends at once."""

TOUCH_EVERY_S = 60.0
"""How fine `last_used_at` is: it costs a write, so not at every export."""

_MAX_CACHED = 4_096

_OPEN_PATHS = ("/api/info", "/api/openapi.json", "/api/public/otel/")
"""What needs no key, and the receivers, which answer in OTLP's own way."""

# Names that reach this machine without anyone's public DNS having a say: `.internal` can't be
# registered, and containers call their host so.
_LOCAL_NAMES = {"host.docker.internal", "gateway.docker.internal", "host.containers.internal"}


class Access:
    """The one that is asked before anything is read or written.

    Every method raises Unauthorized (401) without a key that is known, where one is demanded, and
    Forbidden (403) where the key is for another project or doesn't have the scope.
    """

    def __init__(
        self, records: Records, mode: AuthMode, clock: Callable[[], float] = time.time
    ) -> None:
        self.mode: AuthMode = mode
        self._records = records
        self._clock = clock
        self._keys: _Recent[bytes, keys.Key] = _Recent(KEY_TTL_S)
        self._projects: _Recent[str, str] = _Recent(KEY_TTL_S)

    async def known(self, headers: Headers) -> None:
        """Does anyone we know ask, whatever for? In mode `open` everyone is known."""
        if self.mode == "keys":
            _known(await self._key(headers))

    async def ingest_project(
        self, headers: Headers, resource_attributes: Mapping[str, Value] | None = None
    ) -> str:
        """The project that spans of this sender and resource go to.

        The key's own; else what the sender says, in a header or in the resource; else `default`.
        A project that is new is created in mode `open` and NotFound otherwise. BadInput for a
        name that can't be a project.
        """
        key = await self._key(headers)
        if self.mode == "keys":
            _demand(key, "ingest")
        if key is not None and key.project is not None:
            return key.project
        said = project_said(headers, resource_attributes or {})
        return await self._existing(said or projects.DEFAULT)

    async def ingest(self, headers: Headers, project: str) -> None:
        """May this request add to the project? NotFound where there is none of that name."""
        await self._check(headers, project, "ingest")

    async def read(self, headers: Headers, project: str) -> None:
        """May this request read the project? NotFound where there is none of that name."""
        await self._check(headers, project, "read")

    async def admin(self, headers: Headers, project: str | None) -> None:
        """May this request change or delete things in the project, or with None the instance?"""
        await self._check(headers, project, "admin")

    async def confined_to(self, headers: Headers) -> str | None:
        """The one project that this request may read, or None where it may read all."""
        if self.mode == "open":
            return None
        return _demand(await self._key(headers), "read").project

    def forget(self) -> None:
        """Ask the database again: to be called when a key or a project was changed or removed."""
        # New ones, not emptied ones: a look-up that is under way must not put back what it saw.
        self._keys = _Recent(KEY_TTL_S)
        self._projects = _Recent(KEY_TTL_S)

    async def _check(self, headers: Headers, project: str | None, scope: keys.Scope) -> None:
        if self.mode == "keys":
            key = _demand(await self._key(headers), scope)
            if not key.reaches(project):
                raise Forbidden(_elsewhere(key, project))
        now, known = self._clock(), self._projects
        if project is not None and known.get(project, now) is None:
            known.put(project, (await self._records.read(projects.get, project)).name, now)

    async def _key(self, headers: Headers) -> keys.Key | None:
        digest = _digest(headers)
        if digest is None:
            return None
        now, known = self._clock(), self._keys
        if (cached := known.get(digest, now)) is not None:
            return cached
        credential = read_credential(headers)
        if credential is None or (key := await self._look_up(credential, now)) is None:
            return None
        known.put(digest, key, now)
        return key

    async def _look_up(self, credential: Credential, now: float) -> keys.Key | None:
        key = await self._records.read(keys.find_by_secret, credential.secret, credential.public)
        if key is None:
            return None
        moment = datetime.fromtimestamp(now, UTC)
        used = key.last_used_at
        if used is None or (moment - used).total_seconds() >= TOUCH_EVERY_S:
            await self._records.write(keys.touch, key.key_id, moment)
        return key

    async def _existing(self, name: str) -> str:
        now, known = self._clock(), self._projects
        if (cached := known.get(name, now)) is not None:
            return cached
        try:
            project = await self._records.read(projects.get, projects.check_name(name))
        except NotFound:
            if self.mode == "keys":
                raise
            moment = datetime.fromtimestamp(now, UTC)
            project = await self._records.write(projects.ensure, name, moment)
        known.put(name, project.name, now)
        return project.name


class Credential(NamedTuple):
    """What a request says to prove who sends it; `public` is empty where only the secret came."""

    secret: str
    public: str = ""


def read_credential(headers: Headers) -> Credential | None:
    """The key of a request: Bearer, Basic (public:secret) or `x-api-key`; None without one of ours.

    OTEL_EXPORTER_OTLP_HEADERS is percent-encoded and not every exporter decodes it
    (`Basic%20…`). No part of a key has a percent sign, so decoding is always right.
    """
    scheme, _, rest = unquote(headers.get("authorization", "")).strip().partition(" ")
    said = (_split_basic(rest) if scheme.lower() == "basic" else Credential(rest.strip()),)
    for credential in (*said, Credential(unquote(headers.get("x-api-key", "")).strip())):
        if keys.SECRET_PATTERN.fullmatch(credential.secret):
            return credential
    return None


def project_said(headers: Headers, resource_attributes: Mapping[str, Value]) -> str | None:
    """The project that the sender names, in a header or else in the resource."""
    for header in PROJECT_HEADERS:
        if (said := headers.get(header)) and (name := unquote(said).strip()):
            return name
    for attribute in PROJECT_ATTRIBUTES:
        value = resource_attributes.get(attribute)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def demand_known(access: Access) -> Guard:
    """A guard that answers requests to the API without a known key before their body is looked at,
    so that strangers aren't told what a body has to be."""

    async def guard(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
        path = connection.scope["path"]
        if path.startswith("/api/") and not path.startswith(_OPEN_PATHS):
            await access.known(connection.headers)

    return guard


async def demand_first_key(records: Records, settings: Settings) -> None:
    """Raise StartupError, saying how to make one, where keys are demanded and there is none."""
    if settings.auth_mode == "open" or await records.read(keys.any_usable):
        return
    why = (
        "--auth keys demands keys"
        if is_loopback(settings.host)
        else f"other machines can connect to {settings.host}, so keys are demanded,"
    )
    instead = "leave out --auth keys" if is_loopback(settings.host) else "listen on 127.0.0.1"
    where = "--records-url …" if settings.records_url else f"--data-dir {settings.data_dir}"
    message = (
        f"{why} and there is none: make the first with `clew keys create --project '*' "
        f"--scope admin {where}`, or {instead}"
    )
    raise StartupError(message)


def refuse_pages(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The app, in mode `open` closed to the web pages that this machine's browser has open."""
    if settings.auth_mode == "keys":
        return app

    async def guarded(scope: AsgiScope, receive: Receive, send: Send) -> None:
        # Of what ASGI knows, `lifespan` alone has no headers.
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope.get("headers", ())
        }
        try:
            check_page(str(scope.get("method", "GET")), headers, settings.allowed_origins)
        except ClewError as exc:
            await _send_error(send, exc)
            return
        await app(scope, receive, send)

    return guarded


def check_page(method: str, headers: Headers, allowed_origins: tuple[str, ...]) -> None:
    """Raise Forbidden where a request comes from a web page that isn't this machine's.

    Without keys, being on this machine is all that gives a right, and a browser lends it to every
    page it shows. Two ways in are closed: a name under an attacker's control that resolves to
    127.0.0.1 (DNS rebinding; seen by the Host header), and a page that simply sends requests here
    (seen by Origin and Sec-Fetch-Site, which pages can't change).
    """
    host = headers.get("host", "")
    if host and not _is_local(host) and host not in {urlsplit(o).netloc for o in allowed_origins}:
        message = (
            f"the host {host!r} isn't this machine's: use http://127.0.0.1, start the server with "
            f"--allowed-origins http://{host}, or demand keys with --auth keys"
        )
        raise Forbidden(message)
    origin = headers.get("origin")
    if origin in allowed_origins or (origin and _is_local(urlsplit(origin).netloc)):
        return
    if origin or _is_cross_site(method, headers):
        message = (
            f"a web page of {origin or 'another site'} asked, and without keys only pages of this "
            "machine may: start the server with --allowed-origins and the page's origin"
        )
        raise Forbidden(message)


def _is_cross_site(method: str, headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin", "same-site"):
        return False
    # A link to a run, clicked in a chat or an issue tracker, opens in a tab of its own: the page
    # that held it sees nothing of it, and GET changes nothing. A frame would let it be clicked on.
    opened = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return method not in ("GET", "HEAD") or opened != ("navigate", "document")


def _is_local(netloc: str) -> bool:
    try:
        name = urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return False
    return is_loopback(name) or name.endswith(".localhost") or name in _LOCAL_NAMES


def _known(key: keys.Key | None) -> keys.Key:
    if key is None:
        message = (
            "no key, or one that is unknown or revoked: send `Authorization: Bearer sk-clew-…`; "
            "`clew keys create` makes one"
        )
        raise Unauthorized(message)
    return key


def _demand(key: keys.Key | None, scope: keys.Scope) -> keys.Key:
    key = _known(key)
    if not key.allows(scope):
        message = (
            f"this needs a key with the scope {scope}, and {key.public_key} has "
            f"{', '.join(key.scopes)}"
        )
        raise Forbidden(message)
    return key


def _elsewhere(key: keys.Key, project: str | None) -> str:
    there = "the whole instance" if project is None else f"project {project!r}"
    return f"the key {key.public_key} is for project {key.project!r}, not for {there}"


def _split_basic(encoded: str) -> Credential:
    try:
        public, _, secret = base64.b64decode(encoded.strip()).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return Credential("")
    return Credential(secret, public)


def _digest(headers: Headers) -> bytes | None:
    """What the cache knows a credential by: secrets themselves don't stay in memory."""
    authorization, api_key = headers.get("authorization"), headers.get("x-api-key")
    if authorization is None and api_key is None:
        return None
    return hashlib.sha256(f"{authorization}\n{api_key}".encode()).digest()


async def _send_error(send: Send, exc: ClewError) -> None:
    body = msgspec.json.encode({"error": {"status": exc.status, "message": exc.message}})
    content = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": exc.status, "headers": content})
    await send({"type": "http.response.body", "body": body, "more_body": False})


class _Recent(Generic[K, T]):
    """What was looked up in the last `ttl_s` seconds; the oldest goes when there is too much."""

    def __init__(self, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._entries: dict[K, tuple[float, T]] = {}

    def get(self, key: K, now: float) -> T | None:
        entry = self._entries.get(key)
        # Not below 0 either: a clock that was set back must not keep a revoked key alive.
        return entry[1] if entry is not None and 0 <= now - entry[0] < self._ttl_s else None

    def put(self, key: K, value: T, now: float) -> None:
        self._entries.pop(key, None)
        if len(self._entries) >= _MAX_CACHED:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (now, value)
