"""What normalising a span of the corpus costs, by dialect: the last lines of `make bench`.

    .venv/bin/python bench/dialects.py

A span that speaks several dialects is among the spans of each.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from clew.span import Span
from clew.wire.normalize import normalize

TESTS = Path(__file__).parents[1] / "tests"
ROUNDS = 30
LIMIT_US = 25


def main() -> None:
    """Print a line for each dialect and one for all spans."""
    sys.path[:0] = [str(TESTS), str(TESTS.parent / "examples")]
    from corpus.expected import folders, recorded  # noqa: PLC0415 (found by the line above)

    spans = [span for folder in folders() for span in recorded(folder)[0]]
    spoken: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        for label in normalize(span).dialects:
            spoken[label.partition("@")[0]].append(span)
    for name, held in sorted(spoken.items()):
        print(f"{name:16}{len(held):6} spans{cost_us(held):8.1f} µs a span")
    print(f"{'all':16}{len(spans):6} spans{cost_us(spans):8.1f} µs a span (at most {LIMIT_US})")


def cost_us(spans: Sequence[Span]) -> float:
    """Microseconds of processor time to normalise one of `spans`, in the fastest of some rounds.
    Not of the clock: a round of all spans is long enough for other work to come between."""
    best = min(_round_s(spans) for _ in range(ROUNDS))
    return best / len(spans) * 1e6


def _round_s(spans: Sequence[Span]) -> float:
    began = time.process_time()
    for span in spans:
        normalize(span)
    return time.process_time() - began


if __name__ == "__main__":
    main()
