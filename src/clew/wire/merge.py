"""Two versions of one span → one span.

Delivery is at least once, and some senders tell a span in parts: its start with what went in, then
its end with what came out. So a later version adds to an earlier one. The finished one of the two
has the last word, or else the later one.
"""

from __future__ import annotations

from operator import attrgetter

import msgspec

from clew.span import Event, Link, Span


def merge(earlier: Span, later: Span) -> Span:
    """The span that both tell of. `earlier` arrived first; the times in them don't matter."""
    late_snapshot = earlier.end_ns is not None and later.end_ns is None
    last, first = (earlier, later) if late_snapshot else (later, earlier)
    status = last if last.status != "unset" else first
    return msgspec.structs.replace(
        last,
        parent_id=last.parent_id or first.parent_id,
        name=last.name or first.name,
        otel_kind=first.otel_kind if last.otel_kind == "unspecified" else last.otel_kind,
        # A part that only tells the end may leave the start out, which arrives as 0, and one that
        # sums up what is below it can only begin earlier than it knew.
        start_ns=min(filter(None, (first.start_ns, last.start_ns)), default=0),
        status=status.status,
        status_message=status.status_message,
        attributes={**first.attributes, **last.attributes},
        events=_events(first, last),
        links=_links(first, last),
        resource=last.resource if last.resource.attributes else first.resource,
        scope=last.scope if last.scope.name else first.scope,
        trace_state=last.trace_state or first.trace_state,
        truncated={**first.truncated, **last.truncated},
        dropped_attributes_count=max(first.dropped_attributes_count, last.dropped_attributes_count),
        dropped_events_count=max(first.dropped_events_count, last.dropped_events_count),
        dropped_links_count=max(first.dropped_links_count, last.dropped_links_count),
    )


def _events(first: Span, last: Span) -> tuple[Event, ...]:
    more = [event for event in first.events if event not in last.events]
    return tuple(sorted([*more, *last.events], key=attrgetter("time_ns"))) if more else last.events


def _links(first: Span, last: Span) -> tuple[Link, ...]:
    return (*(link for link in first.links if link not in last.links), *last.links)
