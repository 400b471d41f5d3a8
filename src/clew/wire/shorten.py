"""A model call without what the call before it said: long conversations read in linear time.

Every call of an agent repeats the conversation so far. Where the contents of an earlier call stand
unchanged at the start of a list of messages, one message takes the place of them all, so that the
dialects read only what is new. `MARK` is what that message says.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from clew.span import Direction, Message, Span
from clew.wire.contents import SLOT
from clew.wire.packing import Framed, Packed, PackedSpan, build_span, open_document, taker

MARK: Final = "clew: as said before"
_MESSAGE: Final = f'{{"role":"user","content":"{MARK}"}}'
_MEMBERS: Final = f'{{"message.role":"user","message.content":"{MARK}"}}'
_SEPARATOR: Final = re.compile(r"\s*,\s*")
_FEWEST: Final = 2
"""One message in place of one is nothing gained."""

Text = Callable[[str], str]
"""The text of a content, by its hash."""


class Sheet(NamedTuple):
    """A stored span: its document, and the hashes of its contents by direction, in order."""

    packed: PackedSpan
    hashes: dict[Direction, list[str]]


class _Attribute(NamedTuple):
    framed: Framed
    hashes: list[str]


def open_sheet(document: bytes, hashes: dict[Direction, list[str]]) -> Sheet:
    """A stored span, as it can be shortened and built."""
    return Sheet(open_document(document), hashes)


def build(sheet: Sheet, text: Text) -> Span:
    """The whole span."""
    return build_span(sheet.packed, taker({way: map(text, h) for way, h in sheet.hashes.items()}))


def history(sheet: Sheet, text: Text) -> list[str]:
    """The hashes of the first list of messages that the call was given."""
    for _, members in itertools.groupby(_attributes(sheet), key=_stem):
        group = list(members)
        hashes = [digest for attribute in group for digest in attribute.hashes]
        if group[0].framed.direction == "input" and hashes and _speaks(hashes[0], text):
            return hashes
    return []


def shorten(sheet: Sheet, before: Sheet, text: Text) -> Span | None:
    """The span with `MARK` in place of all that `before` said; None if it doesn't go on from there,
    or tells what was said in events.

    Attributes that are the same in both, save for lists of messages, are left out.
    """
    if any(event.attributes.framed for event in sheet.packed.events):
        return None
    earlier = {attribute.framed.key: attribute for attribute in _attributes(before)}
    own = _attributes(sheet)
    kept: list[tuple[Framed, list[str]]] = []
    marked = False
    for stem, members in itertools.groupby(own, key=_stem):
        group = sorted(members, key=_place)
        shortened = _shorten_group(stem, group, earlier, text)
        marked |= shortened is not None
        kept += shortened if shortened is not None else _changed(group, earlier, text)
    if not marked:
        return None
    return _built(sheet, kept)


def is_mark(message: Message) -> bool:
    """Whether a message stands for what was said before."""
    return len(message.parts) == 1 and message.parts[0].text == MARK


def _attributes(sheet: Sheet) -> list[_Attribute]:
    """The span's own attributes with their contents; events have theirs behind them."""
    waiting = {way: iter(hashes) for way, hashes in sheet.hashes.items()}
    return [
        _Attribute(framed, list(itertools.islice(waiting[framed.direction], framed.count)))
        for framed in sheet.packed.attributes.framed
    ]


def _stem(attribute: _Attribute) -> str:
    """`llm.input_messages` of `llm.input_messages.3`: the elements of one list."""
    framed = attribute.framed
    return framed.key.rpartition(".")[0] if framed.form == "group" else framed.key


def _place(attribute: _Attribute) -> int:
    """Of an element of a list its number in it."""
    framed = attribute.framed
    return int(framed.key.rpartition(".")[2]) if framed.form == "group" else 0


def _shorten_group(
    stem: str, group: Sequence[_Attribute], earlier: dict[str, _Attribute], text: Text
) -> list[tuple[Framed, list[str]]] | None:
    first = group[0].framed
    if first.direction != "input":
        return None
    if first.form != "group":
        before = earlier.get(stem)
        return before and _shorten_list(group[0], before, text)
    count = sum(1 for key in earlier if key.rpartition(".")[0] == stem)
    shared = [a for a, _ in zip(group, range(count), strict=False) if _same(a, earlier)]
    if count < _FEWEST or len(shared) < count or not _speaks(group[0].hashes[0], text):
        return None
    mark = _MEMBERS if '"message.' in text(group[0].hashes[0]) else _MESSAGE
    rest = [[text(digest) for digest in attribute.hashes] for attribute in group[count:]]
    # Readers count the elements from 0 on, and stop where one is missing.
    return [
        (msgspec.structs.replace(first, key=f"{stem}.{number}"), said)
        for number, said in enumerate([[mark], *rest])
    ]


def _shorten_list(
    attribute: _Attribute, before: _Attribute, text: Text
) -> list[tuple[Framed, list[str]]] | None:
    """A payload with one list of messages, the first of which are all those of `before`."""
    count = before.framed.count
    if count < _FEWEST or attribute.hashes[:count] != before.hashes:
        return None
    gaps = attribute.framed.frame.split(SLOT)
    earlier = before.framed.frame.split(SLOT)
    inner = {*gaps[1:-1], *earlier[1:-1]}
    plain = len(inner) == 1 and _SEPARATOR.fullmatch(next(iter(inner)))
    if not plain or gaps[0] != earlier[0] or not _speaks(attribute.hashes[0], text):
        return None
    rest = attribute.hashes[count:]
    frame = SLOT.join([gaps[0], *gaps[count:]])
    short = msgspec.structs.replace(attribute.framed, frame=frame, count=1 + len(rest))
    return [(short, [_MESSAGE, *map(text, rest)])]


def _speaks(digest: str, text: Text) -> bool:
    """Whether a content is a message and not a tool, say."""
    said = text(digest)
    return said[:1] == "{" and ('role"' in said or '"lc"' in said)


def _same(attribute: _Attribute, earlier: dict[str, _Attribute]) -> bool:
    return earlier.get(attribute.framed.key) == attribute


def _changed(
    group: Sequence[_Attribute], earlier: dict[str, _Attribute], text: Text
) -> Iterator[tuple[Framed, list[str]]]:
    for attribute in group:
        if attribute.framed.direction != "input" or not _same(attribute, earlier):
            yield attribute.framed, [text(digest) for digest in attribute.hashes]


def _built(sheet: Sheet, kept: Sequence[tuple[Framed, list[str]]]) -> Span:
    """The span of these attributes."""
    packed = Packed(sheet.packed.attributes.kept, [framed for framed, _ in kept])
    texts: dict[Direction, Iterator[str]] = {
        way: iter([said for framed, held in kept if framed.direction == way for said in held])
        for way in sheet.hashes
    }
    short = msgspec.structs.replace(sheet.packed, attributes=packed)
    return build_span(short, taker(texts))
