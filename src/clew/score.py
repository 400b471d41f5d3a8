"""A score judges a span, a trace or a session."""

from __future__ import annotations

from typing import Literal

import msgspec


class Score(msgspec.Struct, kw_only=True, frozen=True):
    """One judgement. At least one of `trace_id` and `session_id` is set; a score of a span has
    `trace_id` and `span_id`. A number stands in `value`, a category or text in `label`, a boolean
    in both (1.0 and "true"). A score with the same `score_id` replaces the earlier one."""

    score_id: str
    name: str
    data_type: Literal["number", "category", "boolean", "text"] = "number"
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
