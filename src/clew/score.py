"""A score judges a span, a trace or a session."""

from __future__ import annotations

from typing import Literal

import msgspec


class Score(msgspec.Struct, kw_only=True, frozen=True):
    """One judgement. At least one of `trace_id` and `session_id` is set; a score of a span has
    `trace_id` and `span_id`. A number stands in `value`, a category or text in `label`, a boolean
    in both (1.0 and "true"). A score with the same `score_id` replaces the earlier one.

    A tag that a person gave a run is one too, see `tag`."""

    score_id: str
    name: str
    data_type: Literal["number", "category", "boolean", "text", "tag"] = "number"
    value: float | None = None
    label: str = ""
    comment: str = ""
    source: Literal["sdk", "user", "person", "code", "model"] = "sdk"
    author: str = ""
    evaluator: str = ""
    trace_id: str = ""
    span_id: str = ""
    session_id: str = ""
    time_ns: int = 0
    metadata: dict[str, str] = {}


def tag(trace_id: str, text: str, *, on: bool) -> Score:
    """A tag given to a run by hand, or taken away: the text stands in `label`, 1.0 or 0.0 in
    `value`. A run has one row for each text, so the last word holds."""
    return Score(
        score_id=f"tag:{text}",
        name="tag",
        data_type="tag",
        value=float(on),
        label=text,
        source="person",
        trace_id=trace_id,
    )
