"""Trajectories of SWE-agent: one run a `.traj` file.

`history` is the conversation, `trajectory` what each step did to the environment. A step's own
`query`, where it is kept, is exactly what the model was sent; else its input is the history before
it. Without a clock in the file, a model call takes a second and a command what the file says it
took. How the run ended is a score, and an error unless it submitted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import msgspec

from clew import conventions as names
from clew.score import Score
from clew.span import Attributes, Span
from clew.wire.imports import messages as made
from clew.wire.imports import openai, source
from clew.wire.imports.messages import Message
from clew.wire.imports.models import model
from clew.wire.imports.record import Broken, Record, guarded, records
from clew.wire.imports.run import Run, category_score, metadata, run, span, span_id
from clew.wire.imports.times import SECOND_NS, untimed

_COMMAND = re.compile(r"^(\w[\w-]*):\n\s+docstring: (.*)$", re.MULTILINE)


class _HistoryMessage(openai.ChatMessage, kw_only=True):
    agent: str = ""
    action: str | None = None
    thought: str | None = None
    is_demo: bool = False
    tool_call_ids: list[str] | None = None


class _Step(msgspec.Struct, kw_only=True):
    action: str = ""
    observation: str = ""
    response: str = ""
    execution_time: float | None = None
    query: list[_HistoryMessage] | None = None


class _Stats(msgspec.Struct, kw_only=True):
    instance_cost: float | None = None
    tokens_sent: int | None = None
    tokens_received: int | None = None


class _Info(msgspec.Struct, kw_only=True):
    exit_status: str | None = None
    submission: str | None = None
    model_stats: _Stats = msgspec.field(default_factory=_Stats)


class _Model(msgspec.Struct, kw_only=True):
    name: str = ""
    temperature: float | None = None
    top_p: float | None = None


class _Parser(msgspec.Struct, kw_only=True):
    type: str = ""


class _Tools(msgspec.Struct, kw_only=True):
    command_docs: str = ""
    parse_function: _Parser = msgspec.field(default_factory=_Parser)


class _Agent(msgspec.Struct, kw_only=True):
    model: _Model = msgspec.field(default_factory=_Model)
    tools: _Tools = msgspec.field(default_factory=_Tools)


class _Problem(msgspec.Struct, kw_only=True):
    id: str = ""


class _Config(msgspec.Struct, kw_only=True):
    agent: _Agent = msgspec.field(default_factory=_Agent)
    problem_statement: _Problem = msgspec.field(default_factory=_Problem)


class _Trajectory(msgspec.Struct, kw_only=True):
    history: list[_HistoryMessage]
    trajectory: list[_Step] = []
    info: _Info = msgspec.field(default_factory=_Info)
    environment: str = ""
    replay_config: _Config | str | None = None

    def config(self) -> _Config:
        """How the agent was set up, also where the file keeps it as JSON in a string."""
        if isinstance(self.replay_config, str):
            return msgspec.json.decode(self.replay_config, type=_Config)
        return self.replay_config or _Config()


class _Call(msgspec.Struct, kw_only=True, frozen=True):
    """A model call: its place in the history, what it was sent, what it said and what followed."""

    index: int
    said: _HistoryMessage
    sent: list[_HistoryMessage]
    step: _Step | None
    answers: list[_HistoryMessage]


def sniff(path: Path, head: bytes) -> bool:
    """Whether this is how SWE-agent writes trajectories."""
    if not head.lstrip().startswith(b"{"):
        return False
    steps = b'"trajectory"' in head and b'"observation"' in head
    history = b'"history"' in head and b'"message_type"' in head
    return ".traj" in path.suffixes or steps or history


def read(path: Path) -> Iterator[Record | Broken]:
    """The one run of the file."""
    found = _records(path, source.document(path))
    yield from guarded("trajectory", found, source.size(path))


def _records(path: Path, body: bytes) -> Iterator[Record]:
    told = msgspec.json.decode(body, type=_Trajectory)
    config = told.config()
    parts = (config.agent.model.name, config.agent.tools.parse_function.type)
    release = "/".join(part for part in parts if part)
    of = run("swe_agent", body.decode("utf-8", "replace"), service="swe-agent", release=release)
    calls = list(_calls(told))
    children = list(_children(of, config, calls))
    root = _root(of, path, told, config, max((each.end_ns or 0 for each in children), default=0))
    scores = _scores(of, told, root)
    yield from records("trajectory", [root, *children], scores, source.size(path))


def _calls(told: _Trajectory) -> Iterator[_Call]:
    """The model calls of the history. What was shown to the agent as a demonstration was never
    asked of the model."""
    steps = iter(told.trajectory)
    for index, said in enumerate(told.history):
        if said.role != "assistant" or said.is_demo:
            continue
        step = next(steps, None)
        yield _Call(
            index=index,
            said=said,
            sent=step.query if step and step.query else told.history[:index],
            step=step,
            answers=_answers(told.history, index + 1),
        )


def _answers(history: list[_HistoryMessage], start: int) -> list[_HistoryMessage]:
    """The messages up to the next one of the model."""
    answers: list[_HistoryMessage] = []
    for message in history[start:]:
        if message.role == "assistant":
            break
        answers.append(message)
    return answers


def _children(of: Run, config: _Config, calls: list[_Call]) -> Iterator[Span]:
    encoded: dict[int, Message] = {}
    now_ns = untimed(0)
    for call in calls:
        yield _llm_span(of, config, call, encoded, now_ns)
        now_ns += SECOND_NS
        for tool in _tool_spans(of, config, call, now_ns):
            now_ns = tool.end_ns or now_ns
            yield tool


def _llm_span(
    of: Run, config: _Config, call: _Call, encoded: dict[int, Message], start_ns: int
) -> Span:
    asked = model(config.agent.model.name)
    heard = [_encoded(message, encoded) for message in call.sent]
    attributes: Attributes = {
        names.GEN_AI_AGENT_NAME: call.said.agent or "agent",
        names.GEN_AI_PROVIDER_NAME: asked.provider,
        names.GEN_AI_REQUEST_MODEL: asked.name,
        names.GEN_AI_REQUEST_TEMPERATURE: config.agent.model.temperature,
        names.GEN_AI_REQUEST_TOP_P: config.agent.model.top_p,
        names.GEN_AI_INPUT_MESSAGES: made.joined(heard),
        names.GEN_AI_OUTPUT_MESSAGES: made.joined([_encoded(call.said, encoded)]),
        names.GEN_AI_TOOL_DEFINITIONS: _definitions(config.agent.tools),
    }
    return span(
        of,
        f"history {call.index}",
        "chat",
        asked.name,
        start_ns=start_ns,
        end_ns=start_ns + SECOND_NS,
        parent_id=span_id(of, "root"),
        attributes=attributes,
    )


def _encoded(message: _HistoryMessage, encoded: dict[int, Message]) -> Message:
    """A message of the history is the input of every later call: it is made once."""
    if id(message) not in encoded:
        answered = message.tool_call_ids or [message.tool_call_id or ""]
        encoded[id(message)] = (
            made.message(
                "tool", [made.tool_response(each, openai.response(message)) for each in answered]
            )
            if message.role == "tool"
            else openai.message(message)
        )
    return encoded[id(message)]


def _definitions(tools: _Tools) -> str:
    """The commands that were offered as functions; where the model writes commands as text, their
    descriptions are in the system prompt."""
    if tools.parse_function.type != "function_calling":
        return ""
    commands = [{"name": n, "description": d} for n, d in _COMMAND.findall(tools.command_docs)]
    return made.definitions(commands) if commands else ""


def _tool_spans(of: Run, config: _Config, call: _Call, start_ns: int) -> Iterator[Span]:
    """What the call asked for, one after the other; nothing where it never ran."""
    if not call.answers and not (call.step and call.step.observation):
        return
    took_s = call.step.execution_time if call.step else None
    took_ns = int((1.0 if took_s is None else took_s) * SECOND_NS)
    for number, asked in enumerate(_asked(call, config.agent.tools.command_docs)):
        attributes: Attributes = {
            names.GEN_AI_AGENT_NAME: call.said.agent or "agent",
            names.GEN_AI_TOOL_NAME: asked.name,
            names.GEN_AI_TOOL_CALL_ID: asked.call_id,
            names.GEN_AI_TOOL_CALL_ARGUMENTS: asked.arguments,
            names.GEN_AI_TOOL_CALL_RESULT: _result(call, asked.call_id),
        }
        yield span(
            of,
            f"history {call.index} tool {number}",
            "execute_tool",
            asked.name,
            start_ns=start_ns + number * took_ns,
            end_ns=start_ns + (number + 1) * took_ns,
            parent_id=span_id(of, "root"),
            attributes=attributes,
        )


class _Asked(NamedTuple):
    call_id: str
    name: str
    arguments: str


def _asked(call: _Call, command_docs: str) -> list[_Asked]:
    """The functions that a call asked for, or the command that it wrote as text."""
    functions = [
        _Asked(each.id or "", each.function.name, made.as_text(each.function.arguments))
        for each in call.said.calls()
    ]
    action = call.said.action or (call.step.action if call.step else "")
    if functions or not action:
        return functions
    return [_Asked("", _tool_name(action, command_docs), made.as_text({"command": action}))]


def _tool_name(action: str, command_docs: str) -> str:
    """The command's first word, or bash where that isn't one of the agent's own commands."""
    word = (action.split(maxsplit=1) or [""])[0]
    commands = [name for name, _ in _COMMAND.findall(command_docs)]
    return word if not commands or word in commands else "bash"


