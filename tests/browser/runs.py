"""The runs that the tests of the web app look at."""

from __future__ import annotations

import json
from typing import NamedTuple

import make
from clew.span import Span

HOSTILE = '<img src=x onerror="alert(1)"><script>window.owned = true</script>'
MARKDOWN = "# Two nights\n\nBooked **Hotel Bristol** in `Oslo`:\n\n- Friday\n- Saturday"


def said(role: str, *parts: dict[str, object] | str) -> dict[str, object]:
    """A message in the form of the GenAI conventions; a part that is text is its content."""
    whole = [{"type": "text", "content": part} if isinstance(part, str) else part for part in parts]
    return {"role": role, "parts": whole}


def call(name: str, **arguments: object) -> dict[str, object]:
    """A model asks for a tool."""
    return {"type": "tool_call", "id": f"call-{name}", "name": name, "arguments": arguments}


def result(name: str, response: object) -> dict[str, object]:
    """What came back of `call(name)`."""
    return {"type": "tool_call_response", "id": f"call-{name}", "response": response}


class Trip(NamedTuple):
    """An agent that looks for a hotel, asks another agent and answers."""

    planner: Span
    look: Span
    researcher: Span
    ask: Span
    answer: Span


def trip(**of_the_run: object) -> Trip:
    """A run that went well, with a conversation of every role in its last call of the model."""
    planner = make.agent(
        "planner", input__value="Plan a trip to Oslo", output__value="Booked.", **of_the_run
    )
    look = make.tool("find_hotels", parent=planner, gen_ai__tool__call__id="call-find_hotels")
    researcher = make.agent("researcher", parent=planner)
    ask = make.llm("ask for the weather", parent=researcher)
    conversation = [
        said("user", "Two nights in Oslo, please."),
        said("assistant", "I look for hotels.", call("find_hotels", city="Oslo")),
        said("tool", result("find_hotels", {"hotel": "Hotel Bristol"})),
    ]
    answer = make.llm(
        "write the answer",
        parent=planner,
        gen_ai__system_instructions=json.dumps([{"type": "text", "content": "You book hotels."}]),
        gen_ai__input__messages=json.dumps(conversation),
        gen_ai__output__messages=json.dumps([said("assistant", MARKDOWN)]),
        gen_ai__usage__input_tokens=1_200,
        billing__account="acme-42",
    )
    return Trip(planner, look, researcher, ask, answer)


def failed() -> tuple[Span, Span]:
    """A run that ended in an error: the agent, and the tool that broke."""
    agent = make.agent("checkout", error="the card was declined")
    return agent, make.tool("charge_card", parent=agent, error="the card was declined")


def hostile() -> tuple[Span, Span]:
    """A run whose every text is a script."""
    agent = make.agent(HOSTILE, input__value=HOSTILE, output__value=HOSTILE)
    spoken = json.dumps([said("user", HOSTILE)])
    answered = json.dumps([said("assistant", HOSTILE, call("run", code=HOSTILE))])
    ask = make.llm(
        HOSTILE,
        parent=agent,
        error=HOSTILE,
        gen_ai__input__messages=spoken,
        gen_ai__output__messages=answered,
        **{HOSTILE: HOSTILE},
    )
    return agent, ask


def large() -> list[Span]:
    """10,000 spans: 99 agents below one, each with 100 tools, all of different names."""
    root = make.agent("conductor", start_ns=make.T0)
    below = [
        make.agent(f"worker {n}", parent=root, start_ns=make.T0 + n * make.SECOND)
        for n in range(1, 100)
    ]
    tools = [
        make.tool(f"tool {k}", parent=worker, start_ns=worker.start_ns + k * 1_000_000)
        for worker in below
        for k in range(1, 101)
    ]
    return [root, *below, *tools]


def blocked() -> tuple[Span, Span]:
    """A run that a guard stopped: the exception went through the agent, and nothing broke."""
    why = {"error": "not about travel", "error__type": "desk.GuardrailViolation"}
    agent = make.agent("desk", input__value="Write my essay", **why)
    return agent, make.tool("check_request", parent=agent, **why)


class Talk(NamedTuple):
    """An agent whose second call repeats the first one's messages and adds a tool's result, whose
    third call starts over from a summary; and a researcher below it."""

    planner: Span
    first: Span
    look: Span
    second: Span
    third: Span
    researcher: Span
    aside: Span


def talk() -> Talk:
    """A run to be read as a conversation."""
    planner = make.agent("planner")

    def speak(
        parent: Span, history: list[dict[str, object]], answer: dict[str, object], tokens: int
    ) -> Span:
        return make.llm(
            parent=parent,
            gen_ai__system_instructions=json.dumps(
                [{"type": "text", "content": "You book hotels and nothing else."}]
            ),
            gen_ai__input__messages=json.dumps(history),
            gen_ai__output__messages=json.dumps([answer]),
            gen_ai__usage__input_tokens=tokens,
        )

    question = [said("user", "Hello."), said("user", "Two nights in Oslo, please.")]
    ask = said("assistant", "I look.", call("find_hotels", city="Oslo"))
    found = said("tool", result("find_hotels", {"hotel": "Bristol"}))
    first = speak(planner, question, ask, 100)
    look = make.tool("find_hotels", parent=planner, gen_ai__tool__call__id="call-find_hotels")
    second = speak(planner, [*question, ask, found], said("assistant", "Booked Bristol."), 300)
    summary = [said("user", "Summary: Bristol is booked.")]
    third = speak(planner, summary, said("assistant", "Anything else?"), 60)
    researcher = make.agent("researcher", parent=planner)
    aside = speak(researcher, [said("user", "Weather?")], said("assistant", "Sunny."), 40)
    return Talk(planner, first, look, second, third, researcher, aside)
