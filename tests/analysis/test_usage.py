"""Tokens and cost are counted once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from clew.analysis.usage import uncounted

CALLS = ("llm", "embedding", "rerank")


class Told(msgspec.Struct, kw_only=True, frozen=True):
    """A span as the query reads it for its sums."""

    span_id: str
    parent_id: str = ""
    kind: str = "llm"
    start_ns: int = 0
    response_id: str = ""
    usage_scope: str = "leaf"
    input_tokens: int | None = 10
    output_tokens: int | None = 5
    cache_read_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    has_content: bool = True


def silent(span_id: str, parent_id: str = "", kind: str = "agent") -> Told:
    return Told(
        span_id=span_id,
        parent_id=parent_id,
        kind=kind,
        usage_scope="",
        input_tokens=None,
        output_tokens=None,
    )


def test_model_calls_count_and_sums_above_them_do_not() -> None:
    """An agent and a workflow that repeat the usage of the calls below them are left out."""
    spans = [
        Told(span_id="wf", kind="workflow", usage_scope="aggregate"),
        Told(span_id="agent", parent_id="wf", kind="agent", usage_scope="aggregate"),
        silent("step", "agent", "step"),
        Told(span_id="a", parent_id="step"),
        Told(span_id="b", parent_id="step", kind="embedding"),
    ]
    assert uncounted(spans) == {"wf", "agent"}


def test_a_sum_counts_where_no_call_below_it_is_known() -> None:
    """The innermost aggregate stands for calls that nobody reported."""
    spans = [
        Told(span_id="wf", kind="workflow", usage_scope="aggregate"),
        Told(span_id="agent", parent_id="wf", kind="agent", usage_scope="aggregate"),
        silent("llm", "agent", "llm"),
    ]
    assert uncounted(spans) == {"wf"}


def test_a_call_around_a_call_is_a_wrapper() -> None:
    """Of nested model calls of one kind the inner one counts."""
    spans = [
        Told(span_id="outer"),
        silent("http", "outer", "http"),
        Told(span_id="inner", parent_id="http"),
    ]
    assert uncounted(spans) == {"outer"}


def test_a_call_below_a_call_of_another_kind_hides_nothing() -> None:
    """A model call that embeds something keeps its own tokens."""
    spans = [Told(span_id="chat"), Told(span_id="embed", parent_id="chat", kind="embedding")]
    assert uncounted(spans) == set()


def test_one_response_counts_once_and_the_richest_span_tells_it() -> None:
    """Two instrumentors that saw the same call are one call, whoever named which provider."""
    spans = [
        Told(span_id="bare", response_id="r1", has_content=False, start_ns=1),
        Told(span_id="rich", response_id="r1", reasoning_tokens=2, start_ns=2),
        Told(span_id="less", response_id="r1", start_ns=3),
        Told(span_id="other", response_id="r2"),
        Told(span_id="unknown"),
        Told(span_id="unknown2"),
    ]
    assert uncounted(spans) == {"bare", "less"}
    assert uncounted(spans[::-1]) == {"bare", "less"}


def test_an_agent_does_not_count_again_what_a_duplicate_below_it_told() -> None:
    """A call that is left out as a duplicate is still told: by its richer twin elsewhere."""
    spans = [
        Told(span_id="agent", kind="agent", usage_scope="aggregate"),
        Told(span_id="inside", parent_id="agent", response_id="r", has_content=False),
        Told(span_id="beside", response_id="r"),
    ]
    assert uncounted(spans) == {"agent", "inside"}


def test_a_cost_without_tokens_hides_no_tokens_above_it() -> None:
    """A tool that costs money leaves the agent's tokens, and hides only a cost above it."""
    tool = msgspec.structs.replace(silent("tool", "agent", "tool"), cost_usd=0.5)
    agent = Told(span_id="agent", kind="agent", usage_scope="aggregate")
    assert uncounted([agent, tool]) == set()
    priced = msgspec.structs.replace(silent("agent"), cost_usd=0.5)
    assert uncounted([priced, tool]) == {"agent"}


