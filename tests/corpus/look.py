"""Shows a recorded body as it is understood: the tree, and what is misunderstood of what happened.

PYTHONPATH=tests:examples python -m corpus.look langgraph-openinference
PYTHONPATH=tests:examples python -m corpus.look langgraph-openinference --raw chat
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from clew.span import Facts, Span
from clew.wire.normalize import normalize_with_logs
from corpus.expected import folders, recorded
from corpus.happened import problems, read


def tree(folder: Path) -> Iterator[str]:
    """The spans of a folder, each with its kind, names and tokens, indented by who called."""
    spans, logs = recorded(folder)
    known = {span.span_id for span in spans}
    below: dict[str, list[Span]] = {}
    for span in spans:
        below.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)
    waiting = [(span, 0) for span in reversed(below.get("", []))]
    while waiting:
        span, depth = waiting.pop()
        facts = normalize_with_logs(span, [log for log in logs if log.span_id == span.span_id])
        yield f"{'  ' * depth}{_line(span, facts)}"
        waiting += [(inner, depth + 1) for inner in reversed(below.get(span.span_id, []))]


def _line(span: Span, facts: Facts) -> str:
    usage = facts.usage
    told = {
        "agent": facts.agent_name,
        "tool": facts.tool_name,
        "model": f"{facts.provider}/{facts.model}" if facts.model else "",
        "tokens": f"{usage.input_tokens}→{usage.output_tokens} {usage.scope}" if usage else "",
        "session": facts.session_id,
        "user": facts.user_id,
        "in": facts.input_preview[:60],
        "out": facts.output_preview[:60],
        "error": facts.error_type,
        "framework": facts.framework,
        "scope": span.scope.name,
    }
    said = "  ".join(f"{key}={value}" for key, value in told.items() if value)
    return f"[{facts.kind} {facts.outcome}] {span.name}  {said}"


def _raw(folder: Path, name: str) -> Iterator[str]:
    for span in recorded(folder)[0]:
        if name in span.name:
            yield f"{span.name} {span.status} {span.status_message}"
            yield from (f"    {key} = {str(held)[:400]}" for key, held in span.attributes.items())
            yield from (f"    event {e.name} {str(e.attributes)[:400]}" for e in span.events)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a part of the folder's name")
    parser.add_argument("--raw", metavar="SPAN", help="the attributes of spans of this name")
    given = parser.parse_args()
    for folder in folders():
        if given.name not in folder.name:
            continue
        lines = tree(folder) if given.raw is None else _raw(folder, given.raw)
        print("\n".join([folder.name, *lines]))
        if (folder / "happened.json").exists():
            for aspect, said in problems(read(folder), *recorded(folder)).items():
                print(f"  {aspect}:", *said, sep="\n    ")


if __name__ == "__main__":
    main()
