"""The spans of one run, in the GenAI conventions of OpenTelemetry.

Ids are hashes of what stays the same about a run, so importing a file twice writes the same spans.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import xxhash

from clew import conventions as names
from clew.score import Score
from clew.span import Attributes, Resource, Scope, Span, Value

_UNKNOWN: tuple[Value, ...] = (None, "", [])

Operation = Literal["invoke_agent", "chat", "execute_tool"]


class Run(msgspec.Struct, kw_only=True, frozen=True):
    """What all spans of one run share."""

    format: str
    trace_id: str
    resource: Resource
    scope: Scope


def run(format_name: str, identity: object, *, service: str, release: str = "") -> Run:
    """A run that is named, within its format, by `identity`: text, or anything JSON can say."""
    text = identity if isinstance(identity, str) else msgspec.json.encode(identity).decode()
    resource: Attributes = {names.SERVICE_NAME: service}
    if release:
        resource[names.SERVICE_VERSION] = release
    return Run(
        format=format_name,
        trace_id=xxhash.xxh3_128_hexdigest(f"{format_name}\n{text}".encode()),
        resource=Resource(attributes=resource),
        scope=Scope(name=f"clew.import.{format_name}"),
    )


def span_id(of: Run, key: str) -> str:
    """The id of the span that `key` names within its run."""
    return xxhash.xxh3_64_hexdigest(f"{of.trace_id}\n{key}".encode())


def span(  # noqa: PLR0913 a span has this many sides
    of: Run,
    key: str,
    operation: Operation,
    subject: str,
    *,
    start_ns: int,
    end_ns: int,
    parent_id: str = "",
    attributes: Attributes,
    error: str | None = None,
    error_type: str = "error",
) -> Span:
    """A span of `operation` on `subject` (an agent, a model, a tool). Attributes that say
    nothing are left out. `error` is None where all went well, else what happened."""
    said: Attributes = {
        names.GEN_AI_OPERATION_NAME: operation,
        **attributes,
        names.ERROR_TYPE: None if error is None else error_type,
    }
    return Span(
        trace_id=of.trace_id,
        span_id=span_id(of, key),
        parent_id=parent_id,
        name=f"{operation} {subject}".strip(),
        otel_kind="client" if operation == "chat" else "internal",
        start_ns=start_ns,
        end_ns=max(start_ns, end_ns),
        status="unset" if error is None else "error",
        status_message=error or "",
        attributes={key: value for key, value in said.items() if value not in _UNKNOWN},
        resource=of.resource,
        scope=of.scope,
    )


def number_score(of: Run, name: str, value: float, time_ns: int) -> Score:
    """A number that the file gives the run."""
    return Score(
        score_id=span_id(of, f"score {name}"),
        name=name,
        value=float(value),
        source="code",
        evaluator=of.format,
        trace_id=of.trace_id,
        time_ns=time_ns,
    )


def category_score(of: Run, name: str, label: str, time_ns: int) -> Score:
    """A category that the file gives the run."""
    return Score(
        score_id=span_id(of, f"score {name}"),
        name=name,
        data_type="category",
        label=label,
        source="code",
        evaluator=of.format,
        trace_id=of.trace_id,
        time_ns=time_ns,
    )


def metadata(values: dict[str, object]) -> Attributes:
    """Attributes that say more about a run; what isn't known is left out."""
    return {
        f"{names.CLEW_METADATA}{key}": value if isinstance(value, str) else _json(value)
        for key, value in values.items()
        if value not in _UNKNOWN
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
