"""Session files of Claude Code: JSON lines, each one piece of a conversation.

One run a prompt: from what the person wrote to the last answer; the session holds its runs
together. A sub-agent stands below the tool call that started it, wherever its lines are kept. The
system prompt and the tools are not in these files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from clew import conventions as names
from clew.span import Attributes, Span
from clew.wire.imports import anthropic, source
from clew.wire.imports import messages as made
from clew.wire.imports.anthropic import Block
from clew.wire.imports.claude_session import (
    Call,
    Line,
    Outcome,
    Session,
    Turn,
    ancestors,
    decode,
    index,
    started,
    turns,
)
from clew.wire.imports.messages import Message
from clew.wire.imports.record import Broken, Record, guarded, records
from clew.wire.imports.run import Run, metadata, run, span, span_id

_AGENT = "claude-code"
_SUBAGENT = "subagent"
_SYNTHETIC = "<synthetic>"
"""The model that Claude Code names where it wrote a message itself."""


class _Actor(NamedTuple):
    """An agent at work: its name and its span."""

    name: str
    span_id: str


def sniff(path: Path, head: bytes) -> bool:
    """Whether this is how Claude Code keeps sessions."""
    del path
    return b'"parentUuid"' in head and b'"sessionId"' in head


def read(path: Path) -> Iterator[Record | Broken]:
    """The prompts of the session, in order. The file of a sub-agent whose session lies beside it
    has no runs of its own: they are read with the session."""
    if _has_session(path):
        return
    lines: list[Line] = []
    yield from _load(path, "", lines)
    for each in _agent_files(path, lines):
        yield from _load(each, f"{each.name} ", lines)
    session = index(lines)
    for turn in turns(session):
        prompt = turn.prompt
        of = run("claude_code", prompt.uuid, service=_AGENT, release=prompt.version or "")
        position = max(line.position for call in turn.calls for line in call.lines)
        position = min(position, source.size(path))
        name = f"line {prompt.number}"
        found = records(name, _spans(of, session, turn), [], position)
        yield from guarded(name, found, position)


def _has_session(path: Path) -> bool:
    if not path.name.startswith("agent-"):
        return False
    first = next(source.lines(path), None)
    try:
        line = decode(first) if first else None
    except msgspec.MsgspecError:
        return False
    beside = f"{line.session_id}.jsonl" if line else ""
    return bool(beside) and any((folder / beside).exists() for folder in path.parents[:3])


def _agent_files(path: Path, lines: list[Line]) -> list[Path]:
    """Where Claude Code keeps the sub-agents of a session: beside it, or in a folder of its own."""
    named = {
        path.parent / f"agent-{line.tool_use_result.agent_id}.jsonl"
        for line in lines
        if isinstance(line.tool_use_result, Outcome) and line.tool_use_result.agent_id
    }
    own = path.parent / path.name.partition(".jsonl")[0] / "subagents"
    found = {each for each in named if each.exists()} | set(own.glob("agent-*.jsonl"))
    return sorted(found - {path})


def _load(path: Path, prefix: str, lines: list[Line]) -> Iterator[Broken]:
    for line in source.lines(path):
        try:
            decoded = decode(line)
        except msgspec.MsgspecError as exc:
            name = f"{prefix}line {line.number}"
            yield Broken(name=name, message=str(exc), position=line.position)
            continue
        if decoded:
            lines.append(decoded)


def _spans(of: Run, session: Session, turn: Turn) -> Iterator[Span]:
    """The spans of a prompt; its own comes last, when it is known how long it took."""
    prompt = turn.prompt
    agent = _SUBAGENT if prompt.is_sidechain else _AGENT
    end_ns = prompt.time_ns()
    for each in _below(of, session, turn, agent):
        end_ns = max(end_ns, each.end_ns or 0)
        yield each
    attributes: Attributes = {
        **_party(agent, prompt),
        names.CLEW_TAGS: [_AGENT],
        **_dialogue(session, [prompt], turn.calls),
        **metadata(
            {"cwd": prompt.cwd, "git_branch": prompt.git_branch, "summary": session.summary}
        ),
    }
    start_ns = prompt.time_ns()
    yield span(
        of,
        "root",
        "invoke_agent",
        agent,
        start_ns=start_ns,
        end_ns=end_ns,
        attributes=attributes,
    )


def _below(of: Run, session: Session, turn: Turn, agent: str) -> Iterator[Span]:
    root_id = span_id(of, "root")
    yield from _calls(of, session, turn.calls, _Actor(agent, root_id))
    for chain in turn.chains:
        yield from _subagent(of, session, chain, _SUBAGENT, root_id)


def _subagent(of: Run, session: Session, chain: str, agent: str, parent_id: str) -> Iterator[Span]:
    calls = session.chains[chain]
    key = f"agent {chain}"
    first = ancestors(session, calls[0].lines[0])[0]
    end_ns = first.time_ns()
    for each in _calls(of, session, calls, _Actor(agent, span_id(of, key))):
        end_ns = max(end_ns, each.end_ns or 0)
        yield each
    yield span(
        of,
        key,
        "invoke_agent",
        agent,
        start_ns=first.time_ns(),
        end_ns=end_ns,
        parent_id=parent_id,
        attributes={**_party(agent, first), **_dialogue(session, [first], calls)},
    )


def _party(agent: str, line: Line) -> Attributes:
    said: Attributes = {names.GEN_AI_AGENT_NAME: agent}
    if line.session_id:
        said[names.SESSION_ID] = said[names.GEN_AI_CONVERSATION_ID] = line.session_id
    return said


def _dialogue(session: Session, heard: list[Line], calls: list[Call]) -> Attributes:
    """What an agent was asked, and the last words that it answered."""
    asked = [message for line in heard for message in _user_messages(session, line)]
    said: Attributes = {names.GEN_AI_INPUT_MESSAGES: made.joined(asked)}
    answers = [words for call in calls if (words := anthropic.words(call.blocks()))]
    if answers:
        answer = made.message("assistant", [made.text(answers[-1])])
        said[names.GEN_AI_OUTPUT_MESSAGES] = made.joined([answer])
    return said


def _calls(of: Run, session: Session, calls: list[Call], actor: _Actor) -> Iterator[Span]:
    """Model calls with the tools that each asked for, and the sub-agents that those started."""
    for call in calls:
        first = call.lines[0]
        if first.message.model != _SYNTHETIC or first.is_api_error_message:
            yield _llm_span(of, session, call, actor)
        below = {str(block.get("id")): chain for chain, block in started(session, call).items()}
        for line in call.lines:
            for block in anthropic.tool_uses(line.message.blocks()):
                tool = _tool_span(of, session, line, block, actor)
                yield tool
                chain = below.get(str(block.get("id")))
                if chain:
                    name = _subagent_name(block)
                    yield from _subagent(of, session, chain, name, tool.span_id)


def _subagent_name(block: Block) -> str:
    given = block.get("input")
    named = given.get("subagent_type") if isinstance(given, dict) else None
    return str(named or _SUBAGENT)


def _llm_span(of: Run, session: Session, call: Call, actor: _Actor) -> Span:
    first, last = call.lines[0], call.lines[-1]
    path = ancestors(session, first)[:-1]
    failed = first.is_api_error_message
    asked = "" if failed else first.message.model or ""
    stopped = last.message.stop_reason
    attributes: Attributes = {
        **_party(actor.name, first),
        names.GEN_AI_PROVIDER_NAME: "anthropic",
        names.GEN_AI_REQUEST_MODEL: asked,
        names.GEN_AI_RESPONSE_MODEL: asked,
        names.GEN_AI_RESPONSE_ID: "" if failed else first.message.id or "",
        names.GEN_AI_RESPONSE_FINISH_REASONS: [stopped] if stopped else None,
        names.GEN_AI_INPUT_MESSAGES: made.joined(_heard(session, path)),
        names.GEN_AI_OUTPUT_MESSAGES: "" if failed else made.joined([_answer(session, call)]),
        **({} if failed else anthropic.usage(last.message.usage)),
        names.CLEW_COST_TOTAL_USD: max(line.cost_usd or 0.0 for line in call.lines) or None,
    }
    return span(
        of,
        f"call {call.key}",
        "chat",
        asked,
        start_ns=min(path[-1].time_ns(), call.end_ns()) if path else first.time_ns(),
        end_ns=call.end_ns(),
        parent_id=actor.span_id,
        attributes=attributes,
        error=anthropic.words(call.blocks()) if failed else None,
        error_type="api_error",
    )


def _heard(session: Session, path: list[Line]) -> list[Message]:
    """The conversation that a call was sent. Tools that ran side by side answer on lines of which
    only one is an ancestor: each answer follows the message that asked for it."""
    heard: list[Message] = []
    done: set[str] = set()
    for line in path:
        call = session.call_of.get(line.uuid)
        if line.uuid in done or (call and call.key in done):
            continue
        if call is None:
            heard += _user_messages(session, line)
            continue
        done.add(call.key)
        heard.append(_answer(session, call))
        for block in anthropic.tool_uses(call.blocks()):
            result = session.results.get(str(block.get("id")))
            if result and result.line.uuid not in done:
                done.add(result.line.uuid)
                heard += _user_messages(session, result.line)
    return heard


def _user_messages(session: Session, line: Line) -> list[Message]:
    if line.type != "user":
        return []
    if line.uuid not in session.encoded:
        session.encoded[line.uuid] = anthropic.user_messages(line.message.blocks())
    return session.encoded[line.uuid]


def _answer(session: Session, call: Call) -> Message:
    if call.key not in session.encoded:
        session.encoded[call.key] = [anthropic.assistant_message(call.blocks())]
    return session.encoded[call.key][0]


def _tool_span(of: Run, session: Session, line: Line, block: Block, actor: _Actor) -> Span:
    call_id, name = str(block.get("id")), str(block.get("name"))
    result = session.results.get(call_id)
    answer = made.as_text(anthropic.tool_answer(result.block)) if result else ""
    attributes: Attributes = {
        **_party(actor.name, line),
        names.GEN_AI_TOOL_NAME: name,
        names.GEN_AI_TOOL_CALL_ID: call_id,
        names.GEN_AI_TOOL_CALL_ARGUMENTS: made.as_text(block.get("input")),
    }
    if result:
        attributes[names.GEN_AI_TOOL_CALL_RESULT] = answer
    return span(
        of,
        f"tool {call_id}",
        "execute_tool",
        name,
        start_ns=line.time_ns(),
        end_ns=result.line.time_ns() if result else line.time_ns(),
        parent_id=actor.span_id,
        attributes=attributes,
        error=answer if result and result.block.get("is_error") else None,
        error_type="tool_error",
    )
