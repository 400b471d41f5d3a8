"""A client of the HTTP API: what `docs/reference/api.md` says, typed.

Errors of the server come back as the same `clew.errors` that it raised. Times are the strings of
the API; `start` and `end` bound a search and take ISO 8601 or `now-24h`.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from clew import errors
from clew.score import Score
from clew.span import Conversation, Facts, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TIMEOUT_S = 60.0
BACKUP_TIMEOUT_S = 600.0
"""A backup begins when everything that is stored was counted, and a piece takes as long as the disk
takes to read it."""
SUBMIT_WAITS_S = (1, 2, 4, 8, 16)

DiskKind = Literal[
    "contents",
    "text index",
    "spans",
    "logs",
    "metrics",
    "scores",
    "records",
    "replaced",
    "other",
]
KeyScope = Literal["ingest", "read", "admin"]
T = TypeVar("T")


class Info(msgspec.Struct, kw_only=True, frozen=True):
    """What the server is; `auth` is `keys` where it demands one."""

    version: str
    local: bool
    otlp_http_port: int
    otlp_grpc_port: int
    auth: Literal["open", "keys"]


class Project(msgspec.Struct, kw_only=True, frozen=True):
    """A project and what it holds."""

    name: str
    created_at: datetime
    span_count: int = 0
    trace_count: int = 0
    last_span_at: str | None = None
    retention_days: int | None = None


class Key(msgspec.Struct, kw_only=True, frozen=True):
    """A key; `secret_key` is filled in the answer that creates it and empty ever after."""

    key_id: str
    public_key: str
    name: str
    scopes: list[KeyScope]
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    secret_key: str = ""


class Price(msgspec.Struct, kw_only=True, frozen=True):
    """The operator's price of a model, from a date on; an empty `provider` is any."""

    price_id: str
    model: str
    provider: str
    valid_from: datetime
    usd_per_million: dict[str, float]


class DiskUse(msgspec.Struct, kw_only=True, frozen=True):
    """What a kind of data takes on the disk; `rows` is None where there are none to count.

    Rows that a later one replaced are counted until they are merged away.
    """

    kind: DiskKind
    size_bytes: int
    rows: int | None = None


class ProjectDisk(msgspec.Struct, kw_only=True, frozen=True):
    """What a project takes, about; `due_bytes` of it are older than the project is kept."""

    project: str
    size_bytes: int
    rows: int
    retention_days: int | None = None
    due_bytes: int = 0


class DayDisk(msgspec.Struct, kw_only=True, frozen=True):
    """What the runs of a day (in UTC, by their start) take, about."""

    day: str
    size_bytes: int
    rows: int


class Keeping(msgspec.Struct, kw_only=True, frozen=True):
    """What would be free, about, if every project kept so many days only."""

    days: int
    freed_bytes: int


class Disk(msgspec.Struct, kw_only=True, frozen=True):
    """What everything takes on the disk. `total_bytes` is the sum of `kinds`.

    Projects and days lie together in the same files, so theirs is estimated: a table's bytes, in
    proportion to what its rows are before compression.
    """

    place: str
    total_bytes: int
    free_bytes: int
    kinds: list[DiskUse]
    projects: list[ProjectDisk]
    days: list[DayDisk]
    keeping: list[Keeping]


class TraceScore(msgspec.Struct, kw_only=True, frozen=True):
    """A score as a list of runs shows it."""

    name: str
    value: float | None = None
    label: str = ""


class Trace(msgspec.Struct, kw_only=True, frozen=True):
    """A run, summed up. None is unknown; `outcome` is empty while it runs."""

    trace_id: str
    name: str
    start_time: str
    duration_ms: float | None = None
    status: str = "unset"
    outcome: str = ""
    running: bool = False
    session_id: str = ""
    user_id: str = ""
    tags: list[str] = []
    environment: str = ""
    release: str = ""
    service: str = ""
    agents: list[str] = []
    span_count: int = 0
    error_count: int = 0
    llm_calls: int = 0
    tool_calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    unpriced_calls: int = 0
    models: list[str] = []
    prompts: list[str] = []
    input_preview: str = ""
    output_preview: str = ""
    error_message: str = ""
    error_type: str = ""
    scores: list[TraceScore] = []
    hand_tags: list[str] = []


