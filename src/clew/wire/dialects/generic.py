"""What any span may say: OpenTelemetry's general names, plain names, and the span's own name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.span import Conversation, Resource
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.previews import Preview, fold, of_input, of_output
from clew.wire.providers import framework_of_scope
from clew.wire.values import boolean, count, decoded, number, read_texts, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clew.span import Attributes, Kind, Log, Span
    from clew.wire.shape import Shape

_RESOURCE_TEXTS = (
    (c.SERVICE_NAME, "service"),
    (c.DEPLOYMENT_ENVIRONMENT_NAME, "environment"),
    (c.DEPLOYMENT_ENVIRONMENT, "environment"),
    (c.SERVICE_VERSION, "release"),
    (c.CLEW_PROJECT, "project"),
    (c.OPENINFERENCE_PROJECT_NAME, "project"),
    (c.SESSION_ID, "session_id"),
    (c.USER_ID, "user_id"),
)
_TEXTS = (
    (c.SESSION_ID, "session_id"),
    (c.USER_ID, "user_id"),
    (c.ENDUSER_ID, "user_id"),
    (c.ENDUSER_PSEUDO_ID, "user_id"),
    (c.ERROR_TYPE, "error_type"),
    (c.ERROR_MESSAGE, "error_message"),
    (c.DEPLOYMENT_ENVIRONMENT_NAME, "environment"),
    (c.DEPLOYMENT_ENVIRONMENT, "environment"),
)
_SIGNS = frozenset({c.HTTP_RESEND_COUNT, c.PLAIN_LEVEL, c.PLAIN_MODEL})
_RULED = ((c.SESSION_ID, "session_id"),)
_LEVELS = {
    "debug": "debug",
    "info": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
    "fatal": "error",
    "critical": "error",
}
_NAME_KINDS: dict[str, Kind] = {
    "invoke_agent": "agent",
    "create_agent": "agent",
    "execute_tool": "tool",
    "invoke_workflow": "workflow",
}
"""First words of span names that nobody uses for anything else."""
_VECTOR_DATABASES = frozenset(
    {
        "chroma",
        "chromadb",
        "pinecone",
        "qdrant",
        "weaviate",
        "milvus",
        "lancedb",
        "marqo",
        "vespa",
        "vectara",
    }
)
_SEARCHES = frozenset({"query", "search", "retrieve", "get", "similarity_search", "hybrid_search"})
_CONTENT = frozenset(
    {
        c.PLAIN_INPUT,
        c.PLAIN_OUTPUT,
        c.DB_QUERY_TEXT,
        c.DB_STATEMENT,
        c.HTTP_REQUEST_METHOD,
        c.HTTP_METHOD,
        c.HTTP_RESPONSE_STATUS_CODE,
        c.HTTP_STATUS_CODE,
        c.URL_FULL,
        c.HTTP_URL,
        c.URL_PATH,
    }
)


def _matches(_shape: Shape) -> bool:
    return True


def _facts(span: Span, shape: Shape) -> Found:
    attributes = span.attributes
    found: Found = {}
    rules = {field: name for name, field in shape.of(_RULED)}
    read_texts(attributes, shape.of(_TEXTS), found)
    _read_resource(span.resource, found)
    framework = framework_of_scope(span.scope.name)
    if framework:
        found["framework"] = framework
    _read_kind(span, found, rules)
    if span.events:
        _read_exception(span, found)
    if shape.has(_SIGNS):
        _read_plain(attributes, found, rules)
    if rules:
        found["rules"] = rules
    return found


class _LastResource:
    """What the resource says that the last span came from: all spans of an export share one."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        self.known: tuple[Resource, Found] = Resource(), {}

    def read(self, resource: Resource) -> Found:
        """The fields that `resource` tells, which MUST not be changed."""
        last, told = self.known
        if resource is not last:
            told = {}
            read_texts(resource.attributes, _RESOURCE_TEXTS, told)
            self.known = resource, told
        return told


_last_resource = _LastResource()


def _read_resource(resource: Resource, found: Found) -> None:
    for field, said in _last_resource.read(resource).items():
        if field not in found:
            found[field] = said


