"""Simulated time: the demo's fortnight passes in seconds, and its spans last as long as real ones.

The program waits with `Clock.sleep`, which returns at once and notes that, from this real moment
on, it is so much later. When a run is over, `retime` moves every time stamp of its spans from the
real to the simulated timeline. Order and nesting stay, durations become what was slept for, and
time stamps between two sleeps are spread evenly, so that the result is the same every time.
"""

# ruff: noqa: D102, PLR2004 (what a transport and a stream do; status codes are what they are)

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import httpx2
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Status, StatusCode

from clew import conventions as names
from demo.model import FIRST_TOKEN_HEADER, LATENCY_HEADER

STEP_NS = 40_000
"""What passes between two time stamps without a sleep: about what Python needs."""

_BACKOFF_S = 2.0


class Clock:
    """`now_ns` is the simulated time since the epoch."""

    def __init__(self, start_ns: int) -> None:
        self.now_ns = start_ns
        self._marks: list[tuple[int, int]] = [(time.time_ns(), start_ns)]
        self.first_tokens: list[int] = []
        """Real times at which a streamed answer began to arrive."""

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._jump(self.now_ns + round(seconds * 1e9))

    def first_token(self) -> None:
        """Note that an answer begins to arrive now."""
        self.first_tokens.append(time.time_ns())

    @contextmanager
    def parallel(self) -> Generator[Lanes]:
        """Work done in lanes one after the other counts as done at the same time."""
        lanes = Lanes(self, self.now_ns)
        yield lanes
        self._jump(max([lanes.start_ns, *lanes.ends_ns]) + STEP_NS * 100)

    def back_to(self, simulated_ns: int) -> None:
        """Begin a lane."""
        self._jump(simulated_ns)

    def timeline(self, real_times: Sequence[int]) -> Mapping[int, int]:
        """The simulated time of each real time."""
        reals = [real for real, _ in self._marks]
        placed: dict[int, int] = {}
        previous, rank = -1, 0
        for moment in sorted(set(real_times)):
            mark = max(bisect_right(reals, moment) - 1, 0)
            rank = rank + 1 if mark == previous else 0
            previous = mark
            placed[moment] = self._marks[mark][1] + rank * STEP_NS
        return placed

    def _jump(self, simulated_ns: int) -> None:
        self.now_ns = simulated_ns
        self._marks.append((time.time_ns(), simulated_ns))


@dataclass
class Lanes:
    """Branches of one fork: each starts when the fork did."""

    clock: Clock
    start_ns: int
    ends_ns: list[int] = field(default_factory=list[int])

    @contextmanager
    def lane(self) -> Generator[None]:
        self.clock.back_to(self.start_ns)
        try:
            yield
        finally:
            self.ends_ns.append(self.clock.now_ns)


class SimulatedLatency(httpx2.BaseTransport):
    """Lets the time pass that the fake model's headers tell, and that a client waits to retry.

    `clock` is the one of the run that is going on.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._inner = httpx2.HTTPTransport(verify=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._inner.handle_request(request)
        latency_s = float(response.headers.get(LATENCY_HEADER, 0)) / 1000
        first_s = float(response.headers.get(FIRST_TOKEN_HEADER, 0)) / 1000
        if not first_s:
            retried = response.status_code == 429 or response.status_code >= 500
            self.clock.sleep(latency_s + (_BACKOFF_S if retried else 0))
            return response
        self.clock.sleep(first_s)
        body = _Streamed(response.stream, self.clock, latency_s - first_s)
        return httpx2.Response(response.status_code, headers=response.headers, stream=body)

    def close(self) -> None:
        self._inner.close()


class _Streamed(httpx2.SyncByteStream):
    def __init__(self, body: object, clock: Clock, rest_s: float) -> None:
        self._body = cast("httpx2.SyncByteStream", body)
        self._clock = clock
        self._rest_s = rest_s

    def __iter__(self) -> Generator[bytes]:
        self._clock.first_token()
        whole = b"".join(self._body)
        head, separator, rest = whole.partition(b"\n\n")
        yield head + separator
        self._clock.sleep(self._rest_s)
        yield rest

    def close(self) -> None:
        self._body.close()


_PROVIDER: Mapping[str, str | int] = {
    names.SERVER_ADDRESS: "api.openai.com",
    "server.port": 443,
    names.GEN_AI_OPENAI_API_BASE: "https://api.openai.com/v1/",
}
"""Whom the fake model plays. Its own port is another one each time, and nothing else is."""


def retime(
    spans: Sequence[ReadableSpan], clock: Clock, resource: Resource, *, now_ns: int
) -> list[ReadableSpan]:
    """The spans on the simulated timeline, sent by `resource`.

    What starts after `now_ns` hasn't happened yet, and what ends after it is still running.
    """
    stamps = [time_ns for span in spans for time_ns in _stamps(span)]
    timeline = clock.timeline([*stamps, *clock.first_tokens])
    moved = [_moved(span, timeline, clock.first_tokens, resource) for span in spans]
    return [
        span if (span.end_time or 0) <= now_ns else _running(span)
        for span in moved
        if (span.start_time or 0) <= now_ns
    ]


def _stamps(span: ReadableSpan) -> list[int]:
    return [span.start_time or 0, span.end_time or 0, *(event.timestamp for event in span.events)]


def _moved(
    span: ReadableSpan, timeline: Mapping[int, int], first_tokens: Sequence[int], resource: Resource
) -> ReadableSpan:
    start, end = span.start_time or 0, span.end_time or 0
    attributes = dict(span.attributes or {})
    attributes |= {name: said for name, said in _PROVIDER.items() if name in attributes}
    if names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK in attributes:
        # Measured by the instrumentation in real time, and the only duration on a span.
        first = next(moment for moment in first_tokens if start <= moment <= end)
        attributes[names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = (
            timeline[first] - timeline[start]
        ) / 1e9
    events = [Event(e.name, e.attributes, timeline[e.timestamp]) for e in span.events]
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=resource,
        attributes=attributes,
        events=events,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=timeline[start],
        end_time=timeline[end],
        instrumentation_scope=span.instrumentation_scope,
    )


_KNOWN_AT_THE_END = (
    names.CLEW_OUTPUT,
    names.CLEW_OUTPUT_JSON,
    names.GEN_AI_OUTPUT_MESSAGES,
    names.OUTPUT_VALUE,
    "gen_ai.response.",
    "gen_ai.usage.",
)


def _running(span: ReadableSpan) -> ReadableSpan:
    attributes = {
        name: value
        for name, value in (span.attributes or {}).items()
        if not name.startswith(_KNOWN_AT_THE_END)
    }
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        kind=span.kind,
        status=Status(StatusCode.UNSET),
        start_time=span.start_time,
        end_time=None,
        instrumentation_scope=span.instrumentation_scope,
    )
