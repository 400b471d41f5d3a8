"""`clew runs`: list, show, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.text import Text
from rich.tree import Tree

from clew.cli import show
from clew.cli.connect import (
    DEFAULT_URL,
    ApiKey,
    AsJson,
    End,
    Filter,
    ProjectName,
    Start,
    Url,
    connect,
)
from clew.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clew.client import Client, LogLine, Skeleton, SpanColumns, Trace

app = typer.Typer(help="Runs of agents: find them, open one.")

_COLUMNS = ("START (UTC)", "RUN", "OUTCOME", ">TOOK", ">LLM", ">TOOLS", ">TOKENS", ">COST", "TRACE")
_LOG_COLUMNS = ("TIME (UTC)", "SEVERITY", "SPAN", "LOG")
_SHOWN_LOGS = 50
"""So many logs stand below a run's tree."""
_ERROR_SEVERITY = 17
_LINE_CHARS = 300
_STYLES = {"error": "red", "blocked": "red", "refused": "yellow", "cancelled": "yellow"}


@app.command("list")
def list_runs(
    filter: Filter = "",  # noqa: A002
    start: Start = "",
    end: End = "",
    order: Annotated[
        str,
        typer.Option(
            help="start_time, duration, cost, tokens, span_count, error_count; - reverses."
        ),
    ] = "start_time",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000)] = 50,
    project: ProjectName = "default",
    url: Url = DEFAULT_URL,
    key: ApiKey = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """The newest runs, or those that a filter finds."""
    with connect(url, key) as client:
        page = client.traces(project, filter=filter, start=start, end=end, order=order, limit=limit)
    if as_json:
        show.print_json(page)
        return
    show.print_table(_COLUMNS, map(_row, page.traces))