def _read_plain(attributes: Attributes, found: Found, rules: dict[str, str]) -> None:
    resent = count(attributes.get(c.HTTP_RESEND_COUNT))
    if resent is not None:
        found["retries"] = resent
    level = attributes.get(c.PLAIN_LEVEL)
    if isinstance(level, str) and level.lower() in _LEVELS:
        found["level"] = _LEVELS[level.lower()]
    if c.PLAIN_MODEL in attributes and found.get("kind") is None:
        found["request_model"] = text(attributes[c.PLAIN_MODEL])
        rules["model"] = c.PLAIN_MODEL


def _previews(span: Span, kind: Kind) -> Preview:
    attributes = span.attributes
    if kind == "http":
        return Preview(_request_line(attributes), fold(text(_status_code(attributes))))
    if kind in ("db", "retrieval"):
        statement = attributes.get(c.DB_QUERY_TEXT) or attributes.get(c.DB_STATEMENT)
        return Preview(fold(text(statement)))
    return Preview(
        of_input(attributes.get(c.PLAIN_INPUT)), of_output(attributes.get(c.PLAIN_OUTPUT))
    )


def _conversation(span: Span, logs: Sequence[Log]) -> Conversation | None:
    del logs
    get = span.attributes.get
    return Conversation(
        input=decoded(get(c.PLAIN_INPUT)).value or get(c.DB_QUERY_TEXT) or get(c.DB_STATEMENT),
        output=decoded(get(c.PLAIN_OUTPUT)).value,
    )


def _read_kind(span: Span, found: Found, rules: dict[str, str]) -> None:
    attributes = span.attributes
    for name in (c.DB_SYSTEM_NAME, c.DB_SYSTEM):
        if name in attributes:
            found["kind"], rules["kind"] = _database_kind(span, text(attributes[name])), name
            return
    for name in (c.HTTP_REQUEST_METHOD, c.HTTP_METHOD):
        if name in attributes:
            found["kind"], rules["kind"] = "http", name
            return
    first, space, rest = span.name.partition(" ")
    kind = _NAME_KINDS.get(first)
    if kind and (space == "" or rest):
        found["kind"], rules["kind"] = kind, "name"
        if rest and kind in ("agent", "tool", "workflow"):
            found[f"{kind}_name"] = rest


def _database_kind(span: Span, system: str) -> Kind:
    """Asking a vector database is retrieval; writing to it and any other database is db."""
    if system.lower() not in _VECTOR_DATABASES:
        return "db"
    operation = span.attributes.get(c.DB_OPERATION_NAME) or span.attributes.get(c.DB_OPERATION)
    named = text(operation) or span.name.rpartition(".")[2]
    return "retrieval" if named.lower() in _SEARCHES else "db"


def _read_exception(span: Span, found: Found) -> None:
    """The last exception: the one that left the span, where several were recorded."""
    for event in reversed(span.events):
        if event.name not in (c.EXCEPTION_EVENT, c.GEN_AI_EVENT_EXCEPTION):
            continue
        escaped = boolean(event.attributes.get(c.EXCEPTION_ESCAPED))
        if span.status == "error" or c.ERROR_TYPE in span.attributes or escaped:
            found.setdefault("error_type", text(event.attributes.get(c.EXCEPTION_TYPE)))
            found.setdefault("error_message", text(event.attributes.get(c.EXCEPTION_MESSAGE)))
        return


def _status_code(attributes: Attributes) -> float | None:
    return number(attributes.get(c.HTTP_RESPONSE_STATUS_CODE, attributes.get(c.HTTP_STATUS_CODE)))


def _request_line(attributes: Attributes) -> str:
    method = attributes.get(c.HTTP_REQUEST_METHOD, attributes.get(c.HTTP_METHOD))
    target = next(
        (attributes[n] for n in (c.URL_FULL, c.HTTP_URL, c.URL_PATH) if n in attributes), ""
    )
    return fold(f"{text(method)} {text(target)}")


DIALECT = Dialect("generic", 1, _matches, _facts, _previews, _conversation, content=_CONTENT)
