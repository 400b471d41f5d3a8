"""The body of an export: its encoding, and its bytes once decompressed, never more than allowed."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

import zstandard

from clew.errors import BadInput, TooLarge, UnsupportedMedia

if TYPE_CHECKING:
    from collections.abc import Callable

    from clew.wire.otlp import Encoding

    Inflate = Callable[[bytes, int], tuple[bytes, bytes]]

_MEDIA_TYPES: dict[str, Encoding] = {
    "application/x-protobuf": "protobuf",
    "application/protobuf": "protobuf",
    "application/json": "json",
}
_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15
"""zlib's `wbits`."""
_TOO_EARLY = "it ends too early"
_MAX_PARTS = 100
"""Senders make one. Each costs a copy of the rest."""
_ZSTD_WINDOW_BYTES = 8 << 20
"""RFC 8878, 3.1.1.1.2: what a decoder should support, and may refuse beyond."""
_ZSTD_STEP_BYTES = 1024
"""Zstandard gives back all that its input holds. A block takes 4 bytes at least and 128 KiB at
most, so with this much input no more than 32 MiB come at once."""


class ContentType(NamedTuple):
    """The media type as the sender wrote it, without parameters, for the answer to repeat."""

    media_type: str
    encoding: Encoding


def parse_content_type(header: str) -> ContentType:
    """The encoding that a Content-Type stands for; UnsupportedMedia if it isn't one of OTLP's."""
    media_type = header.partition(";")[0].strip().lower()
    encoding = _MEDIA_TYPES.get(media_type)
    if encoding is None:
        message = (
            f"content type {media_type or 'missing'}: send application/x-protobuf or "
            "application/json"
        )
        raise UnsupportedMedia(message)
    return ContentType(media_type, encoding)


def decompress(body: bytes, content_encoding: str, limit: int) -> bytes:
    """`body` without its Content-Encoding: none, identity, gzip, deflate or zstd.

    Raises UnsupportedMedia for another, BadInput for a corrupt body, and TooLarge as soon as
    more than `limit` bytes come out.
    """
    name = content_encoding.strip().lower()
    if name in ("", "identity", "none"):
        return _within(body, limit)
    inflate = _DECODERS.get(name)
    if inflate is None:
        message = f"content encoding {name}: send gzip, deflate, zstd or none"
        raise UnsupportedMedia(message)
    try:
        return _inflate_parts(inflate, body, limit)
    except (zlib.error, zstandard.ZstdError) as exc:
        message = f"the body is not valid {name}: {exc}"
        raise BadInput(message) from exc


def _inflate_parts(inflate: Inflate, body: bytes, limit: int) -> bytes:
    """The members of a gzip body, the frames of a zstd body, one after another."""
    inflated = b""
    for _ in range(_MAX_PARTS):
        if not body:
            return inflated
        part, body = inflate(body, limit - len(inflated))
        inflated = _within(inflated + part, limit)
    message = f"the body has more than {_MAX_PARTS} compressed parts: send one"
    raise BadInput(message)


def _within(content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        message = f"the body is over {limit} bytes: send smaller batches"
        raise TooLarge(message)
    return content


def _gunzip(body: bytes, limit: int) -> tuple[bytes, bytes]:
    content, rest = _inflate(body, _GZIP, limit)
    return content, rest.lstrip(b"\0")


def _inflate_deflate(body: bytes, limit: int) -> tuple[bytes, bytes]:
    """Deflate in its zlib wrapper, as HTTP means it, or bare, as some senders understood it."""
    wrapped = (
        len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and not (body[0] << 8 | body[1]) % 31
    )
    return _inflate(body, _ZLIB if wrapped else _RAW_DEFLATE, limit)[0], b""


def _inflate(body: bytes, wbits: int, limit: int) -> tuple[bytes, bytes]:
    """What `body` holds, up to one byte beyond the limit, and the bytes behind it."""
    stream = zlib.decompressobj(wbits)
    content = stream.decompress(body, limit + 1)
    if not stream.eof and len(content) <= limit:
        raise zlib.error(_TOO_EARLY)
    return content, stream.unused_data


def _inflate_zstd(body: bytes, limit: int) -> tuple[bytes, bytes]:
    stream = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES).decompressobj()
    content = bytearray()
    for at in range(0, len(body), _ZSTD_STEP_BYTES):
        content += stream.decompress(body[at : at + _ZSTD_STEP_BYTES])
        if stream.eof or len(content) > limit:
            return bytes(content), stream.unused_data + body[at + _ZSTD_STEP_BYTES :]
    raise zstandard.ZstdError(_TOO_EARLY)


_DECODERS: dict[str, Inflate] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate_deflate,
    "zstd": _inflate_zstd,
}
