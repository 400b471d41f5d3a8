"""Bodies that are damaged, or bombs, or lie about their size: refused with a sentence, or taken."""

from __future__ import annotations

import json
import os
import random
import socket
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

import make
from clew.wire.otlp import encode_traces
from conftest import Served
from faults.hostile import JSON, PROTOBUF
from faults.load import EXPORT, peak_bytes

pytestmark = pytest.mark.faults

CORPUS = sorted((Path(__file__).parents[1] / "corpus").glob("*/traces.otlp.pb"))
GIB = 1 << 30
SEED = int(os.environ.get("CLEW_TEST_SEED", "7"))
ANSWERS = {200, 400, 413, 415}
CODES = {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED}
READS = ("traces?limit=1000", "spans?limit=1000", "sessions", "search?q=the", "stats?metric=traces")

keys = st.sampled_from(
    "resourceSpans scopeSpans spans resource scope attributes key value stringValue intValue"
    " doubleValue bytesValue arrayValue kvlistValue values traceId spanId parentSpanId name"
    " kind status code events links startTimeUnixNano endTimeUnixNano timeUnixNano".split()
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(keys | st.text(), inner),
)


def test_damaged_bodies_are_refused_or_taken(served: Served, project: str) -> None:
    """Real ones with a few bytes changed, left out, repeated or cut off, over both transports.
    Whatever was taken can be read."""
    chance = random.Random(SEED)
    damaged = list(_damaged(chance, 300))
    with ThreadPoolExecutor(16) as threads:
        posts = [threads.submit(_post, served, project, kind, body) for kind, body in damaged]
        calls = [
            threads.submit(_call, served, project, body)
            for kind, body in damaged
            if kind == PROTOBUF
        ]
    assert {post.result()[0] for post in posts} <= ANSWERS
    assert {call.result() for call in calls} <= CODES
    _check_readable(served, project)


@settings(max_examples=30)
@given(bodies=st.lists(st.binary(max_size=200) | json_values.map(json.dumps), max_size=20))
def test_random_bodies_are_refused_or_taken(served: Served, bodies: list[bytes | str]) -> None:
    """As protobuf and as JSON."""
    for body in bodies:
        sent = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        for kind in (PROTOBUF, JSON):
            assert _post(served, "random", kind, sent)[0] in ANSWERS


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
def test_bombs_are_refused(served: Served, project: str, name: str) -> None:
    """Twenty at once of 1 GB each, with the memory of none."""
    bomb = _bomb(name)
    with ThreadPoolExecutor(20) as threads:
        posts = [threads.submit(_post, served, project, PROTOBUF, bomb, name) for _ in range(20)]
    answers = {post.result() for post in posts}
    assert {status for status, _ in answers} == {413}
    assert all(b"send smaller batches" in said for _, said in answers)
    assert peak_bytes(served.process.pid) < 1500 << 20


def test_a_grpc_bomb_is_refused(served: Served, project: str) -> None:
    """200 MB of nothing, well compressed."""
    channel = grpc.insecure_channel(
        f"127.0.0.1:{served.grpc_port}", compression=grpc.Compression.Gzip
    )
    with channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(EXPORT)(bytes(200 << 20), metadata=(("x-clew-project", project),))
    assert "RESOURCE_EXHAUSTED" in str(caught.value)


@pytest.mark.parametrize("field", range(1, 16))
def test_lengths_that_lie_are_refused(served: Served, project: str, field: int) -> None:
    """A field that claims 1 GB, in an export and in a span."""
    claim = bytes((field << 3 | 2,)) + b"\x80\x80\x80\x80\x04"
    body = encode_traces([make.span()])
    assert _post(served, project, PROTOBUF, body + claim)[0] == 400
    assert _call(served, project, body + claim) is grpc.StatusCode.INVALID_ARGUMENT
    assert _post(served, project, PROTOBUF, claim + body)[0] == 400


def test_a_body_that_claims_too_much_is_refused_before_it_comes(served: Served) -> None:
    """By its header alone."""
    head = (
        f"POST /v1/traces HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {PROTOBUF}\r\n"
        f"content-length: {GIB}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as sender:
        sender.sendall(head.encode())
        assert sender.recv(1000).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
        b'{"resourceSpans":' + b"[" * 500_000 + b"]" * 500_000,
    ],
    ids=["lists", "objects", "closed"],
)
def test_json_nested_a_million_deep_is_refused(served: Served, project: str, body: bytes) -> None:
    """With a sentence."""
    status, said = _post(served, project, JSON, body)
    assert status == 400
    assert b"JSON" in said