def test_circles_and_missing_parents_are_safe() -> None:
    """A span that is its own ancestor is taken as a root; the first one given breaks a circle."""
    assert uncounted([Told(span_id="a", parent_id="a")]) == set()
    circle = [Told(span_id="a", parent_id="b"), Told(span_id="b", parent_id="a")]
    assert uncounted(circle) == {"a"}
    assert uncounted([Told(span_id="a", parent_id="gone")]) == set()


def test_a_chain_of_100_000_spans_is_settled_in_linear_time() -> None:
    """Neither recursion nor a walk from each span to its root."""
    n = 100_000
    spans = [
        Told(span_id=str(i), parent_id=str(i - 1), kind="agent", usage_scope="aggregate")
        for i in range(n)
    ]
    assert len(uncounted(spans)) == n - 1
    circle = [*spans[1:], msgspec.structs.replace(spans[0], parent_id=str(n - 1))]
    assert len(uncounted(circle)) == n - 1


# The rule again, in the most naive words.


def naive(spans: Sequence[Told]) -> set[str]:
    out = {span.span_id for span in spans if is_repeated(span, descendants(span, uncircled(spans)))}
    calls = [span for span in spans if is_call(span) and span.span_id not in out]
    for response_id in {span.response_id for span in calls} - {""}:
        same = [span for span in calls if span.response_id == response_id]
        out |= {span.span_id for span in same if span is not max(same, key=richness)}
    return out


def uncircled(spans: Sequence[Told]) -> dict[str, list[Told]]:
    """Children by the id of their parent, each circle cut at its first span."""
    order = [span.span_id for span in spans]
    parent = {span.span_id: span.parent_id for span in spans}
    for span_id in order:
        path = [span_id]
        while path[-1] in parent and parent[path[-1]] not in path:
            path.append(parent[path[-1]])
        if path[-1] in parent:
            circle = path[path.index(parent[path[-1]]) :]
            parent[min(circle, key=order.index)] = ""
    return {up: [s for s in spans if parent[s.span_id] == up] for up in order}


def descendants(span: Told, children: dict[str, list[Told]]) -> list[Told]:
    return [
        found
        for child in children[span.span_id]
        for found in (child, *descendants(child, children))
    ]


def is_call(span: Told) -> bool:
    return span.kind in CALLS and span.usage_scope == "leaf"


def is_repeated(span: Told, below: list[Told]) -> bool:
    if is_call(span):
        return any(is_call(other) and other.kind == span.kind for other in below)
    if span.usage_scope:
        return any(other.usage_scope for other in below)
    return span.cost_usd is not None and any(other.cost_usd is not None for other in below)


def richness(span: Told) -> tuple[bool, int, bool, int, str]:
    tokens = [span.input_tokens, span.output_tokens, span.cache_read_tokens, span.reasoning_tokens]
    known = len(tokens) - tokens.count(None)
    return span.has_content, known, span.cost_usd is not None, -span.start_ns, span.span_id


@st.composite
def runs(draw: st.DrawFn) -> list[Told]:
    ids = draw(st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=10))
    spans: list[Told] = []
    for span_id in ids:
        scope = draw(st.sampled_from(["leaf", "leaf", "aggregate", ""]))
        tokens = st.none() if scope == "" else st.sampled_from([None, 3])
        spans.append(
            Told(
                span_id=span_id,
                parent_id=draw(st.sampled_from([*ids, "", "gone"])),
                kind=draw(st.sampled_from([*CALLS, "agent", "tool"])),
                start_ns=draw(st.integers(0, 3)),
                response_id=draw(st.sampled_from(["", "", "r1", "r2"])),
                usage_scope=scope,
                input_tokens=draw(tokens),
                output_tokens=draw(tokens),
                cost_usd=draw(st.sampled_from([None, 0.1])),
                has_content=draw(st.booleans()),
            )
        )
    return spans


@given(runs())
def test_any_run_is_settled_as_the_naive_rule_says(spans: list[Told]) -> None:
    """Trees, forests, circles, orphans, duplicates: the same answer as the plain recursion."""
    assert uncounted(spans) == naive(spans)
