"""The weather desk on Anthropic's client alone: the loop around the model is the program's own."""

import sys
from contextlib import suppress

import anthropic
import weather
from otel import tracers, visitor

WATCHER = sys.argv[1]
MODEL = "claude-sonnet-4-5"
TOOLS = [
    {
        "name": tool.__name__,
        "description": tool.__doc__.splitlines()[0],
        "input_schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    }
    for tool in (weather.get_weather, weather.get_alerts)
]


def watch(provider) -> None:
    """Put the instrumentor in place; without one the client tells by itself."""
    if WATCHER == "openinference":
        from openinference.instrumentation.anthropic import AnthropicInstrumentor
    elif WATCHER in ("openllmetry", "twice"):
        from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
    else:
        return
    AnthropicInstrumentor().instrument(tracer_provider=provider)


def run(call) -> dict:
    """The result of a tool call as a block of the next message."""
    block = {"type": "tool_result", "tool_use_id": call.id}
    try:
        return {**block, "content": getattr(weather, call.name)(**call.input)}
    except weather.StationOffline as error:
        return {**block, "content": str(error), "is_error": True}


def turn(client, messages: list[dict], asked: str) -> None:
    """Ask until the model answers in words."""
    messages.append({"role": "user", "content": asked})
    while True:
        told = client.messages.create(
            model=MODEL,
            max_tokens=200,
            system=weather.SYSTEM,
            messages=messages,
            tools=TOOLS,
        )
        content = [block.model_dump(exclude_none=True) for block in told.content]
        messages.append({"role": "assistant", "content": content})
        calls = [block for block in told.content if block.type == "tool_use"]
        if not calls:
            return
        messages.append({"role": "user", "content": [run(call) for call in calls]})


def talk() -> None:
    """Two turns of one conversation, a streamed one and one that breaks."""
    client = anthropic.Anthropic(max_retries=0)
    messages: list[dict] = []
    turn(client, messages, weather.ASKED)
    turn(client, messages, weather.ASKED_ALERTS)
    asked = [{"role": "user", "content": weather.ASKED_POEM}]
    stream = client.messages.create(model=MODEL, max_tokens=200, messages=asked, stream=True)
    for _ in stream:
        pass
    with suppress(anthropic.APIError):
        asked = [{"role": "user", "content": weather.ASKED_BROKEN}]
        client.messages.create(model=MODEL, max_tokens=200, messages=asked)


provider = tracers()
watch(provider)
with visitor(WATCHER):
    talk()
provider.shutdown()
