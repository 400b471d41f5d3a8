"""`docs/dialects.md`: what is understood of each recorded library, out of what happened in it.

    PYTHONPATH=tests:examples python -m corpus.table    # write it anew

A cell says yes only where the test of the corpus holds the whole recording against what happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from corpus.expected import folders
from corpus.happened import ASPECTS, Happened, read

PAGE = Path(__file__).parents[2] / "docs" / "dialects.md"
_YES, _PARTLY, _NONE = "yes", "partly", ""
_HEAD = """# Dialects

What Clew understands of libraries, by what they really sent. Each line is a recording in
`tests/corpus/`: the library's own package, a weather desk with two tools, one of which fails once,
a second turn, a streamed answer and a call that the provider rejects. What happened is told by the
model server and the tools, and the tests hold every recording against it.

**yes**: understood for all that happened. **partly**: the library doesn't send all of it, or none;
the notes say what. Empty: it was no part of the recording, or the library has no word for it. This
page is written by `python -m corpus.table`, never by hand.
"""
_COLUMNS = {
    "calls": "Model calls",
    "messages": "Messages",
    "tool calls": "Tool calls",
    "tools": "Tools run",
    "tokens": "Tokens",
    "counted once": "Counted once",
    "cost": "Cost",
    "session": "Session",
    "user": "User",
    "agent": "Agents",
    "handoff": "Handoffs",
    "prompt": "Prompt pin",
    "outcome": "Outcome",
}


def page() -> str:
    """The page, out of the recordings as they lie there."""
    told = [read(folder) for folder in folders() if (folder / "happened.json").exists()]
    heads = ["Library", "Version", "Watched by", *(_COLUMNS[aspect] for aspect in ASPECTS)]
    lines = [_row(heads), _row(["---"] * len(heads)), *map(_line, told)]
    notes = [note for happened in told for note in _notes(happened)]
    return "\n".join([_HEAD, *lines, "", "## What is not sent", "", *notes, ""])


def _line(happened: Happened) -> str:
    cells = [_cell(happened, aspect) for aspect in ASPECTS]
    return _row([happened["library"], happened["version"], _watcher(happened), *cells])


def _cell(happened: Happened, aspect: str) -> str:
    if aspect in happened["unsent"]:
        return _PARTLY
    part = {"tools": "tools", "agent": "agents"}.get(aspect, aspect)
    return _NONE if part in happened and not happened[part] else _YES


def _watcher(happened: Happened) -> str:
    return happened["watcher"] or "itself"


def _notes(happened: Happened) -> Iterator[str]:
    name = f"{happened['library']} {happened['version']}, {_watcher(happened)}"
    for aspect, reason in happened["unsent"].items():
        yield f"- {name}: {_COLUMNS[aspect].lower()}: {reason}."


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
