"""The noun: a span, as it was received and as it is understood.

`Span` keeps everything that arrived. `Facts` is what the dialects understand of it: the flat
values that lists, filters and sums need, computed at ingest into columns. `Conversation` is the
canonical messages of a span, built when a span is read. Names follow the OpenTelemetry GenAI
conventions where these have a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    Value: TypeAlias = "None | bool | int | float | str | bytes | list[Value] | dict[str, Value]"
    """An OTLP AnyValue. Integers are signed 64-bit; bytes are never text."""
else:
    # msgspec refuses a union of str and bytes; msgpack tells the two apart by itself.
    Value = Any

Attributes: TypeAlias = "dict[str, Value]"

Kind = Literal[
    "workflow",
    "agent",
    "plan",
    "step",
    "llm",
    "embedding",
    "rerank",
    "retrieval",
    "tool",
    "mcp",
    "memory",
    "handoff",
    "guardrail",
    "evaluation",
    "human",
    "prompt",
    "http",
    "db",
    "other",
]
Outcome = Literal["success", "error", "refused", "cancelled", "blocked", "waiting"]
Status = Literal["unset", "ok", "error"]
OtelKind = Literal["unspecified", "internal", "server", "client", "producer", "consumer"]
Direction = Literal["input", "output", "other"]


class Event(msgspec.Struct, kw_only=True, frozen=True):
    """A span event: `time_ns` since the Unix epoch."""

    name: str
    time_ns: int = 0
    attributes: Attributes = {}
    dropped_attributes_count: int = 0


class Link(msgspec.Struct, kw_only=True, frozen=True):
    """A span link, to a span of this or another trace."""

    trace_id: str
    span_id: str
    trace_state: str = ""
    flags: int = 0
    attributes: Attributes = {}
    dropped_attributes_count: int = 0


class Resource(msgspec.Struct, kw_only=True, frozen=True):
    """Who sent: the OTLP resource, shared by all spans of one `ResourceSpans`."""

    attributes: Attributes = {}
    schema_url: str = ""
    dropped_attributes_count: int = 0


class Scope(msgspec.Struct, kw_only=True, frozen=True):
    """The instrumentation scope, shared by all spans of one `ScopeSpans`."""

    name: str = ""
    version: str = ""
    attributes: Attributes = {}
    schema_url: str = ""
    dropped_attributes_count: int = 0


class Span(msgspec.Struct, kw_only=True, frozen=True):
    """What an agent did, from when to when, as received.

    Ids are lowercase hex for OTLP senders, else the string the sender chose. `parent_id` is empty
    for a root. `end_ns` is None while the span runs. `truncated` names the attributes that were
    cut at ingest, with their original size in bytes.
    """

    trace_id: str
    span_id: str
    parent_id: str = ""
    name: str = ""
    otel_kind: OtelKind = "unspecified"
    start_ns: int
    end_ns: int | None = None
    status: Status = "unset"
    status_message: str = ""
    attributes: Attributes = {}
    events: tuple[Event, ...] = ()
    links: tuple[Link, ...] = ()
    resource: Resource = Resource()
    scope: Scope = Scope()
    trace_state: str = ""
    flags: int = 0
    dropped_attributes_count: int = 0
    dropped_events_count: int = 0
    dropped_links_count: int = 0
    truncated: dict[str, int] = {}


class Log(msgspec.Struct, kw_only=True, frozen=True):
    """An OTLP log record; `trace_id` and `span_id` are empty where the sender gave none."""

    trace_id: str = ""
    span_id: str = ""
    time_ns: int = 0
    observed_ns: int = 0
    severity_number: int = 0
    severity: str = ""
    event_name: str = ""
    body: Value = None
    attributes: Attributes = {}
    resource: Resource = Resource()
    scope: Scope = Scope()
    flags: int = 0
    dropped_attributes_count: int = 0


class Point(msgspec.Struct, kw_only=True, frozen=True):
    """One OTLP metric data point. `kind` is gauge, sum, histogram, exponential_histogram or
    summary; `value` is the number or, for distributions, the sum; `detail` holds the rest."""

    name: str
    unit: str = ""
    description: str = ""
    kind: str = "gauge"
    time_ns: int = 0
    start_ns: int = 0
    value: float | None = None
    count: int | None = None
    detail: dict[str, Value] = {}
    attributes: Attributes = {}
    resource: Resource = Resource()
    scope: Scope = Scope()


class Usage(msgspec.Struct, kw_only=True, frozen=True):
    """Tokens of one model call. `input_tokens` includes cached ones, `output_tokens` includes
    reasoning; the others are subsets. None is unknown, never 0. `scope` says whether the numbers
    belong to this call alone (leaf) or sum up what runs below it (aggregate)."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_input_tokens: int | None = None
    audio_output_tokens: int | None = None
    image_input_tokens: int | None = None
    total_tokens: int | None = None
    scope: Literal["leaf", "aggregate"] = "leaf"


