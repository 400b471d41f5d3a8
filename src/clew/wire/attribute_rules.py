"""The operator's word on what foreign attributes mean: a small file, in place of a dialect.

    [rename]
    "acme.model" = "gen_ai.request.model"

    [[rule]]
    scope = "acme.*"
    rename = { "acme.step" = "clew.kind" }
    set = { "clew.framework" = "acme" }

A name that a span has already is left as it is: what a sender says outright stands above a rule.
What is stored stays what was sent; rules change how it is understood.
"""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from clew.errors import StartupError
from clew.span import Attributes, Span
from clew.wire.unknown import READ, is_read

if TYPE_CHECKING:
    from pathlib import Path

SCOPES: Final = 2_000
"""Scopes whose rules are remembered."""

Name = Annotated[str, msgspec.Meta(min_length=1)]
Plain = str | int | float | bool | list[str]


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scope: Name
    rename: dict[Name, Name] = {}
    set: dict[Name, Plain] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rename: dict[Name, Name] = {}
    rule: list[_Rule] = []


class AttributeRules:
    """Rules by scope; without any, spans are left as they are."""

    def __init__(self, rules: list[_Rule] | None = None) -> None:
        self._rules = rules or []
        self._known: dict[str, tuple[dict[str, str], Attributes]] = {}

    @classmethod
    def of(cls, rename: dict[str, str]) -> AttributeRules:
        """Rules for every scope: our name by theirs."""
        return cls([_Rule("*", rename)])

    def __bool__(self) -> bool:
        """Whether there is a rule at all."""
        return bool(self._rules)

    def apply(self, span: Span) -> Span:
        """`span` as it is to be understood: under our names what the rules name."""
        renames, values = self._of(span.scope.name)
        sent = span.attributes
        named = {name: ours for name, ours in renames.items() if name in sent and ours not in sent}
        if not named and not values:
            return span
        meant: Attributes = {name: value for name, value in sent.items() if name not in named}
        for name, ours in named.items():
            meant.setdefault(ours, sent[name])
        return msgspec.structs.replace(span, attributes={**values, **meant})

    def _of(self, scope: str) -> tuple[dict[str, str], Attributes]:
        known = self._known.get(scope)
        if known is None:
            renames: dict[str, str] = {}
            values: Attributes = {}
            for rule in self._rules:
                if fnmatchcase(scope, rule.scope):
                    renames |= rule.rename
                    values |= rule.set  # type: ignore[arg-type] - a Value each
            if len(self._known) >= SCOPES:
                self._known.clear()
            known = self._known[scope] = renames, values
        return known


def read_rules(path: Path) -> AttributeRules:
    """The rules of a file. Raises StartupError: which file, where, and what would do."""
    try:
        said = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    except OSError as exc:
        raise _refusal(path, f"can't be read: {(exc.strerror or str(exc)).lower()}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise _refusal(path, f"is not TOML: {exc}") from exc
    except msgspec.ValidationError as exc:
        raise _refusal(path, f"is not a file of attribute rules: {exc}") from exc
    rules = [_Rule("*", said.rename), *said.rule] if said.rename else said.rule
    for rule in rules:
        for name in (*rule.rename.values(), *rule.set):
            _demand_read(path, name)
    return AttributeRules(rules)


def _demand_read(path: Path, name: str) -> None:
    if is_read(name):
        return
    close = get_close_matches(name, READ, n=1)
    meant = f": {close[0]!r}?" if close else ", such as 'gen_ai.request.model' or 'clew.kind'"
    raise _refusal(path, f"names {name!r}, which nothing reads; give a name that Clew reads{meant}")


def _refusal(path: Path, why: str) -> StartupError:
    return StartupError(f"{path} {why}")