@app.command("show")
def show_run(
    trace_id: Annotated[str, typer.Argument(help="The run's trace id, as in `clew runs list`.")],
    project: ProjectName = "default",
    url: Url = DEFAULT_URL,
    key: ApiKey = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """One run as a tree: what ran, how long, for how many tokens and dollars, what failed; and
    below that what it logged."""
    with connect(url, key) as client:
        run = client.trace(project, trace_id)
        wanted = run.log_count and not as_json
        logs = client.logs(project, trace_id)[:_SHOWN_LOGS] if wanted else []
    if as_json:
        show.print_json(run)
        return
    console = show.console()
    console.print(_heading(run.trace))
    for tree in build_trees(run):
        console.print(tree)
    if logs:
        show.print_table(_LOG_COLUMNS, log_rows(logs, run.spans))
    if run.log_count > len(logs):
        more = f"and {run.log_count - len(logs):,} logs more: `clew runs logs {trace_id}`"
        console.print(show.plain(more, "dim"))


@app.command("logs")
def list_logs(
    trace_id: Annotated[str, typer.Argument(help="The run's trace id, as in `clew runs list`.")],
    project: ProjectName = "default",
    url: Url = DEFAULT_URL,
    key: ApiKey = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Everything that one run logged, by time, also outside of its spans."""
    with connect(url, key) as client:
        logs = client.logs(project, trace_id)
        # Logs may be all that there is of a run: then no span has a name.
        spans = None if as_json else _spans(client, project, trace_id)
    if as_json:
        show.print_json({"logs": logs})
        return
    show.print_table(_LOG_COLUMNS, log_rows(logs, spans))


def log_rows(
    logs: Sequence[LogLine], spans: SpanColumns | None
) -> Iterator[tuple[Text | str, ...]]:
    """A line a log: when, how severe, of which span, and what it says."""
    names = dict(zip(spans.span_id, _names(spans), strict=True)) if spans else {}
    for log in logs:
        style = "red" if log.severity_number >= _ERROR_SEVERITY else ""
        # To the millisecond: within a run, seconds are too coarse to order by.
        at = log.time[:23].replace("T", " ").removesuffix("Z")
        said = show.plain(_said(log)[:_LINE_CHARS])
        yield at, show.plain(log.severity, style), names.get(log.span_id, log.span_id), said


def _said(log: LogLine) -> str:
    """The body, or what stands for one."""
    if isinstance(log.body, str) and log.body:
        return log.body
    if log.body not in (None, ""):
        return msgspec.json.encode(log.body).decode()
    return log.event_name or msgspec.json.encode(log.attributes).decode()


def _spans(client: Client, project: str, trace_id: str) -> SpanColumns | None:
    try:
        return client.trace(project, trace_id).spans
    except NotFound:
        return None


def _names(spans: SpanColumns) -> list[str]:
    pairs = zip(spans.display_name, spans.name, strict=True)
    return [shown or name for shown, name in pairs]


def build_trees(run: Skeleton) -> list[Tree]:
    """The run's spans as trees in order of start.

    A span whose parent didn't arrive is a root. Where parents form a circle, the earliest span
    in it is one too, so each span is shown once.
    """
    spans = run.spans
    roots: list[Tree] = []
    nodes: dict[int, Tree] = {}
    for index, parent in _walk(spans):
        line = _line(spans, index)
        if parent is None:
            nodes[index] = Tree(line)
            roots.append(nodes[index])
        else:
            nodes[index] = nodes[parent].add(line)
    return roots


def _walk(spans: SpanColumns) -> Iterator[tuple[int, int | None]]:
    """Every span's index once, after its parent's, with the parent's (None for a root)."""
    known = {span_id: index for index, span_id in enumerate(spans.span_id)}
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    for index, parent_id in enumerate(spans.parent_id):
        siblings = children.setdefault(known[parent_id], []) if parent_id in known else roots
        siblings.append(index)
    seen: set[int] = set()
    # After the roots come all: what no root leads to is in a circle or below one.
    for root in (*roots, *range(len(spans.span_id))):
        waiting: list[tuple[int, int | None]] = [(root, None)]
        while waiting:
            index, parent = waiting.pop()
            if index in seen:
                continue
            seen.add(index)
            yield index, parent
            waiting.extend((child, index) for child in reversed(children.get(index, [])))


def _line(spans: SpanColumns, index: int) -> Text:
    took_us = spans.duration_us[index]
    facts = [
        "running" if took_us is None else show.duration(took_us / 1_000),
        spans.model[index],
        _tokens(spans.input_tokens[index], spans.output_tokens[index]),
        "" if spans.cost_usd[index] is None else show.usd(spans.cost_usd[index]),
    ]
    name = spans.display_name[index] or spans.name[index]
    failed = spans.status[index] == "error"
    line = Text.assemble(
        (spans.kind[index], "cyan"), " ", show.plain(name, "bold red" if failed else "bold"), "  "
    )
    line.append_text(show.plain(" · ".join(fact for fact in facts if fact), "dim"))
    error = spans.error_message[index] or spans.error_type[index]
    if error:
        line.append("  ✗ ", "red").append_text(show.plain(error, "red"))
    return line


def _heading(trace: Trace) -> Text:
    outcome = _outcome(trace)
    facts = [
        show.moment(trace.start_time),
        show.duration(trace.duration_ms) if trace.duration_ms is not None else "",
        _tokens(trace.input_tokens, trace.output_tokens),
        show.usd(trace.cost_usd) if trace.cost_usd is not None else "",
        f"session {trace.session_id}" if trace.session_id else "",
        f"user {trace.user_id}" if trace.user_id else "",
    ]
    heading = show.plain(trace.name, "bold").append("  ").append_text(outcome).append("  ")
    return heading.append_text(show.plain(" · ".join(fact for fact in facts if fact), "dim"))


def _row(trace: Trace) -> tuple[Text | str, ...]:
    return (
        show.moment(trace.start_time),
        trace.name,
        _outcome(trace),
        show.duration(trace.duration_ms),
        str(trace.llm_calls),
        str(trace.tool_calls),
        _tokens(trace.input_tokens, trace.output_tokens),
        show.usd(trace.cost_usd),
        trace.trace_id,
    )


def _outcome(trace: Trace) -> Text:
    outcome = "running" if trace.running else trace.outcome or trace.status
    return show.plain(outcome, _STYLES.get(outcome, ""))


def _tokens(sent: int | None, received: int | None) -> str:
    if sent is None and received is None:
        return ""
    return f"{show.tokens(sent)} → {show.tokens(received)}"