def _result(call: _Call, call_id: str) -> str:
    """The answer to the call by its id, else what the step observed."""
    for answer in call.answers:
        if call_id and call_id in (answer.tool_call_ids or [answer.tool_call_id]):
            return openai.words(answer)
    if call.step and call.step.observation:
        return call.step.observation
    return "\n".join(openai.words(answer) for answer in call.answers)


def _root(of: Run, path: Path, told: _Trajectory, config: _Config, end_ns: int) -> Span:
    ended = told.info.exit_status or ""
    failed = ended not in ("", "submitted")
    agent = next((said.agent for said in told.history if said.agent), "agent")
    return span(
        of,
        "root",
        "invoke_agent",
        agent,
        start_ns=untimed(0),
        end_ns=end_ns,
        attributes={
            names.GEN_AI_AGENT_NAME: agent,
            names.CLEW_TAGS: ["swe_agent"],
            **_dialogue(told),
            **_totals(told.info.model_stats),
            **metadata(
                {
                    "file": path.name,
                    "task_id": config.problem_statement.id,
                    "environment": told.environment,
                    "model": config.agent.model.name,
                    "parser": config.agent.tools.parse_function.type,
                    "exit_status": ended,
                }
            ),
        },
        error=f"ended by {ended}" if failed else None,
        error_type=ended,
    )


def _dialogue(told: _Trajectory) -> Attributes:
    """What the run was given, and what it submitted."""
    real = [said for said in told.history if not said.is_demo]
    before = takewhile(lambda said: said.role != "assistant", real)
    asked = [openai.message(said) for said in before if said.role == "user"]
    said: Attributes = {names.GEN_AI_INPUT_MESSAGES: made.joined(asked)}
    if told.info.submission:
        submission = made.message("assistant", [made.text(told.info.submission)])
        said[names.GEN_AI_OUTPUT_MESSAGES] = made.joined([submission])
    return said


def _totals(stats: _Stats) -> Attributes:
    """What the whole run used: no call says what it used itself. 0 is what a replay writes."""
    said: Attributes = {
        names.GEN_AI_USAGE_INPUT_TOKENS: stats.tokens_sent,
        names.GEN_AI_USAGE_OUTPUT_TOKENS: stats.tokens_received,
        names.CLEW_COST_TOTAL_USD: stats.instance_cost,
    }
    return {key: value for key, value in said.items() if value}


def _scores(of: Run, told: _Trajectory, root: Span) -> list[Score]:
    ended = told.info.exit_status
    return [category_score(of, "exit_status", ended, root.end_ns or 0)] if ended else []
