r"""Payload ⇄ references and contents, byte for byte.

An agent's every model call repeats the conversation so far. So a payload (the text of a message
list, of a tool's result, of a chain's input) is split into *contents*, each stored once a trace,
and a *frame* that holds what stood between them:

    [{"role":"user",…}, {"role":"assistant",…}]   →   "[\x01, \x01]" + two contents

A content is folded once more before it is stored: its words (`text`, indexed and shown as they
read, unescaped) apart from the JSON around them (`skeleton`). Base64 of any size becomes a
content of its own, decoded (`blob`).

Nothing here is lossy: `split` then `join`, and `fold` then `unfold`, give back the same text for
every text there is. What can't be taken apart exactly stays whole.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import NamedTuple

import msgspec
import xxhash

SLOT = "\x01"
"""Where a content stands in a frame. JSON has no unescaped control characters."""

ATOM_BYTES = 32
"""A smaller value isn't worth a reference of 16 bytes and stays in the frame."""

OBJECT_DEPTH = 3
"""Objects are opened this deep in search of lists; the elements of a list are never opened."""

BLOB_CHARS = 1024
"""Base64 text from this length on is decoded into a content of its own."""

DATA_URL_CHARS = 64
"""Likewise where a data URL says that it is base64."""

CONTENT_NAME = "clew-content:"
"""In front of a content's hash, where its bytes were left out."""


class Split(NamedTuple):
    """A payload taken apart: `frame` with one `SLOT` for each of `parts`, in order."""

    frame: str
    parts: list[bytes]


class Folded(NamedTuple):
    """A content as it is stored. `blobs` are the decoded base64 parts that it names by hash."""

    skeleton: str
    text: str
    blobs: list[Blob]


class Blob(NamedTuple):
    """Decoded base64: its bytes, their hash, and the media type if a data URL told it."""

    hash: bytes
    data: bytes
    mime: str


def content_hash(raw: bytes) -> bytes:
    """The 16 bytes that name a content: xxh3-128 of what the sender wrote."""
    return xxhash.xxh3_128_digest(raw)


# --- payload ⇄ frame and parts -----------------------------------------------------------------


def split(payload: str) -> Split:
    """`payload` taken apart at the elements of its lists; whole if it isn't such JSON."""
    raw = payload.encode()
    if raw[:1] in (b"[", b"{") and b"\x01" not in raw:
        parts: list[bytes] = []
        try:
            frame = _open(raw, 0, parts)
        except (ValueError, RecursionError):
            return Split(SLOT, [raw])
        if parts:
            return Split(frame, parts)
    return Split(SLOT, [raw])


def join(frame: str, parts: list[str]) -> str:
    """The payload that `split` took apart. Raises ValueError if the numbers of slots and parts
    differ."""
    gaps = frame.split(SLOT)
    if len(gaps) != len(parts) + 1:
        raise ValueError(f"a frame with {len(gaps) - 1} slots can't hold {len(parts)} parts")
    pieces = [gaps[0]]
    for part, gap in zip(parts, gaps[1:], strict=True):
        pieces.append(part)
        pieces.append(gap)
    return "".join(pieces)


_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _open(raw: bytes, depth: int, parts: list[bytes]) -> str:
    """The frame of the container `raw`; appends its contents to `parts`."""
    if raw[:1] == b"[":
        return _open_list(raw, parts)
    frame: list[str] = []
    position = 0
    for value in _OBJECT.decode(raw).values():
        child = bytes(value)
        start = _value_start(raw, child, position)
        frame.append(raw[position:start].decode())
        frame.append(_place(child, depth, parts))
        position = start + len(child)
    frame.append(raw[position:].decode())
    return "".join(frame)


def _open_list(raw: bytes, parts: list[bytes]) -> str:
    children = [bytes(value) for value in _LIST.decode(raw)]
    elements = sum([_is_element(child) for child in children])
    if not elements:
        return raw.decode()
    if elements == len(children):
        for separator in (b",", b", "):
            if raw == b"[" + separator.join(children) + b"]":
                parts.extend(children)
                return "[" + separator.decode().join(SLOT * len(children)) + "]"
    frame: list[str] = []
    position = 0
    for child in children:
        # Only brackets, commas and white space stand before it, so the first find is the right one.
        start = raw.index(child, position)
        frame.append(raw[position:start].decode())
        if _is_element(child):
            parts.append(child)
            frame.append(SLOT)
        else:
            frame.append(child.decode())
        position = start + len(child)
    frame.append(raw[position:].decode())
    return "".join(frame)


def _is_element(child: bytes) -> bool:
    """Whether an element of a list is a content: every object, and every longer value."""
    return child[:1] == b"{" or len(child) >= ATOM_BYTES


