"""What was said in a run: which messages each model call repeated, and which are new."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec
import xxhash

from clew.errors import NotFound
from clew.query import ask
from clew.query.whole import read_contents, whole_logs
from clew.span import Conversation, Direction, Log, Message, Part, ToolDefinition
from clew.store.engine import Engine, Param
from clew.wire import previews
from clew.wire.contents import unfold
from clew.wire.normalize import conversation
from clew.wire.shorten import Sheet, build, history, is_mark, open_sheet, shorten

Origin = Literal["system", "tools", "user", "assistant", "result"]

HEX: Final = 32
"""Characters of a content's hash."""

_LOOK_BACK: Final = 16
"""Of so many calls before it one is what a call goes on from: more don't run side by side."""

_AT_ONCE: Final = 50
"""Calls that are read before others get their turn: some 20 ms."""

_ENCODE: Final = msgspec.json.Encoder().encode


class Messages(msgspec.Struct, kw_only=True, frozen=True):
    """Every different message and tool definition of a run, once, in columns of one length.

    `hash` names what was said, whoever repeats it; `size_bytes` is what its JSON takes.
    """

    hash: list[str]
    role: list[str]
    name: list[str]
    origin: list[Origin]
    size_bytes: list[int]
    preview: list[str]


class Calls(msgspec.Struct, kw_only=True, frozen=True):
    """The model calls of a run in order of start, in columns of one length.

    `before` is the number of the call that this one goes on from, -1 for none; `same` says how many
    of its input messages this one begins with. `input` are the messages after those. All lists hold
    numbers of messages.
    """

    span_id: list[str]
    before: list[int]
    same: list[int]
    system: list[list[int]]
    tools: list[list[int]]
    input: list[list[int]]
    output: list[list[int]]


class Dialogue(msgspec.Struct, kw_only=True, frozen=True):
    """What was said in a run: every message once, and by call those that were sent and answered."""

    messages: Messages
    calls: Calls


class Said(msgspec.Struct, kw_only=True, frozen=True):
    """What one model call said: `input` without the messages that were asked to be left out."""

    system: list[Message]
    tools: list[ToolDefinition]
    input: list[Message]
    output: list[Message]


class _Line(msgspec.Struct):
    span_id: str
    parent_id: str
    agent: str
    start_ns: int
    day: int
    input: str
    output: str
    other: str
    document: str


class _Call:
    """A model call as it is stored."""

    def __init__(self, line: _Line) -> None:
        self.line = line
        self.hashes: dict[Direction, list[str]] = {
            "input": _split(line.input),
            "output": _split(line.output),
            "other": _split(line.other),
        }
        self.sheet: Sheet = open_sheet(base64.b64decode(line.document), self.hashes)
        self.history: list[str] = []


