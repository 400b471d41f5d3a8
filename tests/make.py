"""The builders of test data: spans and scores, with counting ids and a ticking clock."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from clew.ingest import Ingest
from clew.score import Score
from clew.span import Attributes, Span, Status

T0 = 1_795_442_531_000_000_000
"""2026-11-23T14:02:11Z."""
SECOND = 1_000_000_000

_numbers = itertools.count(1)
_ticks = itertools.count()


def trace_id() -> str:
    """A new trace id."""
    return f"{next(_numbers):032x}"


def span(  # noqa: PLR0913 - a span has this many sides
    name: str = "step",
    *,
    trace: str | None = None,
    parent: Span | str = "",
    span_id: str | None = None,
    start_ns: int | None = None,
    seconds: float | None = 1.0,
    status: Status = "ok",
    error: str = "",
    **attributes: object,
) -> Span:
    """A span of `trace` (or of its parent's, or of a new one) that took `seconds`; None: it runs.

    Attributes are given with double underscores for dots: `gen_ai__system="openai"`. Without
    `start_ns` each span starts a second after the one made before it.
    """
    above = parent if isinstance(parent, Span) else None
    begin = T0 + next(_ticks) * SECOND if start_ns is None else start_ns
    return Span(
        trace_id=trace or (above.trace_id if above else trace_id()),
        span_id=span_id or f"{next(_numbers):016x}",
        parent_id=above.span_id if above else str(parent),
        name=name,
        start_ns=begin,
        end_ns=None if seconds is None else begin + round(seconds * SECOND),
        status="error" if error else status,
        status_message=error,
        attributes=_dotted(attributes),
    )


def llm(name: str = "chat gpt-5", **given: object) -> Span:
    """A model call of 100 tokens in and 10 out, unless told otherwise."""
    said: dict[str, object] = {
        "gen_ai__operation__name": "chat",
        "gen_ai__provider__name": "openai",
        "gen_ai__request__model": "gpt-5",
        "gen_ai__usage__input_tokens": 100,
        "gen_ai__usage__output_tokens": 10,
    }
    return span(name, **{**said, **given})  # type: ignore[arg-type]


def agent(name: str = "planner", **given: object) -> Span:
    """An agent's root span."""
    said: dict[str, object] = {
        "gen_ai__operation__name": "invoke_agent",
        "gen_ai__agent__name": name,
    }
    return span(f"invoke_agent {name}", **{**said, **given})  # type: ignore[arg-type]


def tool(name: str = "search", **given: object) -> Span:
    """A tool call."""
    said: dict[str, object] = {
        "gen_ai__operation__name": "execute_tool",
        "gen_ai__tool__name": name,
    }
    return span(f"execute_tool {name}", **{**said, **given})  # type: ignore[arg-type]


def score(name: str, value: float | None = None, *, of: Span, **given: object) -> Score:
    """A score of the run that `of` belongs to."""
    fields = {"score_id": f"score-{next(_numbers)}", "trace_id": of.trace_id, **given}
    return Score(name=name, value=value, **fields)  # type: ignore[arg-type]


async def store(ingest: Ingest, project: str, *spans: Span, scores: Sequence[Score] = ()) -> None:
    """Write one export; it is durable when this returns."""
    await ingest.submit(project, spans=spans, scores=scores)


def _dotted(attributes: dict[str, object]) -> Attributes:
    return {key.replace("__", "."): value for key, value in attributes.items()}  # type: ignore[misc]