class TracePage(msgspec.Struct, kw_only=True, frozen=True):
    """Some runs, and where the next ones begin; None after the last."""

    traces: list[Trace]
    next_cursor: str | None = None


class SpanColumns(msgspec.Struct, kw_only=True, frozen=True):
    """The spans of a run in columns of one length, by start time. Offsets are microseconds."""

    span_id: list[str]
    parent_id: list[str]
    name: list[str]
    display_name: list[str]
    kind: list[str]
    start_us: list[int]
    duration_us: list[int | None]
    status: list[str]
    outcome: list[str]
    error_type: list[str]
    error_message: list[str]
    level: list[str]
    agent: list[str]
    tool: list[str]
    tool_call_id: list[str]
    model: list[str]
    provider: list[str]
    prompt: list[str]
    response_id: list[str]
    input_tokens: list[int | None]
    output_tokens: list[int | None]
    cache_read_tokens: list[int | None]
    reasoning_tokens: list[int | None]
    cost_usd: list[float | None]
    ttft_us: list[int | None]
    retries: list[int | None]
    input_preview: list[str]
    output_preview: list[str]
    service: list[str]
    scope: list[str]
    links: list[int]
    events: list[int]
    dropped: list[int]
    handoff_from: list[str]
    handoff_to: list[str]
    input_digest: list[str]
    output_digest: list[str]


class Skeleton(msgspec.Struct, kw_only=True, frozen=True):
    """A whole run without its contents. `uncounted` are spans whose tokens are told elsewhere."""

    trace: Trace
    start_ns: str
    spans: SpanColumns
    uncounted: list[str] = []
    scores: list[Score] = []
    log_count: int = 0


class SpanDetail(msgspec.Struct, kw_only=True, frozen=True):
    """One whole span: what it means, and what came in."""

    span_id: str
    trace_id: str
    parent_id: str
    name: str
    otel_kind: str
    start_time: str
    end_time: str | None = None
    duration_ms: float | None = None
    status: str
    status_message: str = ""
    trace_state: str = ""
    flags: int = 0
    facts: Facts
    conversation: Conversation
    attributes: dict[str, Value]
    events: list[dict[str, Value]] = []
    links: list[dict[str, Value]] = []
    logs: list[dict[str, Value]] = []
    resource: dict[str, Value] = {}
    scope: dict[str, Value] = {}
    dropped_attributes_count: int = 0
    dropped_events_count: int = 0
    dropped_links_count: int = 0
    truncated: dict[str, int] = {}
    scores: list[Score] = []


class LogLine(msgspec.Struct, kw_only=True, frozen=True):
    """A log record of a run; `span_id` is empty where the sender gave none."""

    span_id: str = ""
    time: str
    severity: str = ""
    severity_number: int = 0
    event_name: str = ""
    body: Value = None
    attributes: dict[str, Value] = {}


class Hit(msgspec.Struct, kw_only=True, frozen=True):
    """Text that was found, and the span that said it first. `ranges` count UTF-16 units."""

    trace_id: str
    span_id: str
    content_hash: str
    time: str
    snippet: str
    ranges: list[tuple[int, int]] = []
    trace_name: str = ""
    span_name: str = ""
    kind: str = ""


class HitPage(msgspec.Struct, kw_only=True, frozen=True):
    """Some hits, and where the next ones begin; None after the last."""

    hits: list[Hit]
    next_cursor: str | None = None


class Series(msgspec.Struct, kw_only=True, frozen=True):
    """The values of one group over time."""

    group: dict[str, str]
    points: list[tuple[str, float | None]]


