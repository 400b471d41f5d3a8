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


def folders() -> list[Path]:
    """The recorded folders."""
    return sorted(path.parent for path in HERE.glob("*/traces.otlp.pb*"))


def expect(folder: Path) -> None:
    """Write down what the bodies of a folder become now."""
    spans = understood(folder)
    shown = json.dumps(spans, ensure_ascii=False, indent=1, sort_keys=True)
    if len(shown) > READABLE_CHARS:
        lines = [json.dumps(span, ensure_ascii=False, sort_keys=True) for span in spans]
        shown = "[\n" + ",\n".join(lines) + "\n]"
    (folder / "expected.json").write_text(shown + "\n", encoding="utf-8")


if __name__ == "__main__":
    for held in folders():
        expect(held)
