"""The weather desk with Langfuse's client and its wrapper of OpenAI's: observations of any kind."""

import json
import os
from contextlib import suppress

import weather

os.environ |= {
    "LANGFUSE_PUBLIC_KEY": "pk-lf-corpus",
    "LANGFUSE_SECRET_KEY": "none",
    "LANGFUSE_HOST": os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
    "LANGFUSE_BASE_URL": os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
    "LANGFUSE_TRACING_ENVIRONMENT": "test",
    "LANGFUSE_RELEASE": "r1",
}

from langfuse import get_client, observe, propagate_attributes
from langfuse.openai import OpenAI

client = OpenAI(max_retries=0)
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": tool.__name__,
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
    for tool in (weather.get_weather, weather.get_alerts)
]
get_weather = observe(name="get_weather", as_type="tool")(weather.get_weather)
get_alerts = observe(name="get_alerts", as_type="tool")(weather.get_alerts)


def run(call) -> dict:
    """The result of a tool call as the next message."""
    message = {"role": "tool", "tool_call_id": call.id}
    tool = {"get_weather": get_weather, "get_alerts": get_alerts}[call.function.name]
    try:
        return {**message, "content": tool(**json.loads(call.function.arguments))}
    except weather.StationOffline as error:
        return {**message, "content": str(error)}


@observe(name=weather.AGENT, as_type="agent")
def turn(messages: list, asked: str) -> str:
    """Ask until the model answers in words."""
    messages.append({"role": "user", "content": asked})
    while True:
        told = client.chat.completions.create(
            model=weather.MODEL, messages=messages, tools=TOOLS, temperature=0.2
        )
        message = told.choices[0].message
        messages.append(message.model_dump(exclude_none=True))
        if not message.tool_calls:
            return message.content
        messages.extend(run(call) for call in message.tool_calls)


def talk() -> None:
    """Two turns of one conversation, a streamed one and one that breaks."""
    messages = [{"role": "system", "content": weather.SYSTEM}]
    turn(messages, weather.ASKED)
    turn(messages, weather.ASKED_ALERTS)
    poem = [{"role": "user", "content": weather.ASKED_POEM}]
    options = {"stream": True, "stream_options": {"include_usage": True}}
    for _ in client.chat.completions.create(model=weather.MODEL, messages=poem, **options):
        pass
    with suppress(Exception):
        broken = [{"role": "user", "content": weather.ASKED_BROKEN}]
        client.chat.completions.create(model=weather.MODEL, messages=broken)


with propagate_attributes(
    session_id=weather.SESSION,
    user_id=weather.USER,
    tags=["corpus"],
    metadata={"tier": "gold"},
    trace_name="weather",
):
    talk()
get_client().flush()
