"""`clew import`: files of other tools into a project.

    file ─► records (`wire.imports`) ─► batches ─► POST /v1/traces and /v1/logs, then scores

A record that can't be read is named at the end; the others are imported. Importing again writes the
same spans, logs and scores over themselves.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Generic, Literal, TypeVar

import msgspec
import typer

from clew import conventions as names
from clew.cli import show
from clew.cli.connect import DEFAULT_URL, ApiKey, Url, connect
from clew.errors import ClewError, TooLarge, Unavailable
from clew.span import Attributes, Cost, Facts, Kind, Log, Span, Usage

if TYPE_CHECKING:
    from rich.progress import Progress

    from clew.client import Client
    from clew.score import Score
    from clew.wire.imports import Broken, Format, Record

BATCH_SPANS = 2_000
BATCH_BYTES = 8_000_000
"""A request is this large at most, unless a single span is larger."""
BATCH_SCORES = 1_000
ATTEMPTS = 6
SHOWN_BROKEN = 100
IMPORT_SCOPE = "clew.import."
_KINDS: dict[str, Kind] = {"chat": "llm", "execute_tool": "tool"}
_BY_SERVER = "not in the files; priced by the server"
SPAN_BYTES = 500
"""What a span or log takes beside its text, about."""

Files = Annotated[
    list[Path],
    typer.Argument(help="Files to import.", exists=True, dir_okay=False, readable=True),
]
Project = Annotated[
    str, typer.Option("--project", "-p", envvar="CLEW_PROJECT", help="Project to import into.")
]
FormatName = Annotated[
    str | None,
    typer.Option("--format", help="What the files are, where they don't tell: such as chat."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and count, send nothing.")]


class Tally(msgspec.Struct, kw_only=True):
    """What was imported. Tokens and cost are what the files say of model calls."""

    trace_ids: set[str] = set()
    spans: int = 0
    llm_calls: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    logs: int = 0
    scores: int = 0
    first_ns: int | None = None
    last_ns: int = 0
    broken: list[str] = []

    def add(self, record: Record) -> None:
        """Count a record."""
        self.scores += len(record.scores)
        for log in record.logs:
            self.logs += 1
            self._add_moment(log.trace_id, log.time_ns or log.observed_ns)
        for span in record.spans:
            self.spans += 1
            self._add_moment(span.trace_id, span.start_ns)
            self._add_facts(_facts(span))

    def _add_moment(self, trace_id: str, at_ns: int) -> None:
        if trace_id:
            self.trace_ids.add(trace_id)
        if at_ns:
            self.first_ns = min(self.first_ns or at_ns, at_ns)
            self.last_ns = max(self.last_ns, at_ns)

    def _add_facts(self, facts: Facts) -> None:
        self.tool_calls += facts.kind == "tool"
        if facts.kind == "llm":
            self.llm_calls += 1
            self.input_tokens += (facts.usage and facts.usage.input_tokens) or 0
            self.output_tokens += (facts.usage and facts.usage.output_tokens) or 0
            self.cost_usd += (facts.cost and facts.cost.total_usd) or 0.0


Item = TypeVar("Item", Span, Log)


class Batch(Generic[Item]):
    """Spans or logs on their way to the server; `submit` is given as many as make a request."""

    def __init__(
        self,
        noun: str,
        signal: Literal["traces", "logs"],
        encode: Callable[[Sequence[Item]], bytes],
        submit: Callable[[Batch[Item], Sequence[Item]], None],
    ) -> None:
        self.noun = noun
        self.signal: Literal["traces", "logs"] = signal
        self.encode = encode
        self._send = submit
        self._items: list[Item] = []
        self._size_bytes = 0

    def add(self, item: Item, size_bytes: int) -> None:
        """Take one; send those before it where it doesn't fit beside them."""
        if len(self._items) >= BATCH_SPANS or self._size_bytes + size_bytes > BATCH_BYTES:
            self.flush()
        self._items.append(item)
        self._size_bytes += size_bytes

    def flush(self) -> None:
        """Send what is left."""
        if self._items:
            self._send(self, self._items)
        self._items, self._size_bytes = [], 0


