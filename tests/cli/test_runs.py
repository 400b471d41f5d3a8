"""A run as a tree in the terminal."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.tree import Tree

from clew.cli.runs import build_trees, log_rows
from clew.client import LogLine, Skeleton, SpanColumns, Trace


def skeleton(parents: dict[str, str], **columns: list[Any]) -> Skeleton:
    """A run of spans by id, each with its parent's; a column that isn't given is empty."""
    count = len(parents)
    unknown = {"duration_us", "input_tokens", "output_tokens", "cost_usd"}
    filled: dict[str, list[Any]] = {
        name: [None if name in unknown else ""] * count for name in SpanColumns.__struct_fields__
    }
    filled |= {"span_id": list(parents), "parent_id": list(parents.values())}
    filled |= {"name": list(parents), "kind": ["step"] * count} | columns
    trace = Trace(trace_id="t", name="planner", start_time="2026-11-23T14:02:11Z")
    return Skeleton(trace=trace, start_ns="0", spans=SpanColumns(**filled))


def shown(run: Skeleton) -> str:
    console = Console(width=200, no_color=True, legacy_windows=False)
    with console.capture() as capture:
        for tree in build_trees(run):
            console.print(tree)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def names(tree: Tree) -> list[str]:
    label = str(tree.label).split()[1]
    return [label, *(name for child in tree.children for name in names(child))]


def test_a_run_is_a_tree_with_its_facts() -> None:
    """Kind, name, duration, model, tokens, cost and error; what isn't known isn't said."""
    run = skeleton(
        {"planner": "", "gpt": "planner", "book": "planner", "confirm": "book"},
        kind=["agent", "llm", "tool", "step"],
        duration_us=[8_200_400, 412_000, 3_500, None],
        model=["", "gpt-5", "", ""],
        input_tokens=[None, 9_100, None, None],
        output_tokens=[None, 210, None, None],
        cost_usd=[None, 0.0031, None, None],
        status=["ok", "ok", "error", "unset"],
        error_message=["", "", "hotel is full", ""],
    )
    assert shown(run) == (
        "agent planner  8.2 s\n"
        "├── llm gpt  412 ms · gpt-5 · 9.1k → 210 · $0.0031\n"
        "└── tool book  3.5 ms  ✗ hotel is full\n"
        "    └── step confirm  running"
    )


def test_a_span_without_its_parent_is_a_root() -> None:
    """In order of start beside the others."""
    run = skeleton({"late": "missing", "root": "", "child": "late"})
    assert [names(tree) for tree in build_trees(run)] == [["late", "child"], ["root"]]


def test_a_circle_is_cut_at_its_first_span() -> None:
    """Senders do send spans that are their own ancestors."""
    run = skeleton({"a": "b", "b": "a", "self": "self", "below": "b"})
    assert [names(tree) for tree in build_trees(run)] == [["a", "b", "below"], ["self"]]


@given(st.lists(st.integers(-1, 12), max_size=12))
def test_every_span_is_shown_once(parents: list[int]) -> None:
    """Whatever the parents are."""
    run = skeleton({f"s{index}": f"s{parent}" for index, parent in enumerate(parents)})
    found = [name for tree in build_trees(run) for name in names(tree)]
    assert sorted(found) == sorted(run.spans.span_id)


def test_a_deep_run_is_shown() -> None:
    """Deeper than Python recurses."""
    run = skeleton({f"s{index}": f"s{index - 1}" for index in range(3_000)})
    [tree] = build_trees(run)
    depth = 1
    while tree.children:
        [tree] = tree.children
        depth += 1
    assert depth == 3_000


def test_a_sender_can_not_write_to_the_terminal() -> None:
    """Neither with escape sequences nor with the markup of the library that draws."""
    run = skeleton({"s": ""}, display_name=["\x1b[2J[red]a\nb\u202e[/red]"])
    assert shown(run) == "step  [2J[red]a b [/red]  running"


def test_a_log_is_a_line() -> None:
    """When, how severe, the name of its span or else the id, and the body or what stands for it."""
    at = "2026-11-23T14:02:11.250000000Z"
    logs = [
        LogLine(time=at, severity="WARN", span_id="gpt", body="slow\x1b[2J"),
        LogLine(time=at, span_id="late", body={"rooms": 0}),
        LogLine(time=at, event_name="gen_ai.choice"),
        LogLine(time=at, attributes={"n": 1}),
    ]
    run = skeleton({"gpt": ""}, display_name=["chat gpt-5"])
    lines = [tuple(map(str, row)) for row in log_rows(logs, run.spans)]
    moment = "2026-11-23 14:02:11.250"
    assert lines == [
        (moment, "WARN", "chat gpt-5", "slow [2J"),
        (moment, "", "late", '{"rooms":0}'),
        (moment, "", "", "gen_ai.choice"),
        (moment, "", "", '{"n":1}'),
    ]
