"""Bodies → exports, one a project."""

from __future__ import annotations

import gzip

import pytest

from clew.bodies import Body, decompressed, open_body
from clew.errors import BadInput, TooLarge, UnsupportedMedia
from clew.prepare import Export
from clew.span import Log, Resource, Span
from clew.wire.limits import Limits
from clew.wire.otlp import encode_logs, encode_traces
from make import span


def _of(resource: str, count: int) -> list[Span]:
    found = Resource(attributes={"service.name": resource})
    return [
        Span(
            trace_id=f"{number:032x}",
            span_id=f"{number:016x}",
            start_ns=1,
            end_ns=2,
            resource=found,
        )
        for number in range(1, count + 1)
    ]


def test_the_summary_says_what_there_is_to_route() -> None:
    """The attributes of each resource in order, with how many items it has."""
    body = encode_traces([*_of("a", 2), *_of("b", 1)])
    summary = open_body(Body("traces", body, "protobuf")).summary
    assert summary.resources == [{"service.name": "a"}, {"service.name": "b"}]
    assert (summary.counts, summary.items, summary.size_bytes) == ([2, 1], 3, len(body))
    assert (summary.rejected, summary.messages) == (0, [])


def test_resources_of_one_project_are_one_export() -> None:
    """In the order in which they came; those without a project are left out."""
    first, second, third = _of("a", 1), _of("b", 2), _of("c", 1)
    opened = open_body(Body("traces", encode_traces([*first, *second, *third]), "protobuf"))
    assert opened.exports(["p", None, "p"]) == [Export("p", [*first, *third], [], [])]
    assert opened.exports(["q", "p", "q"]) == [
        Export("q", [*first, *third], [], []),
        Export("p", second, [], []),
    ]
    assert opened.exports([None, None, None]) == []


def test_logs_are_routed_as_spans_are() -> None:
    """Each signal in its own field."""
    logs = [Log(time_ns=1, body="hello")]
    opened = open_body(Body("logs", encode_logs(logs), "protobuf"))
    assert opened.exports(["p"]) == [Export("p", [], logs, [])]


def test_a_compressed_body_is_what_it_was() -> None:
    """Its size is the one that it takes in memory."""
    plain = encode_traces([span()])
    body = Body("traces", gzip.compress(plain), "protobuf", "gzip")
    assert body.is_compressed
    assert decompressed(body) == Body("traces", plain, "protobuf")
    assert open_body(body).summary.size_bytes == len(plain)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (Body("traces", b"\xff\xff", "protobuf"), BadInput),
        (Body("traces", b"{}", "json", "br"), UnsupportedMedia),
        (
            Body("traces", gzip.compress(bytes(99)), "json", "gzip", Limits(body_bytes=9)),
            TooLarge,
        ),
    ],
)
def test_a_body_that_cannot_be_opened_says_why(body: Body, error: type[Exception]) -> None:
    """As the errors that a sender is answered with."""
    with pytest.raises(error):
        open_body(body)
