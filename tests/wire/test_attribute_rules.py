"""A small file says what foreign attributes mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import make
from clew.errors import StartupError
from clew.prepare import Preparer
from clew.span import Scope, Span
from clew.wire.attribute_rules import AttributeRules, read_rules

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
[rename]
"acme.model" = "gen_ai.request.model"
"acme.tokens.in" = "gen_ai.usage.input_tokens"

[[rule]]
scope = "acme.*"
rename = { "acme.step" = "clew.kind" }
set = { "clew.framework" = "acme" }
"""


def rules(folder: Path, text: str = RULES) -> AttributeRules:
    """The rules in a file of this text."""
    path = folder / "attributes.toml"
    path.write_text(text)
    return read_rules(path)


def foreign(scope: str = "acme.agents", **attributes: Any) -> Span:
    """A span of that library."""
    return msgspec.structs.replace(make.span("work", **attributes), scope=Scope(name=scope))


def test_a_span_is_understood_by_the_rules(tmp_path: Path) -> None:
    """Renamed attributes and set ones, in the span's facts."""
    span = foreign(acme__model="gpt-5", acme__tokens__in="7", acme__step="llm")
    facts = Preparer(rules=rules(tmp_path)).understand(span)
    assert (facts.kind, facts.request_model, facts.framework) == ("llm", "gpt-5", "acme")
    assert facts.usage is not None
    assert facts.usage.input_tokens == 7


def test_rules_of_a_scope_hold_there_alone(tmp_path: Path) -> None:
    """Those without one hold everywhere."""
    facts = Preparer(rules=rules(tmp_path)).understand(
        foreign("other", acme__model="gpt-5", acme__step="llm")
    )
    assert (facts.request_model, facts.kind, facts.framework) == ("gpt-5", "other", "")


def test_what_the_sender_says_stands_above_a_rule(tmp_path: Path) -> None:
    """Also above what a rule sets."""
    span = foreign(acme__model="a", gen_ai__request__model="b", clew__framework="own")
    facts = Preparer(rules=rules(tmp_path)).understand(span)
    assert (facts.request_model, facts.framework) == ("b", "own")


def test_a_span_without_a_rule_is_left_as_it_is(tmp_path: Path) -> None:
    """The very same."""
    span = foreign("other", x=1)
    assert rules(tmp_path).apply(span) is span


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[rename]\n"a" 1', "is not TOML.*line 2"),
        ("[renames]\na = 1", "unknown field `renames`"),
        ('[[rule]]\nrename = { "a" = "clew.kind" }', "missing required field `scope`"),
        ('[rename]\n"a" = 1', "Expected `str`, got `int`"),
        ('[rename]\n"a" = "gen_ai.requst.model"', "'gen_ai.request.model'?"),
        ('[rename]\n"a" = "zzz"', "such as"),
        ('[[rule]]\nscope = "*"\nset = { "clew.knd" = "llm" }', "'clew.kind'?"),
    ],
)
def test_a_wrong_file_is_refused_with_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    """Which file, what is wrong, and what would do."""
    with pytest.raises(StartupError, match=said) as refused:
        rules(tmp_path, text)
    assert "attributes.toml" in refused.value.message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """It was asked for by name."""
    with pytest.raises(StartupError, match="can't be read: no such file"):
        read_rules(tmp_path / "no.toml")