def test_protobuf_nested_thousands_deep_is_kept(served: Served, project: str) -> None:
    """Lists of lists in an attribute, which no recursion could follow."""
    value = b""
    for _ in range(5000):
        value = _field(5, _field(1, value))
    ids = _field(1, bytes(range(1, 17))) + _field(2, bytes(range(1, 9)))
    span = ids + _field(9, _field(1, b"k") + _field(2, value))
    body = _field(1, _field(2, _field(2, span)))
    assert _post(served, project, PROTOBUF, body)[0] == 200
    assert _call(served, project, body) is grpc.StatusCode.OK
    [run] = served.http.get(f"/api/projects/{project}/traces").json()["traces"]
    assert run["span_count"] == 1
    _check_readable(served, project)


def _field(number: int, content: bytes) -> bytes:
    size, length = len(content), b""
    while size > 0x7F:
        length += bytes((size & 0x7F | 0x80,))
        size >>= 7
    return bytes((number << 3 | 2,)) + length + bytes((size,)) + content


def _damaged(chance: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    real = [path.read_bytes() for path in CORPUS]
    spans = [make.agent(), make.llm(), make.tool()]
    texts = [encode_traces([span], "json") for span in spans]
    for _ in range(count):
        kind, bodies = chance.choice([(PROTOBUF, real), (JSON, texts)])
        body = bytearray(chance.choice(bodies))
        for _ in range(chance.randrange(1, 6)):
            chance.choice(_DAMAGES)(chance, body)
        yield kind, bytes(body)


def _change(chance: random.Random, body: bytearray) -> None:
    if body:
        body[chance.randrange(len(body))] = chance.randrange(256)


def _cut(chance: random.Random, body: bytearray) -> None:
    del body[chance.randrange(len(body) + 1) :]


def _leave_out(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body) + 1)
    del body[at : at + chance.randrange(1, 20)]


def _repeat(chance: random.Random, body: bytearray) -> None:
    at, to = chance.randrange(len(body) + 1), chance.randrange(len(body) + 1)
    body[to:to] = body[at : at + chance.randrange(1, 200)]


_DAMAGES: list[Callable[[random.Random, bytearray], None]] = [
    _cut,
    _leave_out,
    _repeat,
    *[_change] * 5,
]


def _bomb(name: str) -> bytes:
    if name == "zstd":
        packer = zstandard.ZstdCompressor().compressobj()
        return b"".join(packer.compress(bytes(1 << 20)) for _ in range(1024)) + packer.flush()
    packed = zlib.compressobj(wbits=31 if name == "gzip" else 15)
    return b"".join(packed.compress(bytes(1 << 20)) for _ in range(1024)) + packed.flush()


def _post(
    served: Served, project: str, kind: str, body: bytes, encoding: str = "identity"
) -> tuple[int, bytes]:
    headers = {"content-type": kind, "x-clew-project": project, "content-encoding": encoding}
    answer = served.http.post("/v1/traces", content=body, headers=headers)
    return answer.status_code, answer.content


def _call(served: Served, project: str, body: bytes) -> grpc.StatusCode:
    with grpc.insecure_channel(f"127.0.0.1:{served.grpc_port}") as channel:
        export = channel.unary_unary(EXPORT)
        call = export.future(body, metadata=(("x-clew-project", project),))
        code: grpc.StatusCode = call.code()
        return code


def _check_readable(served: Served, project: str) -> None:
    for read in READS:
        answer = served.http.get(f"/api/projects/{project}/{read}")
        assert answer.status_code == httpx.codes.OK, (read, answer.text[:300])
    for run in served.http.get(f"/api/projects/{project}/traces?limit=1000").json()["traces"]:
        path = f"/api/projects/{project}/traces/{run['trace_id']}"
        found = served.http.get(path).raise_for_status().json()
        served.http.get(f"{path}/spans/{found['spans']['span_id'][0]}").raise_for_status()
        served.http.get(f"{path}/export").raise_for_status()
