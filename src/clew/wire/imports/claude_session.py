"""A session of Claude Code, indexed: which lines are one model call, which calls one prompt.

Lines form a tree by `parentUuid`; a model call's answer is spread over the lines that share its
message id. Sub-agents are side chains of their own.
"""

from __future__ import annotations

import msgspec

from clew.wire.imports import anthropic, source
from clew.wire.imports.anthropic import Block
from clew.wire.imports.messages import Message
from clew.wire.imports.times import SECOND_NS, parsed, untimed

_KINDS = frozenset({"user", "assistant", "system", "summary"})
"""The lines that say something; the others keep the program's own state."""


class Said(msgspec.Struct, kw_only=True):
    """A message as the model's API has it."""

    content: str | list[Block] | None = None
    id: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    usage: anthropic.Usage | None = None

    def blocks(self) -> list[Block]:
        """Its content blocks."""
        if isinstance(self.content, str):
            return [{"type": "text", "text": self.content}]
        return self.content or []


class Outcome(msgspec.Struct, rename="camel", kw_only=True):
    """What Claude Code notes of a tool's result, beside what the model is told."""

    agent_id: str | None = None


class Line(msgspec.Struct, rename="camel", kw_only=True):
    """One line. `number` and `position` say where it stands; they are not the file's."""

    type: str
    uuid: str = ""
    parent_uuid: str | None = None
    logical_parent_uuid: str | None = None
    session_id: str = ""
    agent_id: str | None = None
    is_sidechain: bool = False
    is_meta: bool = False
    is_compact_summary: bool = False
    is_api_error_message: bool = False
    timestamp: str | None = None
    request_id: str | None = None
    cwd: str | None = None
    version: str | None = None
    git_branch: str | None = None
    cost_usd: float | None = msgspec.field(name="costUSD", default=None)
    summary: str | None = None
    message: Said = msgspec.field(default_factory=Said)
    tool_use_result: Outcome | str | list[object] | None = None
    number: int = 0
    position: int = 0

    def time_ns(self) -> int:
        """When it was written; without a time, so many seconds after others as lines."""
        given = parsed(self.timestamp or "")
        return untimed(0) + self.number * SECOND_NS if given is None else given

    def is_prompt(self) -> bool:
        """Whether a person wrote this; answers of tools are lines of the user too."""
        if self.type != "user" or self.is_meta or self.is_compact_summary:
            return False
        return any(block.get("type") != "tool_result" for block in self.message.blocks())


class Call(msgspec.Struct, kw_only=True):
    """A model call: the lines of its answer."""

    key: str
    lines: list[Line]

    def blocks(self) -> list[Block]:
        """The blocks of its answer."""
        return [block for line in self.lines for block in line.message.blocks()]

    def end_ns(self) -> int:
        """When the last of its answer was written."""
        return max(line.time_ns() for line in self.lines)


class Result(msgspec.Struct, kw_only=True):
    """A tool's answer and the line it stands on."""

    line: Line
    block: Block


class Session(msgspec.Struct, kw_only=True):
    """A session, indexed: lines by uuid, calls by key, results by the call's id, the calls of each
    side chain by the chain's id. `call_of` leads from a line to its call; `encoded` keeps the
    messages of lines and calls that have been made."""

    lines: dict[str, Line] = {}
    calls: dict[str, Call] = {}
    call_of: dict[str, Call] = {}
    results: dict[str, Result] = {}
    chains: dict[str, list[Call]] = {}
    encoded: dict[str, list[Message]] = {}
    summary: str = ""


class Turn(msgspec.Struct, kw_only=True):
    """A prompt, the calls that followed it and the side chains that no tool call explains."""

    prompt: Line
    calls: list[Call] = []
    chains: list[str] = []


class _Kind(msgspec.Struct):
    type: str = ""


