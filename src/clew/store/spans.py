"""Rows of spans, contents, logs, metrics and scores, and how they are written.

A row is the values of a table's columns, in order, encoded as the MsgPack format has them: one
after the other. Times are nanoseconds since the Unix epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from clew.score import Score
from clew.span import Facts, Log, Point, Span
from clew.store.engine import Batch, Engine

DAY_NS = 86_400_000_000_000
FINISHED = 1 << 62

SPAN_COLUMNS = (
    "project trace_id span_id parent_id version start_ns end_ns name display_name kind otel_kind"
    " status status_message outcome error_type error_message level service environment release"
    " framework scope_name scope_version session_id user_id tags metadata agent_name workflow_name"
    " tool_name tool_call_id provider model request_model response_id finish_reasons prompt_name"
    " prompt_version usage_scope input_tokens output_tokens cache_read_tokens cache_write_tokens"
    " reasoning_tokens total_tokens cost_usd cost_source counted ttft_ns retries handoff_from"
    " handoff_to input_preview output_preview event_count link_count dropped_count input_hashes"
    " output_hashes other_hashes attributes resource facts raw"
).split()
CONTENT_COLUMNS = (
    "project day trace_id hash start_ns span_id size_bytes mime skeleton text blob"
).split()
LOG_COLUMNS = (
    "project day trace_id span_id time_ns log_hash severity_number severity event_name service"
    " hashes attributes raw"
).split()
METRIC_COLUMNS = (
    "project day name time_ns point_hash start_ns unit kind value count service attributes raw"
).split()
SCORE_COLUMNS = (
    "project trace_id session_id score_id version span_id name data_type value label comment"
    " source author evaluator time_ns metadata"
).split()

Row: TypeAlias = bytes
_encode = msgspec.msgpack.Encoder().encode
_facts = msgspec.json.Encoder().encode


class Refs(msgspec.Struct, frozen=True):
    """The hashes of a span's contents, by direction, in the order of its document."""

    input: list[bytes] = []
    output: list[bytes] = []
    other: list[bytes] = []


class Rows(msgspec.Struct):
    """What one commit writes."""

    spans: list[Row] = []
    contents: list[Row] = []
    logs: list[Row] = []
    metrics: list[Row] = []
    scores: list[Row] = []

    def add(self, more: Rows) -> None:
        """Append the rows of `more`."""
        self.spans += more.spans
        self.contents += more.contents
        self.logs += more.logs
        self.metrics += more.metrics
        self.scores += more.scores


def span_version(*, finished: bool, received_ns: int) -> int:
    """The version of a span's row: a finished span beats an unfinished one, then the later one
    wins. OTLP delivers at least once, and an exporter may send a snapshot of a running span."""
    return (FINISHED if finished else 0) | received_ns


def span_row(  # noqa: PLR0913 - a row is made of this many things
    project: str,
    span: Span,
    facts: Facts,
    *,
    received_ns: int,
    refs: Refs,
    attributes: dict[str, str],
    resource: dict[str, str],
    raw: bytes,
) -> Row:
    """The row of `span`, in the order of `SPAN_COLUMNS`."""
    usage = facts.usage
    cost = facts.cost
    scope = usage.scope if usage else ""
    return encode_row(
        [
            project,
            span.trace_id,
            span.span_id,
            span.parent_id,
            span_version(finished=span.end_ns is not None, received_ns=received_ns),
            span.start_ns,
            span.end_ns,
            span.name,
            facts.display_name or span.name,
            facts.kind,
            span.otel_kind,
            span.status,
            span.status_message,
            facts.outcome,
            facts.error_type,
            facts.error_message,
            facts.level,
            facts.service,
            facts.environment,
            facts.release,
            facts.framework,
            span.scope.name,
            span.scope.version,
            facts.session_id,
            facts.user_id,
            facts.tags,
            facts.metadata,
            facts.agent_name,
            facts.workflow_name,
            facts.tool_name,
            facts.tool_call_id,
            facts.provider,
            facts.model,
            facts.request_model,
            facts.response_id,
            facts.finish_reasons,
            facts.prompt_name,
            facts.prompt_version,
            scope,
            usage.input_tokens if usage else None,
            usage.output_tokens if usage else None,
            usage.cache_read_tokens if usage else None,
            usage.cache_write_tokens if usage else None,
            usage.reasoning_tokens if usage else None,
            usage.total_tokens if usage else None,
            float(cost.total_usd) if cost and cost.total_usd is not None else None,
            cost.source if cost else "",
            # Aggregates are counted once it is known that nothing below them is (see clew.settle).
            int(scope == "leaf" or (scope == "" and cost is not None)),
            facts.ttft_ns,
            facts.retries,
            facts.handoff_from,
            facts.handoff_to,
            facts.input_preview,
            facts.output_preview,
            len(span.events),
            len(span.links),
            span.dropped_attributes_count + span.dropped_events_count + span.dropped_links_count,
            refs.input,
            refs.output,
            refs.other,
            attributes,
            resource,
            _facts(facts),
            raw,
        ]
    )


