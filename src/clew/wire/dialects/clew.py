"""What Clew's own SDK says where no standard name exists: explicit, so it comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from clew import conventions as c
from clew.span import Conversation, Kind, Outcome
from clew.wire.dialects.dialect import Dialect, Found
from clew.wire.previews import Preview, fold, of_input, of_output
from clew.wire.values import count, decoded_json, named_texts, number, read_texts, text, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clew.span import Attributes, Log, Span, Value
    from clew.wire.shape import Shape

_PREFIX = "clew."
_KINDS = frozenset(get_args(Kind))
_OUTCOMES = frozenset(get_args(Outcome))
_TEXTS = (
    (c.CLEW_SESSION_ID, "session_id"),
    (c.CLEW_USER_ID, "user_id"),
    (c.CLEW_LEVEL, "level"),
    (c.CLEW_ENVIRONMENT, "environment"),
    (c.CLEW_RELEASE, "release"),
    (c.CLEW_FRAMEWORK, "framework"),
    (c.CLEW_AGENT_NAME, "agent_name"),
    (c.CLEW_WORKFLOW_NAME, "workflow_name"),
    (c.CLEW_PROMPT_NAME, "prompt_name"),
    (c.CLEW_PROMPT_VERSION, "prompt_version"),
    (c.CLEW_HANDOFF_FROM, "handoff_from"),
    (c.CLEW_HANDOFF_TO, "handoff_to"),
)
_COST = (
    (c.CLEW_COST_INPUT_USD, "input_usd"),
    (c.CLEW_COST_OUTPUT_USD, "output_usd"),
    (c.CLEW_COST_TOTAL_USD, "total_usd"),
)
_RULED = (("session_id", c.CLEW_SESSION_ID), ("prompt", c.CLEW_PROMPT_NAME))
_TIMES_MS = ((c.CLEW_TTFT_MS, "ttft_ns"), (c.CLEW_QUEUE_MS, "queue_ns"))
_CONTENT = frozenset({c.CLEW_INPUT, c.CLEW_OUTPUT})


def _matches(shape: Shape) -> bool:
    return shape.speaks(_PREFIX)


def _facts(span: Span, shape: Shape) -> Found:
    attributes = span.attributes
    found: Found = {}
    rules: dict[str, str] = {}
    read_texts(attributes, shape.of(_TEXTS), found)
    _read_words(attributes, shape, found, rules)
    _read_numbers(attributes, found, rules)
    rules |= {field: name for field, name in _RULED if name in attributes}
    if rules:
        found["rules"] = rules
    return found


def _previews(span: Span, kind: Kind) -> Preview:
    del kind
    return Preview(
        _preview(span.attributes, c.CLEW_INPUT, c.CLEW_INPUT_JSON, of_input),
        _preview(span.attributes, c.CLEW_OUTPUT, c.CLEW_OUTPUT_JSON, of_output),
    )


def _conversation(span: Span, logs: Sequence[Log]) -> Conversation | None:
    del logs
    return Conversation(
        input=_payload(span.attributes, c.CLEW_INPUT, c.CLEW_INPUT_JSON),
        output=_payload(span.attributes, c.CLEW_OUTPUT, c.CLEW_OUTPUT_JSON),
    )


def _read_words(attributes: Attributes, shape: Shape, found: Found, rules: dict[str, str]) -> None:
    kind = text(attributes.get(c.CLEW_KIND))
    if kind in _KINDS:
        found["kind"] = kind
        rules["kind"] = c.CLEW_KIND
    outcome = text(attributes.get(c.CLEW_OUTCOME))
    if outcome in _OUTCOMES:
        found["outcome"] = outcome
    if c.CLEW_TAGS in attributes:
        found["tags"] = texts(attributes[c.CLEW_TAGS])
    for prefix, field in (
        (c.CLEW_METADATA, "metadata"),
        (c.CLEW_PROMPT_VARIABLE, "prompt_variables"),
    ):
        held = named_texts(attributes, shape.under(prefix))
        if held:
            found[field] = held


def _read_numbers(attributes: Attributes, found: Found, rules: dict[str, str]) -> None:
    cost = {
        field: amount
        for name, field in _COST
        if (amount := number(attributes.get(name))) is not None
    }
    if cost:
        found["cost"] = {**cost, "source": "client"}
        rules["cost"] = next(name for name, _ in _COST if name in attributes)
    for name, field in _TIMES_MS:
        milliseconds = number(attributes.get(name))
        if milliseconds is not None and milliseconds >= 0:
            found[field] = int(milliseconds * 1e6)
    retries = count(attributes.get(c.CLEW_RETRIES))
    if retries is not None:
        found["retries"] = retries


def _payload(attributes: Attributes, name: str, json_name: str) -> Value:
    value = attributes.get(name)
    return decoded_json(value).value if attributes.get(json_name) else value


def _preview(
    attributes: Attributes, name: str, json_name: str, read: Callable[[Value], str]
) -> str:
    value = attributes.get(name)
    return read(value) if attributes.get(json_name) else fold(text(value))


DIALECT = Dialect("clew", 1, _matches, _facts, _previews, _conversation, content=_CONTENT)
