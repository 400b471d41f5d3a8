"""The travel desk: an ordinary application of several agents on the `openai` client.

A planner answers guests. It asks researchers, several at a time, looks up orders and policies
itself, and hands refunds over to a refund agent, which asks a person above a limit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from openai import OpenAI
from opentelemetry import trace

from clew import conventions as names
from demo import world
from demo.clock import Clock
from demo.recording import Prompt, Recording

Message: TypeAlias = dict[str, Any]
Tool: TypeAlias = Callable[..., object]

APPROVAL_LIMIT_EUR = 500
MAX_TURNS = 20
MAX_ATTEMPTS = 3

tool_call_id: ContextVar[str] = ContextVar("tool_call_id", default="")
"""The id that the model gave the call that is being made."""


class ToolBusyError(Exception):
    """A tool's own server answered 429; worth another attempt."""


class GuardrailViolation(Exception):  # noqa: N818 (what guardrails of frameworks call it)
    """The guard turned the guest's request away."""


class TooManyTurnsError(Exception):
    """The model went on asking for tools."""


def _tool(name: str, description: str, **parameters: str) -> Message:
    properties = {key: {"type": "string", "description": text} for key, text in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    function = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": function}


SEARCH_FLIGHTS = _tool(
    "search_flights", "Flights to a city on a day, cheapest first", city="city", day="ISO date"
)
SEARCH_HOTELS = _tool("search_hotels", "Hotels with the price of a night", city="city")
GET_WEATHER = _tool("get_weather", "Forecast for a city on a day", city="city", day="ISO date")
SEARCH_ORDERS = _tool("search_orders", "What a guest has booked", user="the guest's id")
RETRIEVE_POLICY = _tool("retrieve_policy", "Rules of the travel desk", query="what it is about")
REFUND = _tool("refund", "Pay an order back", order_id="order", amount_eur="euros, a number")
ASK_RESEARCHER = _tool(
    "ask_researcher", "Give a researcher one question about a place", question="one question"
)
TRANSFER = _tool(
    "transfer_to_refund_agent", "Hand the guest over to the refund agent", reason="why"
)

PLANNER_TOOLS = [ASK_RESEARCHER, SEARCH_ORDERS, RETRIEVE_POLICY, TRANSFER]
RESEARCHER_TOOLS = [SEARCH_FLIGHTS, SEARCH_HOTELS, GET_WEATHER]
REFUND_TOOLS = [SEARCH_ORDERS, RETRIEVE_POLICY, REFUND]

RESEARCHER_PROMPT = Prompt(
    name="researcher",
    version="3",
    template=(
        "You are the researcher of a travel desk.\nAnswer the planner's one question from what the "
        "tools return. Give figures, no opinions, and name the source of each figure. If a tool "
        "fails twice, say what is missing instead of guessing."
    ),
)
REFUND_PROMPT = Prompt(
    name="refund",
    version="2",
    template=(
        "You are the refund agent of a travel desk.\nFind the order, read the rule that applies, "
        "then refund exactly what the rule allows. Never promise a refund before the tool has "
        "confirmed it."
    ),
)


@dataclass
class Faults:
    """What goes wrong in a run: by tool, one exception or None for each call in turn."""

    by_tool: Mapping[str, Sequence[BaseException | None]] = field(
        default_factory=dict[str, Sequence[BaseException | None]]
    )
    _calls: dict[str, int] = field(default_factory=dict[str, int])

    def happen(self, tool: str) -> None:
        """Raise what is planned for this call of `tool`."""
        number = self._calls.get(tool, 0)
        self._calls[tool] = number + 1
        planned = self.by_tool.get(tool, ())
        if number < len(planned) and (fault := planned[number]) is not None:
            raise fault


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One run's circumstances."""

    user: str
    prompt: Prompt
    faults: Faults
    approval_s: float | None = None
    """How long a person takes to approve; None leaves the run waiting."""
    guarded: bool = False
    """Ask the guard model first, as staging does, and production since release 1.9.0."""
    language: str = "en"


class Desk:
    """The agents, recorded by `recording`. `clock` is what tools wait by."""

    def __init__(
        self,
        recording: Recording,
        client: OpenAI,
        clock: Clock,
        shift: Shift,
        history: Sequence[Message] = (),
    ) -> None:
        self._recording = recording
        self._client = client
        self._clock = clock
        self._shift = shift
        self._history = history
        self._ended_otherwise = ""
        self.answer = recording.workflow("travel_desk")(self._answer)
        self._planner = recording.agent("planner")(self._plan)
        self._researcher = recording.agent("researcher")(self._research)
        self._refund_agent = recording.agent("refund_agent")(self._handle_refund)
        self._guard = recording.guardrail("check_request")(self._check_request)
        self._approval = recording.human("approval")(self._ask_approval)
        self._policies = recording.retriever("policies")(self._find_policies)
        self._tools: Mapping[str, Tool] = {
            name: recording.tool(name)(function)
            for name, function in {
                "search_flights": self._search_flights,
                "search_hotels": self._search_hotels,
                "get_weather": self._get_weather,
                "search_orders": self._search_orders,
                "retrieve_policy": self._retrieve_policy,
                "refund": self._refund,
            }.items()
        } | {"ask_researcher": self._ask_researcher, "transfer_to_refund_agent": self._transfer}

    def _answer(self, question: object) -> str:
        if self._shift.guarded:
            self._guard(question)
        said = self._planner(question)
        if self._ended_otherwise:
            _outcome(self._ended_otherwise)
        return said

    def _plan(self, question: object) -> str:
        with self._recording.prompt(self._shift.prompt):
            messages = [*self._history, {"role": "user", "content": question}]
            prompt = self._shift.prompt
            return self._converse("gpt-5", prompt.text, messages, PLANNER_TOOLS, stream=True)

    def _research(self, question: str) -> str:
        with self._recording.prompt(RESEARCHER_PROMPT):
            messages: list[Message] = [{"role": "user", "content": question}]
            return self._converse("gpt-5-mini", RESEARCHER_PROMPT.text, messages, RESEARCHER_TOOLS)

    def _handle_refund(self, reason: str) -> str:
        with self._recording.prompt(REFUND_PROMPT):
            messages: list[Message] = [
                {"role": "user", "content": f"Guest {self._shift.user}: {reason}"}
            ]
            return self._converse("gpt-5", REFUND_PROMPT.text, messages, REFUND_TOOLS)

    def _check_request(self, question: object) -> str:
        said = question if isinstance(question, str) else json.dumps(question)
        answered = self._client.chat.completions.create(
            model="travel-guard-mini",
            messages=[{"role": "user", "content": f"Is this about travel? {said[:2000]}"}],
            max_tokens=5,
        )
        verdict = answered.choices[0].message.content or ""
        if verdict == "no":
            raise GuardrailViolation("the request is not about travel")
        return verdict

    def _converse(
        self,
        model: str,
        system: str,
        messages: list[Message],
        tools: list[Message],
        *,
        stream: bool = False,
    ) -> str:
        """Let the model call tools until it answers."""
        conversation: list[Message] = [{"role": "system", "content": system}, *messages]
        for _ in range(MAX_TURNS):
            answered = self._complete(model, conversation, tools, stream=stream)
            calls = cast("list[Message]", answered.get("tool_calls") or [])
            if not calls:
                return self._said(answered)
            conversation.append({k: v for k, v in answered.items() if k != "refusal"})
            conversation.extend(self._call_all(calls))
        raise TooManyTurnsError(f"no answer after {MAX_TURNS} turns")

    def _said(self, answered: Message) -> str:
        if answered.get("refusal"):
            self._ended_otherwise = "refused"
        return str(answered.get("content") or answered.get("refusal") or "")

    def _complete(
        self, model: str, conversation: list[Message], tools: list[Message], *, stream: bool
    ) -> Message:
        create: Callable[..., Any] = self._client.chat.completions.create
        asked = {"model": model, "messages": conversation, "tools": tools}
        if stream:
            chunks = create(**asked, stream=True, stream_options={"include_usage": True})
            return _gathered(chunks)
        message = create(**asked).choices[0].message
        return cast("Message", message.model_dump(exclude_none=True, exclude={"annotations"}))

    def _call_all(self, calls: list[Message]) -> list[Message]:
        """The answers of all calls; several calls are made at the same time."""
        if len(calls) == 1:
            return [self._call(calls[0])]
        answers: list[Message] = []
        with self._clock.parallel() as lanes:
            for call in calls:
                with lanes.lane():
                    answers.append(self._call(call))
        return answers

    def _call(self, call: Message) -> Message:
        function = call["function"]
        token = tool_call_id.set(call["id"])
        try:
            result = self._attempt(function["name"], json.loads(function["arguments"]))
        finally:
            tool_call_id.reset(token)
        content = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
        return {"role": "tool", "tool_call_id": call["id"], "content": content}

    def _attempt(self, name: str, arguments: Mapping[str, Any]) -> object:
        """Call a tool, again where it was busy; what stays busy is told to the model."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return self._tools[name](**arguments)
            except ToolBusyError as error:
                if attempt == MAX_ATTEMPTS:
                    return f"error: {error}"
                self._clock.sleep(1.5**attempt)
        raise AssertionError

    def _ask_researcher(self, question: str) -> str:
        return self._researcher(question)

    def _transfer(self, reason: str) -> str:
        with self._recording.handoff("planner", "refund_agent"):
            pass
        return self._refund_agent(reason)

    def _ask_approval(self, order_id: str, amount_eur: float) -> str:
        if self._shift.approval_s is None:
            _outcome("waiting")
            self._ended_otherwise = "waiting"
            return f"{order_id}: waiting for a colleague to approve {amount_eur} euros"
        self._clock.sleep(self._shift.approval_s)
        return f"{order_id}: {amount_eur} euros approved"

    def _find_policies(self, query: str) -> list[dict[str, object]]:
        embedded = self._client.embeddings.create(model="text-embedding-3-small", input=[query])
        self._clock.sleep(0.03)
        return world.nearest_policies(embedded.data[0].embedding)

    def _search_flights(self, city: str, day: str) -> object:
        """Flights to a city on a day, cheapest first."""
        return self._look_up("search_flights", 0.9, lambda: world.flights(city, day))

    def _search_hotels(self, city: str) -> object:
        """Hotels with the price of a night."""
        return self._look_up("search_hotels", 0.6, lambda: world.hotels(city))

    def _get_weather(self, city: str, day: str) -> object:
        """Forecast for a city on a day."""
        return self._look_up("get_weather", 0.25, lambda: world.weather(city, day))

    def _search_orders(self, user: str) -> object:
        """What a guest has booked."""
        return self._look_up("search_orders", 0.35, lambda: world.orders(user))

    def _retrieve_policy(self, query: str) -> object:
        """Rules of the travel desk."""
        return self._look_up("retrieve_policy", 0.02, lambda: self._policies(query))

    def _refund(self, order_id: str, amount_eur: str) -> object:
        """Pay an order back."""
        if float(amount_eur) > APPROVAL_LIMIT_EUR:
            decided = self._approval(order_id, float(amount_eur))
            if self._ended_otherwise:
                return {"order_id": order_id, "status": "waiting", "note": decided}
        return self._look_up(
            "refund", 1.4, lambda: {"order_id": order_id, "refunded_eur": float(amount_eur)}
        )

    def _look_up(self, tool: str, seconds: float, found: Callable[[], object]) -> object:
        if tool_call_id.get():
            span = trace.get_current_span()
            span.set_attribute(names.GEN_AI_TOOL_CALL_ID, tool_call_id.get())
        self._clock.sleep(seconds)
        self._shift.faults.happen(tool)
        return found()


def _outcome(outcome: str) -> None:
    trace.get_current_span().set_attribute(names.CLEW_OUTCOME, outcome)


def _gathered(chunks: Any) -> Message:
    """A streamed answer as the message that it adds up to."""
    message: Message = {"role": "assistant"}
    for chunk in chunks:
        for choice in chunk.choices:
            delta = choice.delta
            for part in ("content", "refusal"):
                if said := getattr(delta, part, None):
                    message[part] = message.get(part, "") + said
            for call in delta.tool_calls or []:
                asked = {"name": call.function.name, "arguments": call.function.arguments}
                calls = message.setdefault("tool_calls", [])
                calls.append({"id": call.id, "type": "function", "function": asked})
    return message