def content_row(  # noqa: PLR0913 - a row is made of this many things
    project: str,
    span: Span | Log,
    *,
    start_ns: int,
    digest: bytes,
    size_bytes: int,
    skeleton: str = "",
    text: str = "",
    mime: str = "",
    blob: bytes = b"",
) -> Row:
    """The row of a content first seen in `span`, in the order of `CONTENT_COLUMNS`."""
    return encode_row(
        [
            project,
            start_ns // DAY_NS,
            span.trace_id,
            digest,
            start_ns,
            span.span_id,
            size_bytes,
            mime,
            skeleton,
            text,
            blob,
        ]
    )


def log_row(  # noqa: PLR0913 - a row is made of this many things
    project: str,
    log: Log,
    *,
    digest: bytes,
    hashes: list[bytes],
    attributes: dict[str, str],
    raw: bytes,
) -> Row:
    """The row of `log`, in the order of `LOG_COLUMNS`. `digest` makes a repeated log one row."""
    time_ns = log_time_ns(log)
    return encode_row(
        [
            project,
            time_ns // DAY_NS,
            log.trace_id,
            log.span_id,
            time_ns,
            digest,
            min(log.severity_number, 255),
            log.severity,
            log.event_name,
            str(log.resource.attributes.get("service.name", "")),
            hashes,
            attributes,
            raw,
        ]
    )


def log_time_ns(log: Log) -> int:
    """When it happened, or else when it was observed."""
    return log.time_ns or log.observed_ns


def metric_row(
    project: str, point: Point, *, digest: bytes, attributes: dict[str, str], raw: bytes
) -> Row:
    """The row of a metric's data point, in the order of `METRIC_COLUMNS`."""
    return encode_row(
        [
            project,
            point.time_ns // DAY_NS,
            point.name,
            point.time_ns,
            digest,
            point.start_ns,
            point.unit,
            point.kind,
            point.value,
            point.count,
            str(point.resource.attributes.get("service.name", "")),
            attributes,
            raw,
        ]
    )


def score_row(project: str, score: Score, *, received_ns: int) -> Row:
    """The row of `score`, in the order of `SCORE_COLUMNS`."""
    return encode_row(
        [
            project,
            score.trace_id,
            score.session_id,
            score.score_id,
            received_ns,
            score.span_id,
            score.name,
            score.data_type,
            # The engine takes no integer for a float.
            None if score.value is None else float(score.value),
            score.label,
            score.comment,
            score.source,
            score.author,
            score.evaluator,
            score.time_ns or received_ns,
            score.metadata,
        ]
    )


_FIXARRAY_MAX = 15


def encode_row(values: Sequence[object]) -> Row:
    """A row of `values`."""
    # msgpack puts an array's length in front: one byte up to 15 values, three up to 65,535.
    return _encode(values)[1 if len(values) <= _FIXARRAY_MAX else 3 :]


async def write(engine: Engine, rows: Rows) -> None:
    """Append `rows`, contents first: a crash in between shows nothing incomplete, and the sender,
    who got no answer, sends again."""
    tables = (
        ("contents", CONTENT_COLUMNS, rows.contents),
        ("logs", LOG_COLUMNS, rows.logs),
        ("metrics", METRIC_COLUMNS, rows.metrics),
        ("scores", SCORE_COLUMNS, rows.scores),
        ("spans", SPAN_COLUMNS, rows.spans),
    )
    await engine.insert(
        *(Batch(table, columns, b"".join(some)) for table, columns, some in tables if some)
    )
