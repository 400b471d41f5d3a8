"""Results of tau2-bench: one document of `info`, `tasks` and `simulations`.

One run a simulation. Its rewards and how it ended become scores. The agent's input is the policy
and what it had heard; of the policy's wording in the prompt the file says nothing. A price of 0
beside tokens is what the benchmark writes for a model that it has no price for: unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from clew import conventions as names
from clew.errors import BadInput
from clew.score import Score
from clew.span import Attributes
from clew.wire.imports import source
from clew.wire.imports.dialogue import Answered, Call, Dialogue, Party, Said, Speaker, Turn, spans
from clew.wire.imports.models import model, parameters
from clew.wire.imports.openai import Usage, usage
from clew.wire.imports.outline import elements, members
from clew.wire.imports.record import Broken, Record, guarded, records
from clew.wire.imports.run import category_score, metadata, number_score, run
from clew.wire.imports.times import parsed, untimed


class _Speaker(msgspec.Struct, kw_only=True):
    implementation: str = ""
    llm: str | None = None
    llm_args: dict[str, object] | None = None
    global_simulation_guidelines: str | None = None


class _Environment(msgspec.Struct, kw_only=True):
    domain_name: str = ""
    policy: str = ""
    tool_defs: list[dict[str, object]] | dict[str, dict[str, object]] | None = None


class _Info(msgspec.Struct, kw_only=True):
    agent_info: _Speaker
    user_info: _Speaker
    environment_info: _Environment


class _Task(msgspec.Struct, kw_only=True):
    id: str | int
    user_scenario: object = None


class _ToolCall(msgspec.Struct, kw_only=True):
    id: str
    name: str
    arguments: object = None


class _Message(msgspec.Struct, kw_only=True):
    role: str
    content: str | None = None
    tool_calls: list[_ToolCall] | None = None
    reasoning: str | None = None
    timestamp: str | None = None
    cost: float | None = None
    usage: Usage | None = None
    raw_data: dict[str, object] | None = None
    errors: list[str] | None = None
    id: str | None = None
    requestor: str = "assistant"
    error: bool = False


class _Reward(msgspec.Struct, kw_only=True):
    reward: float | None = None
    reward_breakdown: dict[str, float] | None = None


class _Simulation(msgspec.Struct, kw_only=True):
    messages: list[_Message]
    id: str | None = None
    task_id: str | int | None = None
    start_time: str | None = None
    end_time: str | None = None
    termination_reason: str | None = None
    reward_info: _Reward | None = None
    trial: int | None = None
    seed: int | None = None


class _Bench(msgspec.Struct, kw_only=True):
    """What all simulations of a file share."""

    info: _Info
    scenarios: dict[str, object]


def sniff(path: Path, head: bytes) -> bool:
    """Whether this is how tau2-bench writes results."""
    del path
    is_results = b'"agent_info"' in head or b'"simulations"' in head
    return head.lstrip().startswith(b"{") and is_results


def read(path: Path) -> Iterator[Record | Broken]:
    """The simulations, one at a time. Raises BadInput when the file doesn't say who took part."""
    document = source.document(path)
    parts = members(document)
    if "simulations" not in parts or "info" not in parts:
        raise BadInput(f"{path}: tau2 results have `info` and `simulations`, this file doesn't")
    scenarios = parts.get("tasks")
    bench = _Bench(
        info=_decoded(path, "info", parts["info"].of(document), _Info),
        scenarios=_scenarios(document, scenarios.start) if scenarios else {},
    )
    for index, place in enumerate(elements(document, parts["simulations"].start)):
        name = f"simulations[{index}]"
        position = place.end * source.size(path) // len(document)
        found = _records(name, bench, place.of(document), index, position)
        yield from guarded(name, found, position)


def _decoded(path: Path, name: str, body: bytes, wanted: type[_Info]) -> _Info:
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.MsgspecError as exc:
        raise BadInput(f"{path}: {name}: {exc}") from exc


def _scenarios(document: bytes, start: int) -> dict[str, object]:
    """What each user is told to play, by task. A task that can't be read has none."""
    found: dict[str, object] = {}
    for place in elements(document, start):
        try:
            task = msgspec.json.decode(place.of(document), type=_Task)
        except msgspec.MsgspecError:
            continue
        found[str(task.id)] = task.user_scenario
    return found


def _records(name: str, bench: _Bench, body: bytes, index: int, position: int) -> Iterator[Record]:
    simulation = msgspec.json.decode(body, type=_Simulation)
    talk = _dialogue(bench, simulation, body, index)
    yield from records(name, spans(talk), _scores(talk, simulation), position)


def _dialogue(bench: _Bench, simulation: _Simulation, body: bytes, index: int) -> Dialogue:
    info = bench.info
    started = parsed(simulation.start_time or "")
    ended = simulation.termination_reason or ""
    failed = "error" in ended
    return Dialogue(
        run=run(
            "tau2",
            simulation.id or body.decode("utf-8", "replace"),
            service=f"tau2-{info.environment_info.domain_name}".rstrip("-"),
            release=info.agent_info.llm or info.agent_info.implementation,
        ),
        agent=_agent(info),
        user=_user(info, bench.scenarios.get(str(simulation.task_id))),
        turns=list(_turns(simulation.messages)),
        start_ns=untimed(index) if started is None else started,
        end_ns=parsed(simulation.end_time or "") or 0,
        attributes=_attributes(info, simulation),
        error=f"ended by {ended}" if failed else None,
        error_type=ended,
    )


