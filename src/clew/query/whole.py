"""Whole spans and logs, put together again from their documents and contents."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from clew.span import Log, Span
from clew.store.engine import Engine
from clew.wire.contents import unfold
from clew.wire.packing import taker, unpack_log, unpack_span

Line = TypeVar("Line")


class WholeSpan(msgspec.Struct):
    """A span as it was received, and the JSON of its facts as they were computed at ingest."""

    span: Span
    facts: msgspec.Raw


class Content(msgspec.Struct):
    """A stored content; `blob` is empty unless it was asked for."""

    hash: str
    skeleton: str
    text: str
    mime: str
    blob: bytes = b""


class _SpanLine(msgspec.Struct):
    day: int
    input: list[str]
    output: list[str]
    other: list[str]
    facts: str
    document: str

    def hashes(self) -> list[str]:
        return self.input + self.output + self.other


class _LogLine(msgspec.Struct):
    day: int
    hashes: list[str]
    document: str


class _ContentLine(msgspec.Struct):
    digest: str
    skeleton: str
    text: str
    mime: str
    data: str


_SPANS = """
SELECT
    intDiv(start_ns, 86400000000000) AS day,
    arrayMap(h -> lower(hex(h)), input_hashes) AS input,
    arrayMap(h -> lower(hex(h)), output_hashes) AS output,
    arrayMap(h -> lower(hex(h)), other_hashes) AS other,
    facts,
    base64Encode(raw) AS document
FROM spans
WHERE project = {project:String} AND trace_id IN {trace_ids:Array(String)}
    AND (empty({span_ids:Array(String)}) OR span_id IN {span_ids:Array(String)})
ORDER BY version DESC
LIMIT 1 BY trace_id, span_id
SETTINGS use_primary_key = 0
"""
_LOGS = """
SELECT day, arrayMap(h -> lower(hex(h)), hashes) AS hashes, base64Encode(raw) AS document
FROM logs
WHERE project = {project:String} AND trace_id = {trace_id:String}
    AND ({span_id:String} = '' OR span_id = {span_id:String})
ORDER BY time_ns, log_hash
LIMIT 1 BY time_ns, log_hash
"""
_CONTENTS = """
SELECT lower(hex(hash)) AS digest, skeleton, text, mime,
    if({blobs:Bool}, base64Encode(blob), '') AS data
FROM contents
WHERE project = {project:String} AND day IN {days:Array(UInt32)}
    AND trace_id IN {trace_ids:Array(String)}
    AND hash IN arrayMap(h -> toFixedString(unhex(h), 16), {hashes:Array(String)})
LIMIT 1 BY hash
"""


async def whole_spans(
    engine: Engine, project: str, trace_id: str, span_id: str = "", *, blobs: bool = False
) -> list[WholeSpan]:
    """The spans of a trace, or one of them, in order of start.

    With `blobs` the payloads are the bytes that were sent; without, a base64 part reads
    `clew-content:<hash>`, the name its bytes are served by.
    """
    span_ids = [span_id] if span_id else []
    spans = await _read_spans(engine, project, [trace_id], span_ids, blobs=blobs)
    return sorted(spans, key=lambda whole: (whole.span.start_ns, whole.span.span_id))


async def stored_spans(
    engine: Engine, project: str, trace_ids: Iterable[str], span_ids: Iterable[str]
) -> list[Span]:
    """The spans of these ids in these traces, as they were sent, in no order."""
    return [one.span for one in await whole_spans_of(engine, project, trace_ids, span_ids)]


async def whole_spans_of(
    engine: Engine, project: str, trace_ids: Iterable[str], span_ids: Iterable[str]
) -> list[WholeSpan]:
    """The same with their facts."""
    return await _read_spans(engine, project, sorted(trace_ids), sorted(span_ids), blobs=True)


async def _read_spans(
    engine: Engine, project: str, trace_ids: list[str], span_ids: list[str], *, blobs: bool
) -> list[WholeSpan]:
    params = {"project": project, "trace_ids": trace_ids, "span_ids": span_ids}
    lines = _decode(await engine.query(_SPANS, params), _SpanLine)
    contents = await read_contents(
        engine,
        project,
        trace_ids,
        days={line.day for line in lines},
        hashes={digest for line in lines for digest in line.hashes()},
        blobs=blobs,
    )
    # Once for all spans: a conversation's contents are in every one of its calls.
    texts = _texts(contents, blobs=blobs)
    return [_whole(line, contents, texts) for line in lines]


async def whole_logs(
    engine: Engine, project: str, trace_id: str, span_id: str = "", *, blobs: bool = False
) -> list[Log]:
    """The logs of a trace, or of one of its spans, in order of time."""
    params = {"project": project, "trace_id": trace_id, "span_id": span_id}
    lines = _decode(await engine.query(_LOGS, params), _LogLine)
    contents = await read_contents(
        engine,
        project,
        [trace_id],
        days={line.day for line in lines},
        hashes={digest for line in lines for digest in line.hashes},
        blobs=blobs,
    )
    texts = _texts(contents, blobs=blobs)
    return [
        unpack_log(
            base64.b64decode(line.document),
            taker({"other": iter(_present(line.hashes, contents, texts))}),
        )
        for line in lines
    ]


async def read_contents(  # noqa: PLR0913 - each names what is read
    engine: Engine,
    project: str,
    trace_ids: list[str],
    *,
    days: Iterable[int],
    hashes: Iterable[str],
    blobs: bool,
) -> dict[str, Content]:
    """The contents of these traces by hash (lowercase hex)."""
    wanted = sorted(hashes)
    if not wanted:
        return {}
    params = {
        "project": project,
        "trace_ids": trace_ids,
        "days": sorted(days),
        "hashes": wanted,
        "blobs": blobs,
    }
    lines = _decode(await engine.query(_CONTENTS, params), _ContentLine)
    return {
        line.digest: Content(
            line.digest, line.skeleton, line.text, line.mime, base64.b64decode(line.data)
        )
        for line in lines
    }


def _whole(line: _SpanLine, contents: Mapping[str, Content], texts: Mapping[str, str]) -> WholeSpan:
    take = taker(
        {
            "input": iter(_present(line.input, contents, texts)),
            "output": iter(_present(line.output, contents, texts)),
            "other": iter(_present(line.other, contents, texts)),
        }
    )
    return WholeSpan(
        unpack_span(base64.b64decode(line.document), take), msgspec.Raw(line.facts.encode())
    )


def _texts(contents: Mapping[str, Content], *, blobs: bool) -> dict[str, str]:
    data = {bytes.fromhex(c.hash): c.blob for c in contents.values()} if blobs else None
    return {
        digest: unfold(content.skeleton, content.text, data) for digest, content in contents.items()
    }


def _present(
    hashes: Sequence[str], contents: Mapping[str, Content], texts: Mapping[str, str]
) -> list[str]:
    """The texts of `hashes`. One that is gone (deleted by hand, say) says so in its place, so that
    the rest of the span can still be read."""
    return [
        texts[digest] if digest in contents else f'"[content {digest} is missing]"'
        for digest in hashes
    ]


def _decode(body: bytes, kind: type[Line]) -> list[Line]:
    decoder = msgspec.json.Decoder(kind)
    return decoder.decode_lines(body)
