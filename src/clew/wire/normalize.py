"""Spans as received → facts, conversations and scores: every dialect that a span speaks, merged.

    span ─► the DIALECTS that match, in order ─► first to say a field wins ─► Facts

The order is the precedence: what a vendor says explicitly, the current GenAI conventions,
OpenInference, the older GenAI names, what a framework says, and at last what names suggest. A new
dialect is a file beside the others and a line here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import msgspec

from clew import conventions as c
from clew.span import Conversation, Cost, Facts, Usage
from clew.wire import previews
from clew.wire.dialects import (
    clew,
    crewai,
    dspy,
    genai,
    genai_legacy,
    generic,
    google_adk,
    langchain,
    langfuse,
    langsmith,
    llama_index,
    logfire,
    openai_agents,
    openinference,
    smolagents,
    strands,
    traceloop,
    vercel_ai,
)
from clew.wire.dialects.dialect import no_scores
from clew.wire.messages import recognised
from clew.wire.outcomes import outcome, says_error
from clew.wire.providers import (
    provider_and_framework,
    provider_of_host,
    provider_of_model,
)
from clew.wire.shape import SHAPE_NAMES, SHAPES, Shape
from clew.wire.values import record, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clew.score import Score
    from clew.span import Attributes, Kind, Log, Message, Span
    from clew.wire.dialects.dialect import Dialect, Found

DIALECTS: Final[tuple[Dialect, ...]] = (
    clew.DIALECT,
    langfuse.DIALECT,
    vercel_ai.DIALECT,
    logfire.DIALECT,
    openai_agents.DIALECT,
    crewai.DIALECT,
    smolagents.DIALECT,
    dspy.DIALECT,
    llama_index.DIALECT,
    strands.DIALECT,
    langchain.DIALECT,
    langsmith.DIALECT,
    openinference.KIND,
    traceloop.KIND,
    genai.DIALECT,
    google_adk.DIALECT,
    openinference.DIALECT,
    genai_legacy.DIALECT,
    traceloop.DIALECT,
    generic.DIALECT,
)

_JUDGES = tuple(dialect.scores for dialect in DIALECTS if dialect.scores is not no_scores)
_MERGED_BY_KEY = frozenset({"usage", "cost", "metadata", "model_parameters", "prompt_variables"})
_NO_RULES: dict[str, str] = {}
_COLLECTED = _MERGED_BY_KEY | {"tags"}
_MODEL_CALLS: frozenset[Kind] = frozenset({"llm", "embedding", "rerank"})
_OPERATION_WORDS = frozenset(
    {
        "chat",
        "generate_content",
        "text_completion",
        "embeddings",
        "retrieval",
        "rerank",
        "plan",
        "execute_tool",
        "invoke_agent",
        "create_agent",
        "invoke_workflow",
        "execute_task",
        "vector_db_retrieve",
        "tools/call",
    }
)
_SUFFIXES = (".workflow", ".task", ".agent", ".tool", ".handoff", ".mcp")
_UUID_SUFFIX = re.compile(r"[-_ ]?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
_TRANSFER = re.compile(r"(?:transfer|handoff|hand_off)_(?:back_)?to_(.+)", re.IGNORECASE)
_HOST_NAMES = (c.SERVER_ADDRESS, c.GEN_AI_OPENAI_API_BASE, c.URL_FULL)


class Speech(NamedTuple):
    """The dialects that spans of a shape speak, in order, and their names with versions."""

    shape: Shape
    dialects: tuple[Dialect, ...]
    labels: list[str]
    showing: tuple[Dialect, ...]
    """Those of the dialects that can have something to show in previews."""


def speech(shape: Shape) -> Speech:
    """What spans of `shape` speak."""
    spoken = tuple([dialect for dialect in DIALECTS if dialect.matches(shape)])
    labels = dict.fromkeys([f"{dialect.name}@{dialect.version}" for dialect in spoken])
    return Speech(shape, spoken, list(labels), tuple([d for d in spoken if shape.tells(d.content)]))


_Key: TypeAlias = "tuple[str, tuple[str, ...], tuple[str, ...]]"
_speeches: dict[_Key, Speech] = {}


def speech_of(span: Span) -> Speech:
    """What `span` speaks, remembered by its shape."""
    names = tuple(span.attributes)
    events = tuple([event.name for event in span.events]) if span.events else ()
    key = span.scope.name, names, events
    known = _speeches.get(key)
    if known is None:
        known = speech(Shape(*key))
        if len(names) + len(events) <= SHAPE_NAMES:
            if len(_speeches) >= SHAPES:
                _speeches.clear()
            _speeches[key] = known
    return known


def normalize(span: Span) -> Facts:
    """What the dialects understand of a span. Never raises for what the span says."""
    return understand(span, speech_of(span))


def understand(span: Span, told: Speech) -> Facts:
    """The facts of a span that speaks like this."""
    shape, spoken, labels, showing = told
    found: Found = {}
    rules: dict[str, str] = {}
    for dialect in spoken:
        more = dialect.facts(span, shape)
        for ruled, attribute in more.pop("rules", _NO_RULES).items():
            if ruled not in rules:
                rules[ruled] = f"{dialect.name}: {attribute}"
        if more:
            found = _merged(found, more)
    _settle_provider(span, found, rules)
    kind: Kind = found.get("kind", "other")
    found["usage"] = _usage(found.get("usage"), kind)
    found["cost"] = _cost(found.get("cost"))
    found["rules"] = rules
    found["dialects"] = labels.copy()
    found["display_name"] = found.get("display_name") or display_name(span.name, kind)
    facts = Facts(**found)
    _settle_tool(span, facts)
    refused = _settle_previews(span, facts, showing)
    _settle_errors(span, facts, refused=refused)
    return facts


def normalize_with_logs(span: Span, logs: Sequence[Log]) -> Facts:
    """The facts of a span whose content came as log records: instrumentations that keep messages
    off the span tell them, and sometimes the usage, in events of the Logs signal."""
    told: Attributes = {}
    for log in logs:
        if c.GEN_AI_EVENT_DETAILS in (log.event_name, log.attributes.get(c.EVENT_NAME)):
            told.update(log.attributes)
    told.pop(c.EVENT_NAME, None)
    facts = normalize(msgspec.structs.replace(span, attributes={**told, **span.attributes}))
    if not (facts.input_preview and facts.output_preview):
        said = conversation(span, logs)
        facts.input_preview = facts.input_preview or previews.of_conversation(said.messages_in)
        facts.output_preview = facts.output_preview or previews.of_messages(said.messages_out)
    return facts


def conversation(span: Span, logs: Sequence[Log] = ()) -> Conversation:
    """The canonical messages of a span, out of its attributes, events and log records (`logs`).

    System messages stand apart from the rest. Where only `input` or `output` was sent and that is
    a conversation itself, it becomes the messages.
    """
    built = Conversation()
    for dialect in DIALECTS if logs else speech_of(span).dialects:
        more = dialect.conversation(span, logs)
        if more is not None:
            _fill(built, more)
    _recognise(built)
    _raise_system(built)
    _mark_truncated(built, span.truncated)
    return built


def scores(source: Span | Log) -> list[Score]:
    """Judgements that a span or a log record carries."""
    return [score for judge in _JUDGES for score in judge(source)]


@lru_cache(maxsize=8192)
def display_name(name: str, kind: Kind) -> str:
    """The name without what its kind already says: `execute_tool refund` is shown as `refund`,
    `plan_step.task` as `plan_step`, `Agent.run-<uuid>` as `Agent.run`."""
    shown = _UUID_SUFFIX.sub("", name)
    first, _, rest = shown.partition(" ")
    if rest and kind != "other" and first in _OPERATION_WORDS:
        shown = rest
    if kind != "other":
        for suffix in _SUFFIXES:
            shown = shown.removesuffix(suffix)
    return shown or name


def _merged(found: Found, more: Found) -> Found:
    """What was found with what is new in `more`, field by field; mappings key by key, tags all
    together."""
    if not found:
        return more
    both = {**more, **found}
    if not _COLLECTED.isdisjoint(more):
        for field in _COLLECTED & found.keys() & more.keys():
            first, then = found[field], more[field]
            if field == "tags":
                both[field] = list(dict.fromkeys([*first, *then]))
            else:
                both[field] = {**then, **first}
    return both


def _settle_provider(span: Span, found: Found, rules: dict[str, str]) -> None:
    """Tell provider and framework apart, and infer the provider of a model call from the host that
    was called or from the model."""
    provider, framework = provider_and_framework(found.get("provider", ""))
    if framework:
        found.setdefault("framework", framework)
    model = found.get("response_model") or found.get("request_model")
    if not provider and model:
        for name in _HOST_NAMES:
            host = span.attributes.get(name)
            if isinstance(host, str) and (provider := provider_of_host(host)):
                rules["provider"] = f"host: {name}"
                break
        else:
            provider = provider_of_model(model)
            if provider:
                rules["provider"] = "name: model"
    found["provider"] = provider


def _usage(tokens: dict[str, Any] | None, kind: Kind) -> Usage | None:
    """Usage with input that includes cached tokens. Where the cached ones are more than the input,
    the sender meant them apart."""
    if not tokens:
        return None
    if kind not in _MODEL_CALLS:
        tokens["scope"] = "aggregate"
    cached = tokens.get("cache_read_tokens", 0) + tokens.get("cache_write_tokens", 0)
    given = tokens.get("input_tokens")
    if given is not None and cached > given:
        tokens["input_tokens"] = given + cached
        total, answered = tokens.get("total_tokens"), tokens.get("output_tokens", 0)
        if total == given + answered:
            tokens["total_tokens"] = total + cached
    return Usage(**tokens)


def _cost(money: dict[str, Any] | None) -> Cost | None:
    if not money:
        return None
    if "total_usd" not in money and "input_usd" in money and "output_usd" in money:
        money["total_usd"] = money["input_usd"] + money["output_usd"]
    return Cost(**money)


def _settle_tool(span: Span, facts: Facts) -> None:
    if facts.kind not in ("tool", "mcp"):
        return
    for name in (c.GEN_AI_TOOL_CALL_RESULT, c.OUTPUT_VALUE, c.TRACELOOP_ENTITY_OUTPUT):
        if says_error(span.attributes.get(name)):
            facts.tool_is_error = True
    transfer = _TRANSFER.fullmatch(facts.tool_name)
    if transfer and not facts.handoff_to:
        facts.handoff_to = _named_agent(span) if transfer[1] == "agent" else transfer[1]
        facts.handoff_from = facts.handoff_from or facts.agent_name


def _named_agent(span: Span) -> str:
    """Who `transfer_to_agent` is called with."""
    for name in (c.GEN_AI_TOOL_CALL_ARGUMENTS, c.GCP_VERTEX_TOOL_CALL_ARGS, c.INPUT_VALUE):
        given = record(span.attributes.get(name))
        if given:
            return text(given.get("agent_name"))
    return ""


def _settle_previews(span: Span, facts: Facts, showing: Iterable[Dialect]) -> bool:
    """Fill both previews from the first dialects that have them; True where the model refused."""
    said = heard = ""
    refused = False
    for dialect in showing:
        preview = dialect.previews(span, facts.kind)
        said = said or preview.input
        if not heard:
            heard, refused = preview.output, preview.refused
        if said and heard:
            break
    facts.input_preview, facts.output_preview = said, heard
    return refused and heard != ""


def _settle_errors(span: Span, facts: Facts, *, refused: bool) -> None:
    facts.outcome = outcome(span, facts, refused=refused)  # pyright: ignore[reportAttributeAccessIssue]
    if span.status == "error":
        facts.error_message = facts.error_message or span.status_message
    elif facts.tool_is_error and not facts.error_message:
        facts.error_message = facts.output_preview
    if facts.outcome == "error" and facts.tool_is_error and not facts.error_type:
        facts.error_type = "tool_error"


def _fill(built: Conversation, more: Conversation) -> None:
    """Take from `more` what is still missing. System text goes with the messages it came with."""
    if not built.messages_in and not built.system:
        built.messages_in, built.system = more.messages_in, more.system
    elif not built.messages_in and more.messages_in:
        built.messages_in = [m for m in more.messages_in if m.role not in ("system", "developer")]
    built.messages_out = built.messages_out or more.messages_out
    built.tools = built.tools or more.tools
    built.documents = built.documents or more.documents
    if built.input is None:
        built.input = more.input
    if built.output is None:
        built.output = more.output


def _recognise(built: Conversation) -> None:
    if not built.messages_in and (said := recognised(built.input, source="input")):
        built.messages_in, built.input = said, None
    if not built.messages_out and (
        heard := recognised(built.output, source="output", role="assistant")
    ):
        built.messages_out, built.output = heard, None


def _raise_system(built: Conversation) -> None:
    """Move the system messages that open the conversation to where separate ones are."""
    opening = 0
    for message in built.messages_in:
        if message.role not in ("system", "developer"):
            break
        opening += 1
    raised = built.messages_in[:opening]
    built.messages_in = built.messages_in[opening:]
    told = [message.parts for message in built.system]
    built.system = built.system + [message for message in raised if message.parts not in told]


def _mark_truncated(built: Conversation, truncated: dict[str, int]) -> None:
    """Mark the last message of each attribute that was cut when it was received."""
    if not truncated:
        return
    last: dict[str, Message] = {}
    for message in (*built.system, *built.messages_in, *built.messages_out):
        last[message.source] = message
    for source, message in last.items():
        if source and any(name.startswith(source) for name in truncated):
            message.truncated = True