class Sender:
    """Collects spans, logs and scores and sends them in batches. `broken` is told what the server
    refused."""

    def __init__(self, client: Client, project: str, broken: list[str]) -> None:
        from clew.wire.otlp import encode_logs, encode_traces  # noqa: PLC0415 (see `import_files`)

        self.client = client
        self.project = project
        self.broken = broken
        self.spans = Batch[Span]("span", "traces", encode_traces, self._submit)
        self.logs = Batch[Log]("log", "logs", encode_logs, self._submit)
        self.scores: list[Score] = []

    def add(self, record: Record) -> None:
        """Take a record; send what makes a batch."""
        for span in record.spans:
            self.spans.add(span, _size_bytes(span.attributes))
        for log in record.logs:
            self.logs.add(log, _size_bytes({**log.attributes, "body": log.body}))
        self.scores += record.scores
        if len(self.scores) >= BATCH_SCORES:
            self.flush()

    def flush(self) -> None:
        """Send what is left. Scores go after the spans that they judge."""
        self.spans.flush()
        self.logs.flush()
        for start in range(0, len(self.scores), BATCH_SCORES):
            self._add_scores(self.scores[start : start + BATCH_SCORES])
        self.scores = []

    def _submit(self, batch: Batch[Item], items: Sequence[Item]) -> None:
        body = batch.encode(items)
        if len(body) <= BATCH_BYTES or len(items) == 1:
            try:
                answer = self.client.submit(
                    body,
                    project=self.project,
                    content_type="application/x-protobuf",
                    signal=batch.signal,
                )
            except TooLarge as exc:
                if len(items) == 1:
                    of = items[0].span_id or items[0].trace_id
                    self.broken.append(f"{batch.noun} {of} was refused: {exc.message}")
                    return
            else:
                self._hear(batch, answer)
                return
        middle = len(items) // 2
        self._submit(batch, items[:middle])
        self._submit(batch, items[middle:])

    def _hear(self, batch: Batch[Item], answer: bytes) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415
            ExportTraceServiceResponse,
        )

        # An answer to logs has the same fields at the same numbers.
        said = ExportTraceServiceResponse.FromString(answer).partial_success
        if said.rejected_spans:
            refused = f"{said.rejected_spans} {batch.noun}s"
            self.broken.append(f"the server refused {refused}: {said.error_message}")

    def _add_scores(self, scores: Sequence[Score]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self.client.add_scores(self.project, scores)
            except Unavailable as exc:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(max(exc.retry_after_s, 2 ** (attempt - 1)))
            else:
                return


def import_files(
    files: Files,
    project: Project = "default",
    format_name: FormatName = None,
    url: Url = DEFAULT_URL,
    key: ApiKey = None,
    dry_run: DryRun = False,  # noqa: FBT002
) -> None:
    """Import runs: OTLP (traces and logs), tau2 and tau-bench results, SWE-agent, Claude Code
    sessions, chats as JSON lines. Importing twice changes nothing."""
    # Here, because protobuf takes its time to load and no other command of a client has use for it.
    from clew.wire import imports  # noqa: PLC0415

    wanted = imports.named(format_name) if format_name else None
    tally = Tally()
    with nullcontext() if dry_run else connect(url, key) as client:
        if client:
            client.info()  # before any file is read: whether a server answers at all
        sender = Sender(client, project, tally.broken) if client else None
        for record in _records(files, wanted, tally.broken):
            tally.add(record)
            if sender:
                sender.add(record)
        if sender:
            sender.flush()
    _print_summary(tally, len(files), project, dry_run=dry_run)
    if tally.broken:
        raise typer.Exit(1)


def _records(files: Sequence[Path], wanted: Format | None, broken: list[str]) -> Iterator[Record]:
    """The records of all files, while a bar shows how far they are read."""
    from clew.wire.imports import Record, total  # noqa: PLC0415

    with _bar() as progress:
        task = progress.add_task("", total=sum(map(total, files)))
        done_bytes = 0
        for path in files:
            progress.update(task, description=path.name)
            for found in _read(path, wanted, broken):
                if isinstance(found, Record):
                    yield found
                else:
                    broken.append(f"{path}: {found.name}: {found.message}")
                progress.update(task, completed=done_bytes + found.position)
            done_bytes += total(path)
            progress.update(task, completed=done_bytes)


def _read(path: Path, wanted: Format | None, broken: list[str]) -> Iterator[Record | Broken]:
    """The records of a file up to where it can't be read any further."""
    from clew.wire.imports import detect  # noqa: PLC0415

    try:
        yield from (wanted or detect(path)).read(path)
    except ClewError as exc:
        broken.append(exc.message)


def _bar() -> Progress:
    from rich.console import Console  # noqa: PLC0415 (nor for a progress bar)
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def _print_summary(tally: Tally, file_count: int, project: str, *, dry_run: bool) -> None:
    runs, files = _counted(len(tally.trace_ids), "run"), _counted(file_count, "file")
    done = "would import" if dry_run else "imported"
    typer.echo(f"{done} {runs} of {files} into project {project!r}")
    for label, value in (
        ("spans", f"{tally.spans:,}"),
        ("model calls", f"{tally.llm_calls:,}"),
        ("tool calls", f"{tally.tool_calls:,}"),
        ("tokens", f"{show.tokens(tally.input_tokens)} in, {show.tokens(tally.output_tokens)} out"),
        ("cost", _cost(tally)),
        ("logs", f"{tally.logs:,}"),
        ("scores", f"{tally.scores:,}"),
        ("started", _period(tally)),
        ("broken", f"{len(tally.broken):,}"),
    ):
        typer.echo(f"  {label:<12} {value}")
    for line in tally.broken[:SHOWN_BROKEN]:
        typer.echo(f"clew: {show.plain(line)}", err=True)
    if len(tally.broken) > SHOWN_BROKEN:
        typer.echo(f"clew: and {len(tally.broken) - SHOWN_BROKEN:,} more", err=True)


def _cost(tally: Tally) -> str:
    unsaid = _BY_SERVER if tally.llm_calls else show.UNKNOWN
    return show.usd(tally.cost_usd) if tally.cost_usd else unsaid


def _period(tally: Tally) -> str:
    if tally.first_ns is None:
        return show.UNKNOWN
    first, last = _moment(tally.first_ns), _moment(tally.last_ns)
    return f"{first} to {last} UTC"


def _moment(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _size_bytes(attributes: Attributes) -> int:
    """About what a span or log takes in a request; UTF-8 of other scripts and what is nested take
    more, which is seen once it is encoded."""
    values = attributes.values()
    return SPAN_BYTES + sum(len(value) for value in values if isinstance(value, str | bytes))


def _facts(span: Span) -> Facts:
    """What is counted of a span. Those that a reader made are known without asking every dialect,
    which takes longer than all else."""
    from clew.wire.normalize import normalize  # noqa: PLC0415 (see `import_files`)

    if not span.scope.name.startswith(IMPORT_SCOPE):
        return normalize(span)
    said = span.attributes
    kind = _KINDS.get(str(said.get(names.GEN_AI_OPERATION_NAME)), "agent")
    usage = Usage(
        input_tokens=int(_number(said, names.GEN_AI_USAGE_INPUT_TOKENS)),
        output_tokens=int(_number(said, names.GEN_AI_USAGE_OUTPUT_TOKENS)),
    )
    cost = Cost(total_usd=_number(said, names.CLEW_COST_TOTAL_USD))
    return Facts(kind=kind, usage=usage, cost=cost)


def _number(said: Attributes, name: str) -> float:
    value = said.get(name)
    return value if isinstance(value, int | float) else 0
