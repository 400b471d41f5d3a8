"""What the fake model answers the programs of the corpus."""

from __future__ import annotations

import json
from dataclasses import replace

from demo.model import Failure, Reply, Request, ToolCall, message_text

CITY = {"city": "Zürich"}
_OBSERVED = ("Observation:", "Error:", "Call id:")


def answers(request: Request) -> Reply | Failure:
    """What the model says; who offers a tool for the final answer gets its words by that."""
    reply = _answer(request)
    if isinstance(reply, Reply) and reply.text and "final_answer" in request.tools:
        final = ToolCall(name="final_answer", arguments={"answer": reply.text})
        return replace(reply, text="", tool_calls=(final,))
    return reply


def fields(request: Request) -> Reply | Failure:
    """The same desk for DSPy, which asks for fields of text and offers no tools."""
    asked = request.user
    if "break" in asked:
        return Failure(status=400, message="no such thing", code="invalid_request_error")
    if "rain" in asked:
        said = {"answer": "Rain taps the roof all night."}
    elif "`[[ ## next_thought ## ]]`" not in asked:
        said = {"reasoning": "The tools told it.", "answer": "It is sunny, and no alerts."}
    else:
        said = _next_step(asked)
    marked = "\n\n".join(f"[[ ## {name} ## ]]\n{told}" for name, told in said.items())
    return Reply(text=f"{marked}\n\n[[ ## completed ## ]]")


def _next_step(asked: str) -> dict[str, str]:
    """The weather, the alerts until they are told, and then an end."""
    steps = asked.count("## tool_name_") or asked.count("## observation_")
    name = ("get_weather", "get_alerts", "get_alerts", "finish")[min(steps, 3)]
    given = "{}" if name == "finish" else json.dumps(CITY, ensure_ascii=False)
    return {"next_thought": "Look it up.", "next_tool_name": name, "next_tool_args": given}


def _answer(request: Request) -> Reply | Failure:
    """A desk that looks up before it answers, asks again where a tool failed, hands a poem over
    where there is somebody to take it, and can break."""
    asked = _turn(request)[0][1]
    if "break" in asked:
        return Failure(status=400, message="no such thing", code="invalid_request_error")
    if "rain" in asked or "one line" in request.system:
        return _poem(request)
    if "alerts" in asked:
        call = _call(request, "get_alerts", at_most=2)
        return call or Reply(text="No alerts for Zürich.", cached_tokens=8)
    call = _call(request, "get_weather", at_most=1)
    return call or Reply(text="It is sunny in Zürich, 20 degrees.", cached_tokens=4)


def _poem(request: Request) -> Reply:
    if "transfer_to_poet" in request.tools:
        return Reply(tool_calls=(ToolCall(name="transfer_to_poet"),))
    if "transfer_to_agent" in request.tools and "one line" not in request.system:
        handed = ToolCall(name="transfer_to_agent", arguments={"agent_name": "poet"})
        return Reply(tool_calls=(handed,))
    return Reply(text="Rain taps the roof all night, and nobody minds.", reasoning_tokens=7)


def _call(request: Request, name: str, *, at_most: int) -> Reply | None:
    """A call of a tool, where it is offered and didn't answer that often since the user spoke.

    Libraries put names of their own before that of a tool.
    """
    offered = next((tool for tool in request.tools if tool.endswith(name)), "")
    if not offered or _results_of_this_turn(request) >= at_most:
        return None
    return Reply(tool_calls=(ToolCall(name=offered, arguments=CITY),))


def _turn(request: Request) -> list[tuple[str, str]]:
    """Role and text of the messages since the user spoke, with that of the user.

    Some libraries tell the model what a tool gave in the name of the user.
    """
    said = [(str(m.get("role")), message_text(m)) for m in request.messages]
    spoken = [index for index, (role, text) in enumerate(said) if _is_asked(role, text)]
    return said[spoken[-1] :] if spoken else said


def _is_asked(role: str, text: str) -> bool:
    return role == "user" and not text.startswith(_OBSERVED)


def _results_of_this_turn(request: Request) -> int:
    """How often tools answered since the user spoke."""
    turn = _turn(request)[1:]
    return sum(role == "tool" or text.startswith(_OBSERVED) for role, text in turn)
