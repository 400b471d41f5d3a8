"""Values as a terminal shows them."""

from __future__ import annotations

import pytest

from clew.cli import show


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "-"),
        (0, "0 ms"),
        (0.0416, "0.0416 ms"),
        (9.96, "9.96 ms"),
        (412.4, "412 ms"),
        (999.7, "1 s"),
        (8_200.4, "8.2 s"),
        (59_990, "1 m 0 s"),
        (192_000, "3 m 12 s"),
        (3_599_700, "1 h 0 m"),
        (7_500_000, "2 h 5 m"),
    ],
)
def test_a_duration_is_short_and_has_its_unit(ms: float | None, text: str) -> None:
    """Three digits, never 60 of a unit."""
    assert show.duration(ms) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "-"), (0, "0"), (999, "999"), (9_100, "9.1k"), (1_200_000, "1.2M"), (999_990, "1.0M")],
)
def test_tokens_are_short(count: int | None, text: str) -> None:
    """Unknown is never 0."""
    assert show.tokens(count) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(None, "-"), (0, "$0.00"), (0.0031, "$0.0031"), (0.00001, "<$0.0001"), (1.5, "$1.50")],
)
def test_money_is_dollars(amount: float | None, text: str) -> None:
    """A cost too small to show is not shown as nothing."""
    assert show.usd(amount) == text