class Stats(msgspec.Struct, kw_only=True, frozen=True):
    """A metric over time; `interval_s` is the distance of two points in seconds."""

    interval_s: float
    series: list[Series]
    total: float | None = None


class Column(msgspec.Struct, kw_only=True, frozen=True):
    """A column of an answer; `type` is ClickHouse's."""

    name: str
    type: str


class Rows(msgspec.Struct, kw_only=True, frozen=True):
    """The answer to a SQL query; `truncated` where there were more rows than the limit."""

    columns: list[Column]
    rows: list[list[Value]]
    row_count: int
    truncated: bool = False
    elapsed_ms: float = 0.0


class _Failure(msgspec.Struct, kw_only=True, frozen=True):
    message: str = ""
    position: int | None = None


class _FailureBody(msgspec.Struct, kw_only=True, frozen=True):
    error: _Failure


class _ProjectList(msgspec.Struct, kw_only=True, frozen=True):
    projects: list[Project]


class _PriceList(msgspec.Struct):
    prices: list[Price]


class _LogList(msgspec.Struct, kw_only=True, frozen=True):
    logs: list[LogLine]


class _KeyList(msgspec.Struct, kw_only=True, frozen=True):
    keys: list[Key]


class _Accepted(msgspec.Struct, kw_only=True, frozen=True):
    accepted: int


class Renewed(msgspec.Struct, kw_only=True, frozen=True):
    """Spans that were looked at again, and how many of them were changed; `total` is about how
    many there are, with the first answer. `next_cursor` is None at the end."""

    looked_at: int
    changed: int
    total: int | None = None
    next_cursor: str | None = None


