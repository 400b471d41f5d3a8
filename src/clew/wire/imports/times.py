"""When things happened, in nanoseconds since the Unix epoch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS

UNTIMED_NS = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * SECOND_NS
"""Where a run is placed when its file says nothing of time: a minute after the run before it, each
step a second long. A fixed date, not the file's own: importing a copy must change nothing."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parsed(text: str) -> int | None:
    """The moment that an ISO 8601 text names, UTC where it names no zone; None for other text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def untimed(index: int) -> int:
    """The start of the run at `index` of a file that says nothing of time."""
    return UNTIMED_NS + index * MINUTE_NS
