"""Tokens and cost are counted once.

Usage is told at several levels: a model call says its own, the agent around it repeats the sum, a
second instrumentor reports the same call again. In the sums of a run counts

- a model call (llm, embedding, rerank), unless a call of the same kind runs below it and tells its
  own usage: then the outer one is a wrapper;
- of several model calls with one response id the richest: they are one call, seen twice. The
  provider is not compared, because the observers often name it differently;
- any other span with usage (agent, workflow, step), and usage that is said to be an aggregate,
  where nothing below it tells usage;
- a cost without usage, where nothing below it tells a cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

_CALL_BITS: Final = {"llm": 1, "embedding": 2, "rerank": 4}
_USAGE_BIT: Final = 8
_COST_BIT: Final = 16


class Bearer(Protocol):
    """A span, as far as it decides what counts."""

    @property
    def span_id(self) -> str:
        """Unique within the run."""
        ...

    @property
    def parent_id(self) -> str:
        """Empty for a root; may name a span that is not there."""
        ...

    @property
    def kind(self) -> str:
        """A `clew.span.Kind`."""
        ...

    @property
    def start_ns(self) -> int:
        """Since the Unix epoch."""
        ...

    @property
    def response_id(self) -> str:
        """The provider's id of the answer, empty where unknown."""
        ...

    @property
    def usage_scope(self) -> str:
        """leaf, aggregate, or empty where the span tells no usage."""
        ...

    @property
    def input_tokens(self) -> int | None:
        """With cached ones; None is unknown."""
        ...

    @property
    def output_tokens(self) -> int | None:
        """With reasoning; None is unknown."""
        ...

    @property
    def cache_read_tokens(self) -> int | None:
        """None is unknown."""
        ...

    @property
    def reasoning_tokens(self) -> int | None:
        """None is unknown."""
        ...

    @property
    def cost_usd(self) -> float | None:
        """None is unknown."""
        ...

    @property
    def has_content(self) -> bool:
        """Whether messages came with it."""
        ...


def uncounted(spans: Sequence[Bearer]) -> set[str]:
    """Ids of the spans of one run whose usage and cost are not in its sums.

    Linear in the number of spans, at any depth. A missing parent makes a span a root; of a circle
    of parents the first span given is taken as the root.
    """
    below = _told_below(spans, parents(spans))
    left_out = {
        span.span_id for span, told in zip(spans, below, strict=True) if _is_repeated(span, told)
    }
    return left_out | _duplicates([span for span in spans if span.span_id not in left_out])


def parents(spans: Sequence[Bearer]) -> list[int]:
    """The index of each span's parent, -1 for a root; without circles."""
    index = {span.span_id: position for position, span in enumerate(spans)}
    above = [index.get(span.parent_id, -1) for span in spans]
    walks = [-1] * len(spans)
    for start in range(len(spans)):
        position = start
        while position >= 0 and walks[position] < 0:
            walks[position] = start
            position = above[position]
        if position >= 0 and walks[position] == start:
            above[min(_circle(above, position))] = -1
    return above


def _circle(above: list[int], start: int) -> list[int]:
    """The spans on the circle of parents through `start`."""
    circle = [start]
    while above[circle[-1]] != start:
        circle.append(above[circle[-1]])
    return circle


def _told_below(spans: Sequence[Bearer], above: list[int]) -> list[int]:
    """For each span, bits for what its descendants tell, gathered from the leaves up."""
    children = [0] * len(spans)
    for parent in above:
        if parent >= 0:
            children[parent] += 1
    below = [0] * len(spans)
    ready = [position for position, count in enumerate(children) if count == 0]
    while ready:
        position = ready.pop()
        parent = above[position]
        if parent >= 0:
            below[parent] |= below[position] | _told(spans[position])
            children[parent] -= 1
            if children[parent] == 0:
                ready.append(parent)
    return below


def _told(span: Bearer) -> int:
    told = _COST_BIT if span.cost_usd is not None else 0
    if span.usage_scope:
        told |= _USAGE_BIT | _call_bit(span)
    return told


def _call_bit(span: Bearer) -> int:
    return _CALL_BITS.get(span.kind, 0) if span.usage_scope == "leaf" else 0


def _is_repeated(span: Bearer, below: int) -> bool:
    if not span.usage_scope:
        return span.cost_usd is not None and bool(below & _COST_BIT)
    return bool(below & (_call_bit(span) or _USAGE_BIT))


def _duplicates(spans: Sequence[Bearer]) -> set[str]:
    """All but the richest of the calls that share a response id."""
    richest: dict[str, Bearer] = {}
    left_out: set[str] = set()
    for span in spans:
        if not span.response_id or not _call_bit(span):
            continue
        rival = richest.setdefault(span.response_id, span)
        if rival is span:
            continue
        poorer = min(rival, span, key=_richness)
        left_out.add(poorer.span_id)
        if poorer is rival:
            richest[span.response_id] = span
    return left_out


def _richness(span: Bearer) -> tuple[bool, int, bool, int, str]:
    """How much a span tells of a call: its content, its tokens by kind, its cost; then the first
    to start, so that the choice doesn't hang on the order in which spans arrived."""
    tokens = (
        span.input_tokens,
        span.output_tokens,
        span.cache_read_tokens,
        span.reasoning_tokens,
    )
    known = sum(value is not None for value in tokens)
    return span.has_content, known, span.cost_usd is not None, -span.start_ns, span.span_id
