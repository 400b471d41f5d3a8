"""Results of tau-bench: a list of `{task_id, reward, info, traj, trial}`.

One run a result. The file names neither the model nor the time: the release is the file's name, so
that two files compare as two releases, and steps are a second apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from clew import conventions as names
from clew.score import Score
from clew.wire.imports import openai, source
from clew.wire.imports.dialogue import Answered, Call, Dialogue, Party, Said, Turn, spans
from clew.wire.imports.models import model
from clew.wire.imports.outline import elements
from clew.wire.imports.record import Broken, Record, guarded, records
from clew.wire.imports.run import metadata, number_score, run
from clew.wire.imports.times import SECOND_NS, untimed


class _Task(msgspec.Struct, kw_only=True):
    user_id: str = ""
    instruction: str = ""


class _Rewards(msgspec.Struct, kw_only=True):
    r_actions: float | None = None
    r_outputs: float | None = None


class _RewardInfo(msgspec.Struct, kw_only=True):
    info: _Rewards | None = None


class _Info(msgspec.Struct, kw_only=True):
    task: _Task = msgspec.field(default_factory=_Task)
    source: str = ""
    user_cost: float | None = None
    reward_info: _RewardInfo | None = None
    error: str | None = None


class _Result(msgspec.Struct, kw_only=True):
    task_id: int | str
    traj: list[openai.ChatMessage]
    reward: float | None = None
    info: _Info = msgspec.field(default_factory=_Info)
    trial: int | None = None


def sniff(path: Path, head: bytes) -> bool:
    """Whether this is how tau-bench writes results."""
    del path
    return head.lstrip().startswith(b"[") and b'"task_id"' in head and b'"traj"' in head


def read(path: Path) -> Iterator[Record | Broken]:
    """The results, one at a time."""
    document = source.document(path)
    release = path.name.partition(".json")[0]
    for index, place in enumerate(elements(document)):
        name = f"[{index}]"
        position = place.end * source.size(path) // len(document)
        found = _records(name, place.of(document), index, release, position)
        yield from guarded(name, found, position)


def _records(name: str, body: bytes, index: int, release: str, position: int) -> Iterator[Record]:
    result = msgspec.json.decode(body, type=_Result)
    talk = _dialogue(result, body, index, release)
    yield from records(name, spans(talk), _scores(talk, result), position)


def _dialogue(result: _Result, body: bytes, index: int, release: str) -> Dialogue:
    info = result.info
    system = [openai.words(said) for said in result.traj if said.role == "system"]
    user = Party(
        name="user_simulator",
        model=model(""),
        system=[info.task.instruction] if info.task.instruction else [],
    )
    return Dialogue(
        run=run("tau_bench", body.decode("utf-8", "replace"), service="tau-bench", release=release),
        agent=Party(name="agent", model=model(""), system=system),
        user=user if info.user_cost else None,
        turns=[_turn(said) for said in result.traj if said.role != "system"],
        start_ns=untimed(index),
        attributes={
            names.CLEW_TAGS: ["tau_bench"],
            **metadata(
                {
                    "task_id": result.task_id,
                    "trial": result.trial,
                    "user_id": info.task.user_id,
                    "user_cost_usd": info.user_cost,
                    "source": info.source,
                }
            ),
        },
        error=info.error,
        error_type="crashed",
    )


def _turn(said: openai.ChatMessage) -> Turn:
    if said.role == "tool":
        content = openai.words(said)
        return Answered(
            speaker="agent",
            call_id=said.tool_call_id or "",
            name=said.name or "",
            content=content,
            is_error=content.startswith("Error"),
        )
    calls = [
        Call(id=call.id or "", name=call.function.name, arguments=call.function.arguments)
        for call in said.calls()
    ]
    return Said(
        speaker="agent" if said.role == "assistant" else "user",
        text=openai.words(said),
        calls=calls,
    )


def _scores(talk: Dialogue, result: _Result) -> list[Score]:
    given = result.info.reward_info
    parts = (given.info if given else None) or _Rewards()
    rewards = {
        "reward": result.reward,
        "reward_actions": parts.r_actions,
        "reward_outputs": parts.r_outputs,
    }
    end_ns = talk.start_ns + len(talk.turns) * SECOND_NS
    return [
        number_score(talk.run, name, value, end_ns)
        for name, value in rewards.items()
        if value is not None
    ]
