"""What a span says before any value is read: the names of its attributes and events, and its scope.

A program sends spans of a few shapes for ever. So whatever follows from names alone (which dialects
a span speaks, which of a dialect's names it has) is found out once for each shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Pairs: TypeAlias = "tuple[tuple[str, str], ...]"
"""Names of attributes with the fields that they fill."""

SHAPES = 2_000
"""Shapes that are remembered; one of a hundred names takes about 12 kB."""
SHAPE_NAMES = 200
"""A span of more names has an indexed list, longer every time: its shape hardly comes again."""


class Shape:
    """The shape of a span; immutable but for what it remembers.

    The tables given to `of` and `sent` must be constants of a module: they are known again by
    identity.
    """

    __slots__ = ("_joined", "_pairs", "_signs", "_under", "events", "names", "scope")

    def __init__(self, scope: str, names: tuple[str, ...], events: tuple[str, ...]) -> None:
        self.scope = scope
        self.names = names
        self.events = events
        self._joined = "\n".join(names)
        # With the table itself, so that no other one can come to have its id.
        self._pairs: dict[int, tuple[object, Pairs]] = {}
        self._signs: dict[int, tuple[object, bool]] = {}
        self._under: dict[str, Pairs] = {}

    def of(self, table: Pairs) -> Pairs:
        """The pairs of `table` whose names are there, in the order of the table."""
        known = self._pairs.get(id(table))
        if known is None:
            names = frozenset(self.names)
            told = tuple([pair for pair in table if pair[0] in names])
            known = self._pairs[id(table)] = table, told
        return known[1]

    def sent(self, table: Mapping[str, str]) -> Pairs:
        """The pairs of `table` whose names are there, in the order in which they were sent."""
        known = self._pairs.get(id(table))
        if known is None:
            told = tuple([(name, table[name]) for name in self.names if name in table])
            known = self._pairs[id(table)] = table, told
        return known[1]

    def under(self, prefix: str) -> Pairs:
        """The names under a prefix that ends in a dot, and what they are without it."""
        known = self._under.get(prefix)
        if known is None:
            start = len(prefix)
            names = self.names if self.speaks(prefix) else ()
            told = tuple([(name, name[start:]) for name in names if name.startswith(prefix)])
            known = self._under[prefix] = told
        return known

    def has(self, signs: frozenset[str]) -> bool:
        """Whether one of the names is among `signs`."""
        known = self._signs.get(id(signs))
        if known is None:
            known = self._signs[id(signs)] = signs, not signs.isdisjoint(self.names)
        return known[1]

    def tells(self, content: frozenset[str]) -> bool:
        """Whether `content` has the name of an attribute or an event, or how one of an attribute
        begins: that ends in a dot."""
        return (
            not content.isdisjoint(self.names)
            or not content.isdisjoint(self.events)
            or any(name.endswith(".") and self.speaks(name) for name in content)
        )

    def speaks(self, prefix: str) -> bool:
        """Whether a name has this prefix. One search through all names joined is five times faster
        than asking each; a rare match in the middle of a name does no harm."""
        return prefix in self._joined