class _Texts:
    """The texts of contents, by hash; one that is gone says so in its place."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    async def load(
        self, engine: Engine, project: str, trace_id: str, calls: Iterable[_Call]
    ) -> None:
        """Read what the calls hold."""
        held = list(calls)
        contents = await read_contents(
            engine,
            project,
            [trace_id],
            days={call.line.day for call in held},
            hashes={digest for call in held for way in call.hashes.values() for digest in way},
            blobs=False,
        )
        self._known = {h: unfold(one.skeleton, one.text) for h, one in contents.items()}

    def __call__(self, digest: str) -> str:
        return self._known.get(digest) or f'"[content {digest} is missing]"'


class _Counted:
    """The calls of a run as numbers of messages, each different one counted once."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.messages = Messages(hash=[], role=[], name=[], origin=[], size_bytes=[], preview=[])
        self.system: list[list[int]] = []
        self.tools: list[list[int]] = []
        self.input: list[list[int]] = []
        self.output: list[list[int]] = []
        self.before: list[int] = []
        self.same: list[int] = []

    def add(self, said: Conversation, before: int, *, shortened: bool) -> None:
        """Count one call; `shortened` if its first message stands for all input of `before`."""
        earlier = self.input[before] if before >= 0 else []
        own = [self._message(one) for one in said.messages_in[1 if shortened else 0 :]]
        whole = [*earlier, *own] if shortened else own
        system = [self._message(one) for one in said.system]
        tools = [self._tool(one) for one in said.tools]
        self.system.append(self.system[before] if shortened and not system else system)
        self.tools.append(self.tools[before] if shortened and not tools else tools)
        self.input.append(whole)
        self.output.append([self._message(one) for one in said.messages_out])
        self.before.append(before)
        self.same.append(_shared(earlier, whole))

    def dialogue(self, span_ids: list[str]) -> Dialogue:
        """The answer."""
        new = [whole[same:] for whole, same in zip(self.input, self.same, strict=True)]
        return Dialogue(
            messages=self.messages,
            calls=Calls(
                span_id=span_ids,
                before=self.before,
                same=self.same,
                system=self.system,
                tools=self.tools,
                input=new,
                output=self.output,
            ),
        )

    def _message(self, message: Message) -> int:
        said = _ENCODE(message.parts)
        # A model's answer comes back with the history, often without its thoughts.
        spoken = [part for part in message.parts if part.type != "reasoning"]
        key = said if len(spoken) == len(message.parts) else _ENCODE(spoken)
        known = self._known(message.role.encode() + b" " + key)
        if known < 0:
            return self._new(
                message.role,
                message.name,
                _origin(message),
                len(said),
                previews.of_messages([message]),
            )
        return known

    def _tool(self, tool: ToolDefinition) -> int:
        said = _ENCODE(tool)
        known = self._known(b"tool " + said)
        if known < 0:
            return self._new("", tool.name, "tools", len(said), previews.fold(tool.description))
        return known

    def _known(self, said: bytes) -> int:
        """The number of a message, -1 for a new one, whose number will be the next."""
        digest = xxhash.xxh3_64_hexdigest(said)
        known = self.numbers.setdefault(digest, len(self.messages.hash))
        if known < len(self.messages.hash):
            return known
        self.messages.hash.append(digest)
        return -1

    def _new(self, role: str, name: str, origin: Origin, size_bytes: int, preview: str) -> int:
        columns = self.messages
        columns.role.append(role)
        columns.name.append(name)
        columns.origin.append(origin)
        columns.size_bytes.append(size_bytes)
        columns.preview.append(preview)
        return len(columns.role) - 1


async def get_dialogue(engine: Engine, project: str, trace_id: str) -> Dialogue:
    """What was said in a run, by call, without the texts. Raises NotFound for a run without model
    calls."""
    calls = await _calls(engine, project, trace_id, [])
    if not calls:
        raise NotFound(f"trace {trace_id} of project {project} has no model call")
    texts = _Texts()
    await texts.load(engine, project, trace_id, calls)
    for call in calls:
        call.history = history(call.sheet, texts)
    logs = await _logs(engine, project, trace_id, calls)
    counted = _Counted()
    for number, call in enumerate(calls):
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
        before = _before(calls, number)
        earlier = calls[before] if before >= 0 else None
        said, shortened = _read(call, earlier, texts, logs.get(call.line.span_id, []))
        counted.add(said, before, shortened=shortened)
    return counted.dialogue([call.line.span_id for call in calls])