class Client:
    """A server at `url`, asked with `key`, which a server in local mode doesn't need.

    Every method raises the `clew.errors` of the server's answer, and Unavailable where no server
    answers; making one raises BadInput for a `url` that can't be one.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url.rstrip("/")
        # Proxies of the environment are not asked for a server on this machine or network.
        self._http = httpx.Client(
            base_url=_check_url(self.url),
            headers={"authorization": f"Bearer {key}"} if key else {},
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def info(self) -> Info:
        """What the server is."""
        return self._get("/api/info", Info)

    def projects(self) -> list[Project]:
        """The projects that the key may read."""
        return self._get("/api/projects", _ProjectList).projects

    def project(self, name: str) -> Project:
        """One project."""
        return self._get(_path(name), Project)

    def create_project(self, name: str) -> Project:
        """Add a project."""
        return self._post("/api/projects", {"name": name}, Project)

    def set_retention(self, project: str, retention_days: int | None) -> Project:
        """Keep the project's runs for so many days, or with None as long as the server says."""
        answer = self._ask("PATCH", _path(project), json={"retention_days": retention_days})
        return _decode(answer, Project)

    def delete_project(self, project: str) -> None:
        """Remove a project and everything in it."""
        self._ask("DELETE", _path(project))

    def keys(self, project: str) -> list[Key]:
        """The keys of a project."""
        return self._get(_path(project, "keys"), _KeyList).keys

    def create_key(self, project: str, name: str, scopes: Sequence[KeyScope]) -> Key:
        """Make a key; the answer is the only one with its secret."""
        return self._post(_path(project, "keys"), {"name": name, "scopes": list(scopes)}, Key)

    def revoke_key(self, project: str, key_id: str) -> None:
        """Make a key useless."""
        self._ask("DELETE", _path(project, "keys", key_id))

    def prices(self) -> list[Price]:
        """The operator's own prices."""
        return self._get("/api/prices", _PriceList).prices

    def put_price(
        self, model: str, usd_per_million: dict[str, float], provider: str, valid_from: datetime
    ) -> Price:
        """Add a price, or replace the one of the same model, provider and date."""
        body = {
            "model": model,
            "provider": provider,
            "usd_per_million": usd_per_million,
            "valid_from": valid_from.isoformat(),
        }
        return _decode(self._ask("PUT", "/api/prices", json=body), Price)

    def delete_price(self, price_id: str) -> None:
        """Remove a price."""
        self._ask("DELETE", f"/api/prices/{quote(price_id, safe='')}")

    def traces(  # noqa: PLR0913 (a parameter of the API each)
        self,
        project: str,
        *,
        filter: str = "",  # noqa: A002 (the API's word)
        start: str = "",
        end: str = "",
        order: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> TracePage:
        """A page of runs, newest first unless `order` says otherwise."""
        asked = {"filter": filter, "from": start, "to": end, "order": order, "cursor": cursor}
        return self._get(_path(project, "traces"), TracePage, limit=limit, **asked)

    def trace(self, project: str, trace_id: str) -> Skeleton:
        """A run without its contents."""
        return self._get(_path(project, "traces", trace_id), Skeleton)

    def span(self, project: str, trace_id: str, span_id: str) -> SpanDetail:
        """One whole span."""
        return self._get(_path(project, "traces", trace_id, "spans", span_id), SpanDetail)

    def logs(self, project: str, trace_id: str) -> list[LogLine]:
        """Everything that a run logged, by time, whether or not it names a span."""
        return self._get(_path(project, "traces", trace_id, "logs"), _LogList).logs

    def renew(  # noqa: PLR0913 (a parameter of the API each)
        self,
        project: str,
        what: Literal["renormalize", "reprice"],
        *,
        filter: str = "",  # noqa: A002 (the API's word)
        start: str = "",
        end: str = "",
        cursor: str | None = None,
    ) -> Renewed:
        """Understand or price the next spans again; go on with the answer's `next_cursor`."""
        asked = {"filter": filter, "from": start, "to": end, "cursor": cursor}
        given = {name: value for name, value in asked.items() if value}
        return _decode(self._ask("POST", _path(project, what), params=given), Renewed)

    def delete_trace(self, project: str, trace_id: str) -> None:
        """Remove a run and its contents."""
        self._ask("DELETE", _path(project, "traces", trace_id))

    def export(
        self,
        project: str,
        trace_id: str,
        format: Literal["otlp", "jsonl"] = "otlp",  # noqa: A002
    ) -> Iterator[bytes]:
        """What came in of a run, piece by piece."""
        path = _path(project, "traces", trace_id, "export")
        with self._http.stream("GET", path, params={"format": format}) as answer:
            if answer.is_error:
                answer.read()
                raise _error(answer)
            yield from answer.iter_bytes()

    def disk(self) -> Disk:
        """What everything takes on the disk."""
        return self._get("/api/disk", Disk)

    def backup(self) -> Iterator[bytes]:
        """All that the server holds, as `clew restore` reads it, piece by piece."""
        try:
            with self._http.stream("GET", "/api/backup", timeout=BACKUP_TIMEOUT_S) as answer:
                if answer.is_error:
                    answer.read()
                    raise _error(answer)
                yield from answer.iter_bytes()
        except httpx.TransportError as exc:
            message = f"the server at {self.url} gave no whole backup ({exc}): try again"
            raise errors.Unavailable(message) from exc

    def search(  # noqa: PLR0913 (a parameter of the API each)
        self,
        project: str,
        q: str,
        *,
        filter: str = "",  # noqa: A002
        start: str = "",
        end: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> HitPage:
        """Where the words were said first."""
        asked = {"q": q, "filter": filter, "from": start, "to": end, "cursor": cursor}
        return self._get(_path(project, "search"), HitPage, limit=limit, **asked)

    def stats(  # noqa: PLR0913 (a parameter of the API each)
        self,
        project: str,
        metric: str,
        *,
        group_by: Sequence[str] = (),
        interval: str = "",
        filter: str = "",  # noqa: A002
        start: str = "",
        end: str = "",
    ) -> Stats:
        """A metric over time, in up to two groupings."""
        asked = {"metric": metric, "interval": interval, "filter": filter, "from": start, "to": end}
        return self._get(_path(project, "stats"), Stats, group_by=",".join(group_by), **asked)

    def sql(self, project: str, query: str, limit: int | None = None) -> Rows:
        """The rows of a read-only query over the project's views."""
        asked: dict[str, object] = {"query": query}
        if limit is not None:
            asked["limit"] = limit
        return self._post(_path(project, "sql"), asked, Rows)

    def add_scores(self, project: str, scores: Sequence[Score]) -> int:
        """Append scores; one with a known `score_id` replaces it. Returns how many were taken."""
        asked = {"scores": msgspec.to_builtins(scores)}
        return self._post(_path(project, "scores"), asked, _Accepted).accepted

    def submit(
        self,
        body: bytes,
        *,
        project: str,
        content_type: str,
        signal: Literal["traces", "logs"] = "traces",
    ) -> bytes:
        """Send an OTLP request and return the OTLP answer, in the encoding of the request.

        A server that is full or restarts is asked again, for about half a minute.
        """
        path = f"/v1/{signal}"
        headers = {"content-type": content_type, "x-clew-project": project}
        for wait_s in SUBMIT_WAITS_S:
            try:
                return self._ask("POST", path, content=body, headers=headers).content
            except errors.Unavailable as exc:
                time.sleep(max(exc.retry_after_s, wait_s))
        return self._ask("POST", path, content=body, headers=headers).content

    def _get(self, path: str, answer_type: type[T], **asked: str | int | None) -> T:
        given = {name: value for name, value in asked.items() if value not in ("", None)}
        return _decode(self._ask("GET", path, params=given), answer_type)

    def _post(self, path: str, body: object, answer_type: type[T]) -> T:
        return _decode(self._ask("POST", path, json=body), answer_type)

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **request)
        except httpx.TimeoutException as exc:
            message = f"the server at {self.url} didn't answer within {TIMEOUT_S:.0f} s"
            raise errors.Unavailable(message) from exc
        except httpx.TransportError as exc:
            message = (
                f"no server answers at {self.url} ({exc}): "
                "start one with `clew serve`, or pass --url"
            )
            raise errors.Unavailable(message) from exc
        if answer.is_error:
            raise _error(answer)
        return answer


def _check_url(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as exc:
        message = f"{url!r} can't be a server's address ({exc}): such as http://127.0.0.1:4318"
        raise errors.BadInput(message) from exc
    if parsed.scheme not in ("http", "https") or not parsed.host:
        message = f"{url!r} can't be a server's address: such as http://127.0.0.1:4318"
        raise errors.BadInput(message)
    return parsed


def _path(*parts: str) -> str:
    return "/api/projects/" + "/".join(quote(part, safe="") for part in parts)


def _decode(answer: httpx.Response, answer_type: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=answer_type)
    except msgspec.DecodeError as exc:
        message = (
            f"{answer.url} gave an answer that this client doesn't understand ({exc}): "
            "is it a Clew, and of this version?"
        )
        raise errors.BadInput(message) from exc


def _error(answer: httpx.Response) -> errors.ClewError:
    """The error that the server raised."""
    try:
        failure = msgspec.json.decode(answer.content, type=_FailureBody).error
    except msgspec.DecodeError:
        failure = _Failure()
    message = failure.message or f"{answer.url} answered {answer.status_code}"
    if failure.position is not None:
        return errors.BadFilter(message, failure.position)
    if answer.status_code == errors.Unavailable.status:
        return errors.Unavailable(message, _retry_after_s(answer))
    leaf = _LEAVES.get(answer.status_code, errors.ClewError)
    return leaf(message)


def _retry_after_s(answer: httpx.Response) -> int:
    said = answer.headers.get("retry-after", "")
    return int(said) if said.isdecimal() else 1


_LEAVES: dict[int, type[errors.ClewError]] = {
    leaf.status: leaf
    for leaf in errors.ClewError.__subclasses__()
    if leaf.status != errors.ClewError.status
}
