"""A dialogue of an agent with a user, simulated by a second model, as spans.

The run is the agent's: its model calls and tools stand directly under it. Each time the user speaks
is an invocation of a second agent, whose model calls are its own: what the simulation costs is
seen, and never mixed with what the agent costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Literal, TypeAlias

import msgspec

from clew import conventions as names
from clew.span import Attributes, Span
from clew.wire.imports import messages as made
from clew.wire.imports.messages import Message
from clew.wire.imports.models import Model
from clew.wire.imports.run import Run, span, span_id
from clew.wire.imports.times import SECOND_NS

Speaker = Literal["agent", "user"]


class Call(msgspec.Struct, kw_only=True, frozen=True):
    """A tool that a speaker asks for."""

    id: str
    name: str
    arguments: object


class Said(msgspec.Struct, kw_only=True, frozen=True):
    """A speaker's message: words for the other side, or tool calls, or both. `by_model` is False
    for a line that no model wrote; `attributes` are those of the model call (tokens, cost);
    `error` says why the call gave nothing that could be used."""

    speaker: Speaker
    text: str = ""
    reasoning: str = ""
    calls: list[Call] = []
    by_model: bool = True
    finish_reason: str = ""
    attributes: Attributes = {}
    error: str | None = None
    end_ns: int | None = None


class Answered(msgspec.Struct, kw_only=True, frozen=True):
    """What a tool answered to the speaker who had called it."""

    speaker: Speaker
    call_id: str
    name: str = ""
    content: object
    is_error: bool = False
    end_ns: int | None = None


Turn: TypeAlias = "Said | Answered"


class Party(msgspec.Struct, kw_only=True, frozen=True):
    """One side: its name, its model, the request's parameters, its instructions and its tools."""

    name: str
    model: Model
    parameters: Attributes = {}
    system: list[str] = []
    tools: list[dict[str, object]] = []


class Dialogue(msgspec.Struct, kw_only=True, frozen=True):
    """A whole run. `user` is None where no model plays the user; `attributes` are those of the
    run."""

    run: Run
    agent: Party
    user: Party | None
    turns: list[Turn]
    start_ns: int
    end_ns: int = 0
    attributes: Attributes = {}
    error: str | None = None
    error_type: str = "error"


class _Timed(msgspec.Struct, frozen=True):
    index: int
    turn: Turn
    start_ns: int
    end_ns: int


class _Side:
    """What one side has heard and said so far, as its model is shown it."""

    def __init__(self, speaker: Speaker, party: Party) -> None:
        self.speaker = speaker
        self.party = party
        self.heard: list[Message] = []
        self.calls: dict[str, Call] = {}

    def hear(self, turn: Turn) -> None:
        if isinstance(turn, Answered):
            if turn.speaker == self.speaker:
                answer = made.tool_response(turn.call_id, turn.content)
                self.heard.append(made.message("tool", [answer]))
        elif turn.speaker == self.speaker:
            self.heard.append(_message("assistant", turn))
            self.calls.update((call.id, call) for call in turn.calls)
        elif not turn.calls:
            # What stands beside a tool call goes to the tool: the other side never sees it.
            self.heard.append(_message("user", turn))


def spans(talk: Dialogue) -> Iterator[Span]:
    """The spans of a dialogue, parents before children."""
    timed = _timed(talk.turns, talk.start_ns)
    agent = _Side("agent", talk.agent)
    sides = [agent] + ([_Side("user", talk.user)] if talk.user else [])
    yield _root(talk, timed)
    for speaker, group in groupby(timed, key=lambda step: step.turn.speaker):
        steps = list(group)
        parent_id = span_id(talk.run, "root")
        side = next((side for side in sides if side.speaker == speaker), None)
        if side and side is not agent:
            invocation = _invocation(talk.run, side, steps, parent_id)
            parent_id = invocation.span_id
            yield invocation
        for step in steps:
            if side:
                yield from _step(talk.run, side, step, parent_id)
            for each in sides:
                each.hear(step.turn)


def _timed(turns: list[Turn], start_ns: int) -> list[_Timed]:
    """A turn lasts from the end of the one before it to its own time, or a second where the file
    gives none."""
    timed: list[_Timed] = []
    for index, turn in enumerate(turns):
        given = turn.end_ns if turn.end_ns is not None else start_ns + SECOND_NS
        end_ns = max(start_ns, given)
        timed.append(_Timed(index, turn, start_ns, end_ns))
        start_ns = end_ns
    return timed