def _place(child: bytes, depth: int, parts: list[bytes]) -> str:
    """What stands for a value of an object: itself, a slot, or its own frame."""
    if len(child) < ATOM_BYTES and b"{" not in child:
        return child.decode()
    if child[:1] == b"[" or (child[:1] == b"{" and depth < OBJECT_DEPTH):
        before = len(parts)
        frame = _open(child, depth + 1, parts)
        if len(parts) > before:
            return frame
    parts.append(child)
    return SLOT


_COLON = re.compile(rb"\s*:\s*")


def _value_start(raw: bytes, child: bytes, position: int) -> int:
    """Where the value `child` starts behind the next key at or after `position`."""
    key = _STRING.search(raw, position)
    if key is None:
        raise ValueError("no key")
    colon = _COLON.match(raw, key.end())
    if colon is None or not raw.startswith(child, colon.end()):
        # A repeated key: the decoder kept only its last value.
        raise ValueError("keys and values don't pair up")
    return colon.end()


_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)

# --- content ⇄ skeleton and text ---------------------------------------------------------------

# What stands in a skeleton for a string that went to the text, by how the sender had written it.
_VERBATIM = "\x01"
_ESCAPED = "\x02"
_ASCII = "\x03"
_NESTED = "\x04"
_END = "\x05"
_BLOB = "\x06"
_BARE = "\x07"
_UNIT = "\x1f"
"""Between two strings of a text."""

_MARK_CHARS = "\x01\x02\x03\x04\x05\x06\x07\x1f"
_MARKS = re.compile(f"[{_MARK_CHARS}]")
_TOKEN = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"|(-?\d[\d.eE+\-]{2,})', re.DOTALL)
_NUMBER = re.compile(r"-?\d[\d.eE+\-]{2,}")
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_CLASSES = tuple(re.compile(found) for found in ("[A-Z]", "[a-z]", "[0-9]", "[+/]"))
_NESTING = 3

# Words of the wire shape, not of the conversation: a search for "content" shouldn't find all.
_STRUCTURAL = """
    role content contents parts part type text user assistant system tool developer model
    name id input output arguments args kwargs function tool_calls tool_call tool_call_id
    tool_call_response tool_use tool_result call_id result response reasoning refusal message
    messages message.role message.content finish_reason stop index parameters properties
    required object string number integer boolean array description mime_type media_type
    image_url source data audio function_call annotations is_error
    """.split()
_QUOTED = {word: f'"{word}"' for word in (*_STRUCTURAL, "")}


def fold(raw: str) -> Folded:
    """`raw` as a skeleton and the words in it. A text that isn't JSON has no skeleton."""
    blobs: list[Blob] = []
    if raw[:1] in ("{", "[", '"') and not _has_marks(raw):
        words: list[str] = []
        skeleton = _fold_json(raw, words, blobs, _NESTING)
        return Folded(skeleton, _UNIT.join(words), blobs)
    if (len(raw) >= BLOB_CHARS or raw.startswith("data:")) and not _has_marks(raw):
        replaced = _fold_blob(raw, blobs)
        if replaced is not None:
            return Folded(replaced, "", blobs)
    return Folded("", raw, blobs)


def unfold(skeleton: str, text: str, blobs: Mapping[bytes, bytes] | None = None) -> str:
    """What `fold` took apart. A base64 part whose bytes aren't in `blobs` (by hash) reads
    `clew-content:<hash>`, the name it is served by."""
    if not skeleton:
        return text
    return _Unfolder(skeleton, text.split(_UNIT), blobs).run()


def _has_marks(text: str) -> bool:
    # Eight looks for one character each are five times as fast as a search for a class of them.
    for mark in _MARK_CHARS:  # noqa: SIM110 - nor a generator, which costs as much as the search
        if mark in text:
            return True
    return False


def _fold_json(raw: str, words: list[str], blobs: list[Blob], nesting: int) -> str:
    """The skeleton of `raw`, whose words are appended. One pass of `split` instead of a call for
    each string: messages are folded whenever somebody says something new."""
    if "\\" not in raw:
        pieces = raw.split('"')
        if len(pieces) % 2:
            return _fold_plain(pieces, words, blobs)
    pieces = _TOKEN.split(raw)
    for at in range(1, len(pieces), 3):
        string, number = pieces[at], pieces[at + 1]
        if string is None:
            words.append(number)
            pieces[at], pieces[at + 1] = "", _BARE
            continue
        pieces[at + 1] = ""
        pieces[at] = _QUOTED.get(string) or _fold_string(string, words, blobs, nesting)
    return "".join(pieces)


def _fold_plain(pieces: list[str], words: list[str], blobs: list[Blob]) -> str:
    """Like `_fold_json` where nothing is escaped: every other one of `pieces` is a string."""
    numbered = _NUMBER.search(" ".join(pieces[::2])) is not None
    quoted = _QUOTED.get
    for at in range(1, len(pieces), 2):
        if numbered:
            pieces[at - 1] = _fold_numbers(pieces[at - 1], words)
        string = pieces[at]
        pieces[at] = quoted(string) or _fold_verbatim(string, words, blobs)
    if numbered:
        pieces[-1] = _fold_numbers(pieces[-1], words)
    return "".join(pieces)


