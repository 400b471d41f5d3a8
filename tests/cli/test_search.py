"""A hit as a line in the terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clew.cli.search import highlight


def marked(snippet: str, ranges: list[tuple[int, int]]) -> list[str]:
    text = highlight(snippet, ranges)
    return [text.plain[span.start : span.end] for span in text.spans if span.style]


def test_matches_are_marked() -> None:
    """Each of them, and nothing else."""
    assert marked("the rate limit of rates", [(4, 8), (18, 22)]) == ["rate", "rate"]
    assert marked("nothing", []) == []


def test_ranges_count_as_browsers_do() -> None:
    """A character outside the basic plane takes two units."""
    assert marked("🧵🧵 clew 日本", [(5, 9), (10, 12)]) == ["clew", "日本"]


@given(st.text(), st.lists(st.integers(0, 50), max_size=6))
def test_no_range_breaks_a_snippet(snippet: str, cuts: list[int]) -> None:
    """Also one that splits a character or ends behind the end."""
    ordered = sorted(cuts)
    highlight(snippet, list(zip(ordered[::2], ordered[1::2], strict=False)))