def _root(talk: Dialogue, timed: list[_Timed]) -> Span:
    spoken = [
        turn for turn in talk.turns if isinstance(turn, Said) and turn.text and not turn.calls
    ]
    written = [i for i, turn in enumerate(spoken) if turn.speaker == "agent" and turn.by_model]
    last = written[-1] if written else len(spoken)
    heard = [_message(_role(turn), turn) for turn in spoken[:last]]
    answer = [_message("assistant", turn) for turn in spoken[last : last + 1]]
    attributes: Attributes = {
        names.GEN_AI_AGENT_NAME: talk.agent.name,
        names.GEN_AI_INPUT_MESSAGES: made.joined(heard) if heard else None,
        names.GEN_AI_OUTPUT_MESSAGES: made.joined(answer) if answer else None,
        **talk.attributes,
    }
    return span(
        talk.run,
        "root",
        "invoke_agent",
        talk.agent.name,
        start_ns=talk.start_ns,
        end_ns=max([talk.end_ns, *(step.end_ns for step in timed)]),
        attributes=attributes,
        error=talk.error,
        error_type=talk.error_type,
    )


def _invocation(of: Run, side: _Side, steps: list[_Timed], parent_id: str) -> Span:
    attributes: Attributes = {names.GEN_AI_AGENT_NAME: side.party.name}
    if side.heard:
        attributes[names.GEN_AI_INPUT_MESSAGES] = made.joined(side.heard[-1:])
    words = [step.turn for step in steps if isinstance(step.turn, Said)]
    if words:
        answer = _message("assistant", words[-1])
        attributes[names.GEN_AI_OUTPUT_MESSAGES] = made.joined([answer])
    return span(
        of,
        f"invocation {steps[0].index}",
        "invoke_agent",
        side.party.name,
        start_ns=steps[0].start_ns,
        end_ns=steps[-1].end_ns,
        parent_id=parent_id,
        attributes=attributes,
    )


def _step(of: Run, side: _Side, step: _Timed, parent_id: str) -> Iterator[Span]:
    if isinstance(step.turn, Answered):
        yield _tool_span(of, side, step, step.turn, parent_id)
    elif step.turn.by_model:
        yield _llm_span(of, side, step, step.turn, parent_id)


def _llm_span(of: Run, side: _Side, step: _Timed, said: Said, parent_id: str) -> Span:
    party = side.party
    output = _message("assistant", said)
    attributes: Attributes = {
        names.GEN_AI_AGENT_NAME: party.name,
        names.GEN_AI_PROVIDER_NAME: party.model.provider,
        names.GEN_AI_REQUEST_MODEL: party.model.name,
        names.GEN_AI_SYSTEM_INSTRUCTIONS: made.instructions(party.system) if party.system else None,
        names.GEN_AI_TOOL_DEFINITIONS: made.definitions(party.tools) if party.tools else None,
        names.GEN_AI_INPUT_MESSAGES: made.joined(side.heard),
        names.GEN_AI_OUTPUT_MESSAGES: made.joined([output]),
        names.GEN_AI_RESPONSE_FINISH_REASONS: [said.finish_reason] if said.finish_reason else None,
    }
    return span(
        of,
        f"message {step.index}",
        "chat",
        party.model.name,
        start_ns=step.start_ns,
        end_ns=step.end_ns,
        parent_id=parent_id,
        attributes={**attributes, **party.parameters, **said.attributes},
        error=said.error,
        error_type="invalid_message",
    )


def _tool_span(of: Run, side: _Side, step: _Timed, answered: Answered, parent_id: str) -> Span:
    call = side.calls.get(answered.call_id)
    name = answered.name or (call.name if call else "")
    attributes: Attributes = {
        names.GEN_AI_AGENT_NAME: side.party.name,
        names.GEN_AI_TOOL_NAME: name,
        names.GEN_AI_TOOL_CALL_ID: answered.call_id,
        names.GEN_AI_TOOL_CALL_RESULT: made.as_text(answered.content),
    }
    if call:
        attributes[names.GEN_AI_TOOL_CALL_ARGUMENTS] = made.as_text(call.arguments)
    return span(
        of,
        f"message {step.index}",
        "execute_tool",
        name,
        start_ns=step.start_ns,
        end_ns=step.end_ns,
        parent_id=parent_id,
        attributes=attributes,
        error=made.as_text(answered.content) if answered.is_error else None,
        error_type="tool_error",
    )


def _message(role: str, said: Said) -> Message:
    parts = [made.reasoning(said.reasoning)] if said.reasoning and role == "assistant" else []
    if said.text:
        parts.append(made.text(said.text))
    parts += [made.tool_call(call.id, call.name, call.arguments) for call in said.calls]
    return made.message(role, parts)


def _role(said: Said) -> str:
    return "assistant" if said.speaker == "agent" else "user"