def _fold_numbers(between: str, words: list[str]) -> str:
    words.extend(_NUMBER.findall(between))
    return _NUMBER.sub(_BARE, between)


def _fold_string(string: str, words: list[str], blobs: list[Blob], nesting: int) -> str:
    """The mark for the JSON string whose inside is `string`, which goes to `words`."""
    if "\\" not in string:
        return _fold_verbatim(string, words, blobs)
    style, decoded = _decode_string(string)
    if style == _VERBATIM or _MARKS.search(decoded):
        words.append(string)
        return _VERBATIM
    if nesting and decoded[:1] in ("{", "["):
        inner = _fold_json(decoded, words, blobs, nesting - 1)
        return f"{_NESTED}{style}{inner}{_END}"
    words.append(decoded)
    return style


def _fold_verbatim(string: str, words: list[str], blobs: list[Blob]) -> str:
    if len(string) >= BLOB_CHARS or string.startswith("data:"):
        replaced = _fold_blob(string, blobs)
        if replaced is not None:
            return f'"{replaced}"'
    words.append(string)
    return _VERBATIM


_TEXT = msgspec.json.Decoder(str)


def _decode_string(string: str) -> tuple[str, str]:
    """How `string` was escaped, and what it says; verbatim if escaping again differs."""
    try:
        decoded = _TEXT.decode(f'"{string}"')
    except ValueError:
        return _VERBATIM, string
    if encode_basestring(decoded)[1:-1] == string:
        return _ESCAPED, decoded
    if encode_basestring_ascii(decoded)[1:-1] == string:
        return _ASCII, decoded
    return _VERBATIM, string


def _fold_blob(string: str, blobs: list[Blob]) -> str | None:
    """`string` with its base64 replaced by a mark and the hash of the bytes; None if it isn't."""
    url = _DATA_URL.match(string)
    encoded = string[url.end() :] if url else string
    if len(encoded) < (DATA_URL_CHARS if url else BLOB_CHARS) or not _BASE64.fullmatch(encoded):
        return None
    # Long words of letters or hex aren't base64 of anything: a thousand random characters have
    # all four classes but once in 10^14.
    if url is None and not all(found.search(encoded) for found in _CLASSES):
        return None
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    if base64.b64encode(data).decode() != encoded:
        return None
    blob = Blob(content_hash(data), data, (url[1] or "") if url else "")
    blobs.append(blob)
    return f"{url[0] if url else ''}{_BLOB}{blob.hash.hex()}{_BLOB}"


class _Unfolder:
    """One pass over a skeleton, taking a word at every mark."""

    def __init__(
        self, skeleton: str, words: list[str], blobs: Mapping[bytes, bytes] | None
    ) -> None:
        self._skeleton = skeleton
        self._words = iter(words)
        self._blobs = blobs
        self._position = 0

    def run(self) -> str:
        """The text up to the end of the skeleton, or of the nested one."""
        out: list[str] = []
        skeleton = self._skeleton
        while (mark := _MARKS.search(skeleton, self._position)) is not None:
            out.append(skeleton[self._position : mark.start()])
            self._position = mark.end()
            if mark[0] == _END:
                return "".join(out)
            out.append(self._fill(mark[0]))
        out.append(skeleton[self._position :])
        self._position = len(skeleton)
        return "".join(out)

    def _fill(self, mark: str) -> str:
        if mark == _BARE:
            return next(self._words)
        if mark == _NESTED:
            style = self._skeleton[self._position]
            self._position += 1
            return _encode_string(self.run(), style)
        if mark == _BLOB:
            end = self._skeleton.index(_BLOB, self._position)
            digest = self._skeleton[self._position : end]
            self._position = end + 1
            return self._blob(digest)
        return _encode_string(next(self._words), mark)

    def _blob(self, digest: str) -> str:
        data = None if self._blobs is None else self._blobs.get(bytes.fromhex(digest))
        return f"{CONTENT_NAME}{digest}" if data is None else base64.b64encode(data).decode()


def _encode_string(string: str, style: str) -> str:
    if style == _ASCII:
        return encode_basestring_ascii(string)
    if style == _ESCAPED:
        return encode_basestring(string)
    return f'"{string}"'


# --- names of payloads -------------------------------------------------------------------------

_GROUP = re.compile(r"^([a-z_.]+?)\.(\d+)\.(.+)$")


def group_of(key: str) -> tuple[str, str] | None:
    """`("llm.input_messages.0", "message.role")` for an attribute of an indexed list, which
    some senders write instead of JSON; None for any other key."""
    found = _GROUP.match(key)
    return (f"{found[1]}.{found[2]}", found[3]) if found else None