def _agent(info: _Info) -> Party:
    said = info.agent_info
    environment = info.environment_info
    return Party(
        name=said.implementation or "agent",
        model=model(said.llm or ""),
        parameters=parameters(said.llm_args or {}),
        system=[environment.policy] if environment.policy else [],
        tools=_tools(environment),
    )


def _user(info: _Info, scenario: object) -> Party:
    said = info.user_info
    guidelines = said.global_simulation_guidelines
    told = [] if scenario is None else [msgspec.json.format(msgspec.json.encode(scenario)).decode()]
    return Party(
        name=said.implementation or "user_simulator",
        model=model(said.llm or ""),
        parameters=parameters(said.llm_args or {}),
        system=([guidelines] if guidelines else []) + told,
    )


def _tools(environment: _Environment) -> list[dict[str, object]]:
    """The agent's tools, from OpenAI's shape or from the benchmark's own signatures."""
    given = environment.tool_defs or []
    if isinstance(given, list):
        return given
    return [
        {
            "name": name,
            "description": tool.get("doc") or tool.get("description") or "",
            "parameters": tool.get("params") or tool.get("parameters"),
        }
        for name, tool in given.items()
    ]


def _attributes(info: _Info, simulation: _Simulation) -> Attributes:
    return {
        names.CLEW_TAGS: ["tau2", info.environment_info.domain_name],
        **metadata(
            {
                "task_id": simulation.task_id,
                "trial": simulation.trial,
                "seed": simulation.seed,
                "domain": info.environment_info.domain_name,
                "model": info.agent_info.llm,
                "user_model": info.user_info.llm,
                "termination_reason": simulation.termination_reason,
                "simulation_id": simulation.id,
            }
        ),
    }


def _turns(messages: list[_Message]) -> Iterator[Turn]:
    for index, message in enumerate(messages):
        end_ns = parsed(message.timestamp or "")
        if message.role == "tool":
            yield Answered(
                speaker=_speaker(message.requestor),
                call_id=message.id or "",
                content=message.content or "",
                is_error=message.error,
                end_ns=end_ns,
            )
        else:
            # The benchmark itself writes the first greeting.
            greeting = index == 0 and message.role == "assistant" and message.usage is None
            yield _said(message, end_ns, by_model=not greeting)


def _said(message: _Message, end_ns: int | None, *, by_model: bool) -> Said:
    raw = message.raw_data or {}
    empty = not message.content and not message.tool_calls
    calls = message.tool_calls or []
    return Said(
        speaker=_speaker(message.role),
        text=message.content or "",
        reasoning=message.reasoning or _thinking(raw),
        calls=[Call(id=call.id, name=call.name, arguments=call.arguments) for call in calls],
        by_model=by_model,
        finish_reason=str(raw.get("finish_reason") or raw.get("stop_reason") or ""),
        attributes={**_call_attributes(message, raw), **_attempts(message, empty=empty)},
        error=message.errors[-1] if message.errors and empty else None,
        end_ns=end_ns,
    )


def _speaker(role: str) -> Speaker:
    return "agent" if role == "assistant" else "user"


def _call_attributes(message: _Message, raw: dict[str, object]) -> Attributes:
    said = usage(message.usage)
    if message.cost:
        said[names.CLEW_COST_TOTAL_USD] = message.cost
    for key, attribute in (
        ("id", names.GEN_AI_RESPONSE_ID),
        ("model", names.GEN_AI_RESPONSE_MODEL),
    ):
        if isinstance(value := raw.get(key), str):
            said[attribute] = value
    return said


def _attempts(message: _Message, *, empty: bool) -> Attributes:
    """A message with errors that says something came out of a later attempt."""
    return {names.CLEW_RETRIES: len(message.errors)} if message.errors and not empty else {}


def _thinking(raw: dict[str, object]) -> str:
    blocks = raw.get("thinking_blocks")
    if not isinstance(blocks, list):
        return ""
    said = msgspec.convert(blocks, list[dict[str, object]])
    return "\n\n".join(str(block["thinking"]) for block in said if "thinking" in block)


def _scores(talk: Dialogue, simulation: _Simulation) -> list[Score]:
    given = simulation.reward_info or _Reward()
    rewards = {"reward": given.reward} | {
        f"reward_{basis.lower()}": value for basis, value in (given.reward_breakdown or {}).items()
    }
    time_ns = talk.end_ns or talk.start_ns
    scores = [
        number_score(talk.run, name, value, time_ns)
        for name, value in rewards.items()
        if value is not None
    ]
    if simulation.termination_reason:
        ended = simulation.termination_reason
        scores.append(category_score(talk.run, "termination_reason", ended, time_ns))
    return scores
