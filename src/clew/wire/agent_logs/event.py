"""What the records of every coding agent have in common: an event, and who wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec
import xxhash

from clew import conventions as c
from clew.span import Attributes, Log, Span
from clew.wire.values import count, number, text


class CodingAgent(NamedTuple):
    """An agent that tells its runs in log records.

    `name` is the prefix of its events. `trace_id` names the run that a record of it belongs to, ""
    for none. `spans` makes the spans of a run out of its records. With `scattered` its records have
    trace ids, but not those of a run.
    """

    name: str
    wrote: Callable[[Log], bool]
    trace_id: Callable[[Log], str]
    spans: Callable[[Sequence[Log]], list[Span]]
    scattered: bool = False


class Event(NamedTuple):
    """One record: its name without the agent's, when it was written, and what it says."""

    name: str
    time_ns: int
    said: Attributes
    log: Log

    def text(self, name: str) -> str:
        """The attribute `name` as a text, "" where it isn't there."""
        return text(self.said.get(name))

    def whole(self, name: str) -> int | None:
        """The attribute `name` as a whole number, also where a string says it."""
        return count(self.said.get(name))

    @property
    def start_ns(self) -> int:
        """When what it tells of began: it is written at the end, with `duration_ms`."""
        return self.time_ns - round((number(self.said.get("duration_ms")) or 0) * 1e6)

    @property
    def key(self) -> str:
        """What names it within its run: equal for the same record sent twice."""
        said = msgspec.msgpack.encode(
            (self.name, self.time_ns, sorted(self.said.items(), key=_first))
        )
        return xxhash.xxh3_64_hexdigest(said)


def events(logs: Sequence[Log], agent: str) -> list[Event]:
    """The events that `agent` told, in the order in which they happened."""
    told = [
        Event(log.event_name.removeprefix(f"{agent}."), log.time_ns or log.observed_ns, said, log)
        for log in logs
        for said in [log.attributes]
    ]
    # Within a millisecond, which is how exactly some tell the time, the sequence decides.
    return sorted(told, key=lambda event: (event.time_ns, event.whole("event.sequence") or 0))


def full_name(log: Log, agent: str) -> str:
    """`claude_code.user_prompt`, whether the record says so or just `user_prompt`."""
    name = text(log.attributes.get(c.EVENT_NAME)) or log.event_name
    return name if name.startswith(f"{agent}.") else f"{agent}.{name}"


def hashed_trace_id(agent: str, *parts: str) -> str:
    """The trace id of the run that `parts` name; "" where one of them isn't said."""
    if not all(parts):
        return ""
    return xxhash.xxh3_128_hexdigest("\0".join((agent, *parts)).encode(errors="surrogatepass"))


def _first(pair: tuple[str, object]) -> str:
    return pair[0]


def tool_calls(told: Iterable[Event], id_name: str) -> dict[str, dict[str, Event]]:
    """Tool calls by the id that stands under `id_name`: a decision and a result, by the name of the
    event, of which either may be missing."""
    by_id: dict[str, dict[str, Event]] = {}
    for event in told:
        if event.name in ("tool_decision", "tool_result"):
            by_id.setdefault(event.text(id_name) or event.key, {})[event.name] = event
    return by_id