class Cost(msgspec.Struct, kw_only=True, frozen=True):
    """Money in US dollars. `source` is `client` (the sender said it), `operator` or `prices`
    (computed from the operator's or the packaged price table), or empty where `total_usd` is None:
    unknown."""

    input_usd: float | None = None
    output_usd: float | None = None
    total_usd: float | None = None
    source: str = ""


class Facts(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the dialects understand of a span. Empty string and None mean "not said".

    Every field is filled by the first dialect, in order of precedence, that knows it; `rules` names
    for a field the dialect that decided (`{"kind": "openinference: openinference.span.kind"}`).
    """

    kind: Kind = "other"
    rules: dict[str, str] = {}
    dialects: list[str] = []
    display_name: str = ""
    outcome: Outcome | Literal[""] = ""
    error_type: str = ""
    error_message: str = ""
    level: str = ""
    service: str = ""
    environment: str = ""
    release: str = ""
    framework: str = ""
    project: str = ""
    session_id: str = ""
    user_id: str = ""
    tags: list[str] = []
    metadata: dict[str, str] = {}
    agent_id: str = ""
    agent_name: str = ""
    agent_version: str = ""
    agent_description: str = ""
    workflow_name: str = ""
    tool_name: str = ""
    tool_type: str = ""
    tool_call_id: str = ""
    tool_description: str = ""
    tool_is_error: bool = False
    mcp_method: str = ""
    handoff_from: str = ""
    handoff_to: str = ""
    provider: str = ""
    request_model: str = ""
    response_model: str = ""
    response_id: str = ""
    finish_reasons: list[str] = []
    model_parameters: dict[str, Value] = {}
    stream: bool | None = None
    prompt_name: str = ""
    prompt_version: str = ""
    prompt_variables: dict[str, str] = {}
    usage: Usage | None = None
    cost: Cost | None = None
    ttft_ns: int | None = None
    queue_ns: int | None = None
    retries: int | None = None
    input_preview: str = ""
    output_preview: str = ""

    @property
    def model(self) -> str:
        """The model that answered, else the one that was asked."""
        return self.response_model or self.request_model


class Part(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One part of a message, in the shape of the GenAI message schema.

    `type` is text, reasoning, tool_call, tool_call_response, blob, file, uri, compaction, refusal
    or json (anything else the sender put there, kept in `data`). For blob, `content_hash` names
    the content that the bytes are served from.
    """

    type: str
    text: str = ""
    id: str = ""
    name: str = ""
    arguments: Value = None
    response: Value = None
    is_error: bool = False
    mime_type: str = ""
    modality: str = ""
    uri: str = ""
    file_id: str = ""
    content_hash: str = ""
    data: Value = None


class Message(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One message: `role` is system, user, assistant, tool or what the sender said. `source` is
    the attribute or event it was read from; `truncated` marks JSON that was cut off."""

    role: str
    name: str = ""
    parts: list[Part] = []
    finish_reason: str = ""
    source: str = ""
    truncated: bool = False


class ToolDefinition(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A tool that was offered to the model; `parameters` is its JSON Schema."""

    name: str
    description: str = ""
    type: str = "function"
    parameters: Value = None


class Document(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A retrieved document."""

    id: str = ""
    content: str = ""
    score: float | None = None
    metadata: Value = None


class Conversation(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The canonical messages of one span. For spans that are not model calls `input` and `output`
    hold the values that went in and came out (a tool's arguments and result, for example)."""

    system: list[Message] = []
    messages_in: list[Message] = []
    messages_out: list[Message] = []
    tools: list[ToolDefinition] = []
    documents: list[Document] = []
    input: Value = None
    output: Value = None