async def get_said(  # noqa: PLR0913 - each says what to leave out
    engine: Engine, project: str, trace_id: str, span_id: str, *, after: str, same: int
) -> Said:
    """What one model call said, without the first `same` input messages: those with which it goes
    on from the call `after`. Raises NotFound."""
    calls = await _calls(engine, project, trace_id, [span_id, *([after] if after else [])])
    by_id = {call.line.span_id: call for call in calls}
    call = by_id.get(span_id)
    if call is None:
        raise NotFound(f"trace {trace_id} of project {project} has no span {span_id}")
    texts = _Texts()
    await texts.load(engine, project, trace_id, calls)
    logs = await _logs(engine, project, trace_id, [call])
    said, shortened = _read(call, by_id.get(after), texts, logs.get(span_id, []))
    if shortened and not (said.system and said.tools):
        whole, _ = _read(call, None, texts, [])
        said.system, said.tools = whole.system, whole.tools
    new = said.messages_in[1:] if shortened else said.messages_in[same:]
    return Said(system=said.system, tools=said.tools, input=new, output=said.messages_out)


async def _calls(
    engine: Engine, project: str, trace_id: str, span_ids: Sequence[str]
) -> list[_Call]:
    params: dict[str, Param] = {
        "project": project,
        "trace_id": trace_id,
        "span_ids": list(span_ids),
    }
    lines = await ask.rows(engine, ask.sql("model_calls"), params, _Line)
    lines.sort(key=lambda line: (line.start_ns, line.span_id))
    return [_Call(line) for line in lines]


async def _logs(
    engine: Engine, project: str, trace_id: str, calls: Sequence[_Call]
) -> dict[str, list[Log]]:
    """The logs of calls by span, where some call says nothing itself."""
    if all(call.hashes["input"] or call.hashes["output"] for call in calls):
        return {}
    silent = [call.line.span_id for call in calls]
    only = silent[0] if len(silent) == 1 else ""
    of_spans: dict[str, list[Log]] = {}
    for log in await whole_logs(engine, project, trace_id, only):
        of_spans.setdefault(log.span_id, []).append(log)
    return of_spans


def _read(
    call: _Call, before: _Call | None, texts: _Texts, logs: Sequence[Log]
) -> tuple[Conversation, bool]:
    """The conversation of a call, and whether its first message stands for all of `before`."""
    if before is not None and not logs:
        short = shorten(call.sheet, before.sheet, texts)
        if short is not None:
            said = conversation(short)
            marks = [number for number, one in enumerate(said.messages_in) if is_mark(one)]
            if marks == [0]:
                return said, True
    return conversation(build(call.sheet, texts), logs), False


def _before(calls: Sequence[_Call], number: int) -> int:
    """The number of the call that this one goes on from, -1 for none: of the last ones that with
    which it shares the most at the start, else the last one below the same step."""
    call = calls[number]
    best, most = -1, 0
    for other in range(number - 1, max(-1, number - 1 - _LOOK_BACK), -1):
        earlier = calls[other]
        shared = _shared(earlier.history, call.history)
        whole = shared == len(earlier.history)
        if shared and whole and _alike(earlier.line, call.line):
            return other
        # A system prompt alone is what calls side by side share.
        if shared > most and (whole or shared > 1):
            best, most = other, shared
    if best >= 0:
        return best
    siblings = (n for n in range(number - 1, -1, -1) if _alike(calls[n].line, call.line))
    return next(siblings, -1)


def _alike(line: _Line, other: _Line) -> bool:
    return line.parent_id == other.parent_id and line.agent == other.agent


def _shared(earlier: Sequence[object], later: Sequence[object]) -> int:
    """How many elements two lists have in common at their start."""
    low, high = 0, min(len(earlier), len(later))
    if earlier[:high] == later[:high]:
        return high
    while low < high:
        middle = (low + high) // 2
        if earlier[low : middle + 1] == later[low : middle + 1]:
            low = middle + 1
        else:
            high = middle
    return low


def _split(hashes: str) -> list[str]:
    return [hashes[at : at + HEX] for at in range(0, len(hashes), HEX)]


def _origin(message: Message) -> Origin:
    if message.role in ("system", "developer"):
        return "system"
    if message.role == "tool" or any(map(_is_result, message.parts)):
        return "result"
    return "assistant" if message.role == "assistant" else "user"


def _is_result(part: Part) -> bool:
    return part.type == "tool_call_response"