def decode(line: source.Line) -> Line | None:
    """A line of a session; None for one that only keeps the program's own state. Raises
    MsgspecError for one that isn't what the format promises."""
    if msgspec.json.decode(line.text, type=_Kind).type not in _KINDS:
        return None
    decoded = msgspec.json.decode(line.text, type=Line)
    decoded.number, decoded.position = line.number, line.position
    return decoded


def index(lines: list[Line]) -> Session:
    """The lines of a session and its sub-agents, each taken once."""
    session = Session()
    for line in lines:
        session.summary = line.summary or session.summary
        if not line.uuid or line.uuid in session.lines:
            continue
        session.lines[line.uuid] = line
        if line.type == "assistant":
            _add_call(session, line)
        for block in line.message.blocks() if line.type == "user" else []:
            if block.get("type") == "tool_result":
                result = Result(line=line, block=block)
                session.results[str(block.get("tool_use_id"))] = result
    return session


def _add_call(session: Session, line: Line) -> None:
    chain = _chain(session, line)
    key = f"{chain} {line.message.id or line.uuid}"
    call = session.calls.get(key)
    if call is None:
        session.calls[key] = call = Call(key=key, lines=[])
        if chain:
            session.chains.setdefault(chain, []).append(call)
    call.lines.append(line)
    session.call_of[line.uuid] = call


def _chain(session: Session, line: Line) -> str:
    """The side chain of a line by the agent's id, or by its first line; empty for the main one."""
    if not line.is_sidechain:
        return ""
    return line.agent_id or ancestors(session, line)[0].uuid


def ancestors(session: Session, line: Line, *, logical: bool = False) -> list[Line]:
    """The line and those before it, oldest first. What was compacted away is left out, unless
    `logical`."""
    path: dict[str, Line] = {}
    at: Line | None = line
    while at is not None and at.uuid not in path:
        path[at.uuid] = at
        before = at.parent_uuid or (at.logical_parent_uuid if logical else None)
        at = session.lines.get(before or "")
    return list(reversed(path.values()))


def turns(session: Session) -> list[Turn]:
    """The prompts that a model answered, in order."""
    prompted: dict[str, Turn] = {}
    for call in session.calls.values():
        if not call.lines[0].is_sidechain:
            prompt = _prompt(session, call)
            prompted.setdefault(prompt.uuid, Turn(prompt=prompt)).calls.append(call)
    explained = {chain for call in session.calls.values() for chain in started(session, call)}
    found = list(prompted.values())
    for chain, calls in session.chains.items():
        if chain not in explained:
            _place(found, chain, calls, ancestors(session, calls[0].lines[0])[0])
    return found


def _prompt(session: Session, call: Call) -> Line:
    path = ancestors(session, call.lines[0], logical=True)
    return next((line for line in reversed(path) if line.is_prompt()), path[0])


def _place(turns: list[Turn], chain: str, calls: list[Call], first: Line) -> None:
    """A side chain that no tool call explains belongs to the prompt before it; without one it is a
    run of its own."""
    before = [turn for turn in turns if turn.prompt.time_ns() <= first.time_ns()]
    if before:
        before[-1].chains.append(chain)
    else:
        turns.append(Turn(prompt=first, calls=calls))


def started(session: Session, call: Call) -> dict[str, Block]:
    """The side chains that a call's tools started, with the tool call of each."""
    found: dict[str, Block] = {}
    for block in anthropic.tool_uses(call.blocks()):
        chain = _started_by(session, block)
        if chain:
            found[chain] = block
    return found


def _started_by(session: Session, block: Block) -> str:
    """By the agent's id in the tool's result, or by the words that the sub-agent was given."""
    result = session.results.get(str(block.get("id")))
    outcome = result.line.tool_use_result if result else None
    if isinstance(outcome, Outcome) and outcome.agent_id in session.chains:
        return outcome.agent_id or ""
    given = block.get("input")
    told = given.get("prompt") if isinstance(given, dict) else None
    if not told:
        return ""
    for chain, calls in session.chains.items():
        first = ancestors(session, calls[0].lines[0])[0]
        if anthropic.words(first.message.blocks()) == told:
            return chain
    return ""
