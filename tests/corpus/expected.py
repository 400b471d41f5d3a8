"""What the recorded bodies must become: facts, conversation and scores of every span.

    PYTHONPATH=tests python -m corpus.expected    # write it down anew

Read the diff before committing it: a change there is a change of what people see.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec

from clew.span import Log, Span
from clew.wire import openai_agents
from clew.wire.agent_logs import placed, spans_of
from clew.wire.merge import merge
from clew.wire.normalize import conversation, normalize, scores
from clew.wire.otlp import decode_logs, decode_traces

HERE = Path(__file__).parent
READABLE_CHARS = 200_000
"""What is longer is written a span a line."""


def understood(folder: Path) -> list[dict[str, Any]]:
    """What the bodies of a folder become: each span with its facts, conversation and scores."""
    spans, logs = recorded(folder)
    return [
        msgspec.to_builtins(
            {
                "name": span.name,
                "facts": normalize(span),
                "conversation": conversation(
                    span, [log for log in logs if log.span_id == span.span_id]
                ),
                "scores": scores(span),
            }
        )
        for span in spans
    ]


def recorded(folder: Path) -> tuple[list[Span], list[Log]]:
    """The spans of a folder, oldest first, and its log records."""
    spans = decode_traces(body(folder, "traces"), "protobuf").spans
    logs = decode_logs(body(folder, "logs"), "protobuf").logs
    return sorted(spans, key=lambda span: (span.start_ns, span.span_id)), logs


def body(folder: Path, signal: str) -> bytes:
    """The body of traces or logs that a folder has, large ones unpacked; empty without one."""
    path = folder / f"{signal}.otlp.pb"
    if path.exists():
        return path.read_bytes()
    packed = path.with_suffix(".pb.gz")
    return gzip.decompress(packed.read_bytes()) if packed.exists() else b""


def told(folder: Path) -> list[dict[str, Any]]:
    """The spans of the runs that the log records of a folder tell, each with its facts."""
    runs: dict[str, list[Log]] = {}
    for log in decode_logs(body(folder, "logs"), "protobuf").logs:
        there = placed(log)
        if there is not log:
            runs.setdefault(there.trace_id, []).append(there)
    return [
        msgspec.to_builtins(
            {
                "name": span.name,
                "trace_id": span.trace_id,
                "span_id": span.span_id,
                "parent_id": span.parent_id,
                "duration_ns": None if span.end_ns is None else span.end_ns - span.start_ns,
                "facts": normalize(span),
            }
        )
        for logs in runs.values()
        for span in sorted(spans_of(logs), key=lambda span: (span.start_ns, span.span_id))
    ]


def agents(folder: Path) -> list[dict[str, Any]]:
    """The spans of the bodies for the ingest endpoint of the OpenAI Agents SDK, as they are once
    all have come in."""
    spans: dict[str, Span] = {}
    for body in json.loads((folder / "ingest.json").read_text("utf-8")):
        for span in openai_agents.decode(json.dumps(body).encode()).spans:
            before = spans.get(span.span_id)
            spans[span.span_id] = merge(before, span) if before else span
    return [
        msgspec.to_builtins(
            {
                "name": span.name,
                "span_id": span.span_id,
                "parent_id": span.parent_id,
                "duration_ns": None if span.end_ns is None else span.end_ns - span.start_ns,
                "facts": normalize(span),
                "conversation": conversation(span),
            }
        )
        for span in sorted(spans.values(), key=lambda span: (span.start_ns, span.span_id))
    ]


def folders_agents() -> list[Path]:
    """The folders recorded from the OpenAI Agents SDK."""
    return sorted(path.parent for path in HERE.glob("*/ingest.json"))


def folders() -> list[Path]:
    """The recorded folders."""
    return sorted(path.parent for path in HERE.glob("*/traces.otlp.pb*"))


def folders_told() -> list[Path]:
    """The recorded folders of programs that send log records alone."""
    found = sorted(path.parent for path in HERE.glob("*/logs.otlp.pb*"))
    return [folder for folder in found if not list(folder.glob("traces.otlp.pb*"))]


def expect(folder: Path) -> None:
    """Write down what the bodies of a folder become now."""
    _write(folder, understood(folder))


def expect_told(folder: Path) -> None:
    """Write down what the log records of a folder become now."""
    _write(folder, told(folder))


def expect_agents(folder: Path) -> None:
    """Write down what the bodies of the OpenAI Agents SDK become now."""
    _write(folder, agents(folder))


def _write(folder: Path, spans: list[dict[str, Any]]) -> None:
    shown = json.dumps(spans, ensure_ascii=False, indent=1, sort_keys=True)
    if len(shown) > READABLE_CHARS:
        lines = [json.dumps(span, ensure_ascii=False, sort_keys=True) for span in spans]
        shown = "[\n" + ",\n".join(lines) + "\n]"
    (folder / "expected.json").write_text(shown + "\n", encoding="utf-8")


if __name__ == "__main__":
    for held in folders():
        expect(held)
    for held in folders_told():
        expect_told(held)
    for held in folders_agents():
        expect_agents(held)
