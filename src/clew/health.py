"""What came in, as its senders would want to know it: what nobody understood, what was cut, what
was late. Counted since the start of this process, in bounded memory.

    prepare ─► Seen, of one export ─► Health ─► Report, of a project
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from clew.span import Span
from clew.wire.normalize import Speech
from clew.wire.shape import SHAPE_NAMES, Shape
from clew.wire.unknown import unknown_names
from clew.wire.values import text

LATE_NS: Final = 3_600 * 1_000_000_000
"""A span that ends longer ago than this when it arrives is late: its sender held it back, or its
clock is wrong."""
SCOPES: Final = 200
NAMES: Final = 200
PROJECTS: Final = 1_000
REASONS: Final = 50
VALUE_CHARS: Final = 100
_ONLY_GENERAL: Final = 1
"""Every span speaks the generic dialect; who speaks no other is not understood."""


class Unknown(msgspec.Struct, kw_only=True):
    """An attribute that nothing here reads: how many spans had it, and one that does."""

    name: str
    spans: int
    trace_id: str
    span_id: str
    value: str


class ScopeSeen(msgspec.Struct, kw_only=True):
    """The spans of one instrumentation scope. `understood` where a dialect of its own read them;
    `dialects` are all that did, with their versions."""

    scope: str
    spans: int = 0
    understood: bool = False
    dialects: list[str] = []
    trace_id: str = ""
    span_id: str = ""
    unknown: dict[str, Unknown] = {}


class Seen(msgspec.Struct, kw_only=True):
    """What one export showed, or many together."""

    spans: int = 0
    logs: int = 0
    points: int = 0
    truncated: int = 0
    dropped: int = 0
    late: int = 0
    scopes: dict[str, ScopeSeen] = {}


class Report(msgspec.Struct, kw_only=True, frozen=True):
    """What a project was sent since `since_ns`; `rejections` are (reason, how often), the most
    frequent first."""

    since_ns: int
    seen: Seen
    rejected: int
    rejections: list[tuple[str, int]]


class Watch:
    """Looks at the spans of one export as they are prepared."""

    def __init__(self, now_ns: int) -> None:
        self._late_ns = now_ns - LATE_NS
        self._counts: dict[Shape, int] = {}
        self._first: dict[Shape, tuple[Speech, Span]] = {}
        self._seen = Seen()

    def look(self, span: Span, told: Speech) -> None:
        """Note a span that speaks like this. Called for every span: what follows from its shape is
        found out once for all of its shape."""
        shape = told.shape
        count = self._counts.get(shape)
        if count is None:
            self._first[shape] = told, span
            self._counts[shape] = 1
        else:
            self._counts[shape] = count + 1
        if span.truncated:
            self._seen.truncated += 1
        if span.dropped_attributes_count or span.dropped_events_count or span.dropped_links_count:
            self._seen.dropped += 1
        if span.end_ns is not None and span.end_ns < self._late_ns:
            self._seen.late += 1

    def seen(self, *, logs: int, points: int) -> Seen:
        """What all of it showed."""
        seen = self._seen
        seen.spans, seen.logs, seen.points = sum(self._counts.values()), logs, points
        for shape, (told, span) in self._first.items():
            scope = seen.scopes.setdefault(shape.scope, ScopeSeen(scope=shape.scope))
            _add_shape(scope, told, span, self._counts[shape])
        return seen


class Health:
    """What all projects were sent since the start."""

    def __init__(self) -> None:
        self._since_ns = time.time_ns()
        self._seen: dict[str, Seen] = {}
        self._reasons: dict[str, Counter[str]] = {}
        self._rejected: Counter[str] = Counter()

    def add(self, project: str, seen: Seen) -> None:
        """Count an export."""
        known = self._seen.get(project)
        if known is None:
            if len(self._seen) >= PROJECTS:
                return
            known = self._seen[project] = Seen()
        for name in ("spans", "logs", "points", "truncated", "dropped", "late"):
            setattr(known, name, getattr(known, name) + getattr(seen, name))
        for name, scope in seen.scopes.items():
            there = known.scopes.get(name)
            if there is not None:
                _join(there, scope)
            elif len(known.scopes) < SCOPES:
                known.scopes[name] = scope

    def reject(self, project: str, count: int, reasons: Sequence[str]) -> None:
        """Count items of an export that could not be kept, and why."""
        if project not in self._reasons and len(self._reasons) >= PROJECTS:
            return
        self._rejected[project] += count
        known = self._reasons.setdefault(project, Counter())
        for reason in reasons:
            if reason in known or len(known) < REASONS:
                known[reason] += 1

    def report(self, project: str) -> Report:
        """What `project` was sent."""
        return Report(
            since_ns=self._since_ns,
            seen=self._seen.get(project, Seen()),
            rejected=self._rejected.get(project, 0),
            rejections=self._reasons[project].most_common() if project in self._reasons else [],
        )


def _add_shape(scope: ScopeSeen, told: Speech, span: Span, count: int) -> None:
    if not scope.trace_id:
        scope.trace_id, scope.span_id = span.trace_id, span.span_id
    scope.spans += count
    scope.understood = scope.understood or len(told.dialects) > _ONLY_GENERAL
    scope.dialects = sorted({*scope.dialects, *told.labels})
    names = told.shape.names
    # A longer one has an indexed list: its names are as many as its items.
    if len(names) <= SHAPE_NAMES:
        _join_names(
            scope.unknown,
            [
                Unknown(
                    name=name,
                    spans=count,
                    trace_id=span.trace_id,
                    span_id=span.span_id,
                    value=text(span.attributes.get(name))[:VALUE_CHARS],
                )
                for name in unknown_names(names)
            ],
        )


def _join(there: ScopeSeen, more: ScopeSeen) -> None:
    there.spans += more.spans
    there.understood = there.understood or more.understood
    if more.dialects != there.dialects:
        there.dialects = sorted({*there.dialects, *more.dialects})
    # The newest example: the oldest may be gone already.
    there.trace_id, there.span_id = more.trace_id, more.span_id
    _join_names(there.unknown, more.unknown.values())


def _join_names(known: dict[str, Unknown], more: Iterable[Unknown]) -> None:
    for one in more:
        there = known.get(one.name)
        if there is not None:
            one.spans += there.spans
            known[one.name] = one
        elif len(known) < NAMES:
            known[one.name] = one
