"""Times as they are asked for and told: ISO 8601 or relative to now, and nanoseconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from clew.errors import BadInput

SECOND_NS: Final = 1_000_000_000
HOUR_NS: Final = 3_600 * SECOND_NS
DAY_NS: Final = 24 * HOUR_NS

_UNITS: Final = {
    "s": SECOND_NS,
    "m": 60 * SECOND_NS,
    "h": HOUR_NS,
    "d": DAY_NS,
    "w": 7 * DAY_NS,
}
_RELATIVE: Final = re.compile(r"now(?:(?P<sign>[+-])(?P<count>\d{1,6})(?P<unit>[smhdw]))?")
_ISO: Final = re.compile(
    r"(?P<whole>.{10,19}?)(?:[.,](?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_FIRST_NS: Final = 0
_LAST_NS: Final = 2**63 - 1 - 366 * DAY_NS
END_NS: Final = 2**63 - 1

Clock = Callable[[], int]


class Range(NamedTuple):
    """From when to when, in nanoseconds since the Unix epoch; `to_ns` is outside. None is open."""

    from_ns: int | None = None
    to_ns: int | None = None


def parse_range(from_: str | None, to: str | None, now_ns: int) -> Range:
    """The range of two texts, either of which may be missing. Raises BadInput."""
    found = Range(
        parse_time(from_, now_ns) if from_ else None, parse_time(to, now_ns) if to else None
    )
    if found.from_ns is not None and found.to_ns is not None and found.from_ns >= found.to_ns:
        raise BadInput(f"the range ends before it starts: from {from_!r} to {to!r}")
    return found


def parse_time(text: str, now_ns: int) -> int:
    """Nanoseconds of an ISO 8601 time (UTC where no zone is given) or of `now-24h`. Raises
    BadInput."""
    relative = _RELATIVE.fullmatch(text.strip())
    if relative:
        return _within(now_ns + _offset(relative), text)
    iso = _ISO.fullmatch(text.strip())
    if iso is None:
        raise BadInput(_no_time(text))
    try:
        moment = datetime.fromisoformat(iso["whole"] + (iso["zone"] or ""))
    except ValueError as exc:
        raise BadInput(_no_time(text)) from exc
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    fraction = (iso["fraction"] or "").ljust(9, "0")
    return _within(round(moment.timestamp()) * SECOND_NS + int(fraction), text)


def render_time(time_ns: int) -> str:
    """ISO 8601 in UTC with nine decimals, as the store writes it."""
    seconds, fraction = divmod(time_ns, SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


def clamp(time_ns: int) -> int:
    """The time, or the nearest that a column of times holds (1970 to April 2262): what is added
    around a span at either end must not wrap around to the other."""
    return min(max(time_ns, _FIRST_NS), END_NS)


def _no_time(text: str) -> str:
    return f"{text!r} is no time: expected ISO 8601 such as 2026-11-23T14:02:11Z, or now-24h"


def _offset(relative: re.Match[str]) -> int:
    if not relative["count"]:
        return 0
    size = int(relative["count"]) * _UNITS[relative["unit"]]
    return size if relative["sign"] == "+" else -size


def _within(time_ns: int, text: str) -> int:
    """`time_ns` if a 64-bit column and the arithmetic on it can hold it. Raises BadInput."""
    if not _FIRST_NS <= time_ns <= _LAST_NS:
        raise BadInput(f"{text!r} is out of range: expected a time from 1970 to 2261")
    return time_ns
