"""What the fake model answers the programs of the corpus."""

from __future__ import annotations

from demo.model import Failure, Reply, Request, ToolCall

CITY = {"city": "Zürich"}


def answers(request: Request) -> Reply | Failure:
    """A desk that looks up before it answers, asks again where a tool failed, hands a poem over
    where there is somebody to take it, and can break."""
    if "break" in request.user:
        return Failure(status=400, message="no such thing", code="invalid_request_error")
    if "rain" in request.user or "one line" in request.system:
        return _poem(request)
    if "alerts" in request.user:
        asked = _call(request, "get_alerts", at_most=2)
        return asked or Reply(text="No alerts for Zürich.", cached_tokens=8)
    asked = _call(request, "get_weather", at_most=1)
    return asked or Reply(text="It is sunny in Zürich, 20 degrees.", cached_tokens=4)


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


def _results_of_this_turn(request: Request) -> int:
    """How often tools answered since the user spoke."""
    roles = [message.get("role") for message in request.messages]
    last = max((index for index, role in enumerate(roles) if role == "user"), default=0)
    return roles[last:].count("tool")
