"""LangSmith's client when it exports over OpenTelemetry: the kind of a run and its metadata beside
the older GenAI names.

https://docs.langchain.com/langsmith/trace-with-opentelemetry
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clew import conventions as c
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.values import count, named_texts, read_texts, record, text

if TYPE_CHECKING:
    from clew.span import Attributes, Kind, Span
    from clew.wire.shape import Shape

_PREFIX = "langsmith."
_METADATA = c.LANGSMITH_METADATA
_KINDS: dict[str, Kind] = {
    "llm": "llm",
    "chain": "step",
    "tool": "tool",
    "retriever": "retrieval",
    "embedding": "embedding",
    "prompt": "prompt",
    "parser": "step",
}
_TEXTS = (
    (c.LANGSMITH_TRACE_SESSION_ID, "session_id"),
    (_METADATA + "thread_id", "session_id"),
    (_METADATA + "session_id", "session_id"),
    (_METADATA + "conversation_id", "session_id"),
    (_METADATA + "user_id", "user_id"),
    (_METADATA + "revision_id", "release"),
    (_METADATA + "lc_hub_repo", "prompt_name"),
    (_METADATA + "lc_hub_commit_hash", "prompt_version"),
)
_OWN = ("LANGSMITH_", "LANGCHAIN_", "ls_", "lc_", "usage_metadata", "_type")
"""Metadata that the client writes for itself."""
_DETAILS = (
    ("input_token_details", "cache_read", "cache_read_tokens"),
    ("input_token_details", "cache_creation", "cache_write_tokens"),
    ("input_token_details", "audio", "audio_input_tokens"),
    ("output_token_details", "reasoning", "reasoning_tokens"),
    ("output_token_details", "audio", "audio_output_tokens"),
)


def _matches(shape: Shape) -> bool:
    return shape.speaks(_PREFIX)


def _facts(span: Span, shape: Shape) -> Found:
    attributes = span.attributes
    found: Found = {}
    rules: dict[str, str] = {}
    read_texts(attributes, shape.of(_TEXTS), found)
    _read_kind(span, found, rules)
    told = named_texts(attributes, shape.under(_METADATA))
    metadata = {key: said for key, said in told.items() if not key.startswith(_OWN)}
    if metadata:
        found["metadata"] = metadata
    tags = text(attributes.get(c.LANGSMITH_SPAN_TAGS))
    if tags:
        found["tags"] = [tag.strip() for tag in tags.split(",")]
    _read_usage(attributes, found, rules)
    if "session_id" in found:
        rules["session_id"] = next(
            name for name, field in _TEXTS if field == "session_id" and name in attributes
        )
    if rules:
        found["rules"] = rules
    return found


def _read_kind(span: Span, found: Found, rules: dict[str, str]) -> None:
    kind = _KINDS.get(text(span.attributes.get(c.LANGSMITH_SPAN_KIND)))
    if kind == "step" and span.attributes.get(_METADATA + "lc_agent_name") == span.name:
        found["agent_name"] = span.name
        found["kind"], rules["kind"] = "agent", _METADATA + "lc_agent_name"
    elif kind:
        found["kind"], rules["kind"] = kind, c.LANGSMITH_SPAN_KIND


def _read_usage(attributes: Attributes, found: Found, rules: dict[str, str]) -> None:
    told = record(attributes.get(_METADATA + "usage_metadata"))
    if not told or found.get("kind") not in ("llm", "embedding"):
        return
    usage: Found = {}
    for field in ("input_tokens", "output_tokens", "total_tokens"):
        tokens = count(told.get(field))
        if tokens is not None:
            usage[field] = tokens
    for details, name, field in _DETAILS:
        tokens = count(record(told.get(details)).get(name))
        if tokens is not None:
            usage[field] = tokens
    found["usage"], rules["usage"] = usage, _METADATA + "usage_metadata"


DIALECT = Dialect("langsmith", 1, _matches, _facts)
