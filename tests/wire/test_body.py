"""Bodies: content types, decompression, and its hard cap."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from clew.errors import BadInput, TooLarge, UnsupportedMedia
from clew.wire.body import ContentType, decompress, parse_content_type


def padded_gzip(content: bytes) -> bytes:
    """Zeroes behind it, as tapes had them."""
    return gzip.compress(content) + bytes(5)


def raw_deflate(content: bytes) -> bytes:
    """Deflate without zlib's header and checksum."""
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(content) + stream.flush()


def streamed_zstd(content: bytes) -> bytes:
    """A frame that doesn't say how much it holds."""
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(content) + stream.flush()


def in_two(compress: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Two members, or frames, one after the other."""
    return lambda content: compress(content[:3]) + compress(content[3:])


COMPRESSIONS = [
    pytest.param(name, compress, id=label)
    for label, name, compress in (
        ("none", "", bytes),
        ("identity", "identity", bytes),
        ("gzip", "gzip", gzip.compress),
        ("gzip, padded", "GZIP", padded_gzip),
        ("gzip, two members", "x-gzip", in_two(gzip.compress)),
        ("zlib", "deflate", zlib.compress),
        ("raw deflate", "deflate", raw_deflate),
        ("zstd", "zstd", zstandard.compress),
        ("zstd, streamed", "zstd", streamed_zstd),
        ("zstd, two frames", "zstd", in_two(zstandard.compress)),
    )
]


@pytest.mark.parametrize(("name", "compress"), COMPRESSIONS)
@given(content=st.binary(max_size=200) | st.binary(min_size=1, max_size=9).map(lambda b: b * 999))
def test_a_body_comes_back(name: str, compress: Callable[[bytes], bytes], content: bytes) -> None:
    """Whatever it was compressed with, and if it has just the size that is allowed."""
    assert decompress(compress(content), name, len(content)) == content


@pytest.mark.parametrize(("name", "compress"), COMPRESSIONS)
def test_no_more_comes_out_than_the_limit(name: str, compress: Callable[[bytes], bytes]) -> None:
    """One byte over is too large, and so is a thousand times the limit."""
    for size in (101, 100_000):
        with pytest.raises(TooLarge, match="over 100 bytes"):
            decompress(compress(bytes(size)), name, 100)


@pytest.mark.parametrize(("name", "compress"), COMPRESSIONS[2:])
def test_a_body_that_was_cut_off_is_refused(name: str, compress: Callable[[bytes], bytes]) -> None:
    """Rather than decoded as far as it goes."""
    whole = compress(b"spans and more spans")
    with pytest.raises(BadInput, match="not valid"):
        decompress(whole[: len(whole) - 6], name, 1000)


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
@given(body=st.binary())
def test_nonsense_is_refused(name: str, body: bytes) -> None:
    """With BadInput and nothing else, if it happens not to be a body."""
    with contextlib.suppress(BadInput, TooLarge):
        decompress(body, name, 1000)


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd", ""])
def test_an_empty_body_is_empty(name: str) -> None:
    """Some senders announce a compression for nothing."""
    assert decompress(b"", name, 0) == b""


def test_many_tiny_members_are_refused() -> None:
    """Each of them costs a copy of the rest."""
    with pytest.raises(BadInput, match="more than 100"):
        decompress(gzip.compress(b"") * 200, "gzip", 1000)


@pytest.mark.parametrize("name", ["br", "gzip, gzip", "compress"])
def test_other_compressions_are_refused(name: str) -> None:
    """Naming those that are spoken."""
    with pytest.raises(UnsupportedMedia, match="send gzip, deflate, zstd or none"):
        decompress(b"x", name, 1000)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("application/x-protobuf", ContentType("application/x-protobuf", "protobuf")),
        ("application/protobuf", ContentType("application/protobuf", "protobuf")),
        ("application/json", ContentType("application/json", "json")),
        (" Application/JSON ; charset=utf-8", ContentType("application/json", "json")),
    ],
)
def test_content_types(header: str, expected: ContentType) -> None:
    """Two names for protobuf, any case, any parameters."""
    assert parse_content_type(header) == expected


@pytest.mark.parametrize("header", ["", "text/json", "application/x-ndjson", "application/grpc"])
def test_other_content_types_are_refused(header: str) -> None:
    """Naming those that are spoken."""
    with pytest.raises(UnsupportedMedia, match="application/x-protobuf or application/json"):
        parse_content_type(header)
