"""The weather desk with Logfire around OpenAI's client; the loop is the program's own."""

import json
from contextlib import suppress

import logfire
import weather
from openai import OpenAI

# It exports to the endpoint of OpenTelemetry's own variable by itself.
logfire.configure(send_to_logfire=False, console=False, service_name="corpus")
client = OpenAI(max_retries=0)
logfire.instrument_openai(client)
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


def run(call) -> dict:
    """The result of a tool call as the next message."""
    message = {"role": "tool", "tool_call_id": call.id}
    try:
        tool = getattr(weather, call.function.name)
        return {**message, "content": tool(**json.loads(call.function.arguments))}
    except weather.StationOffline as error:
        return {**message, "content": str(error)}


def turn(messages: list, asked: str) -> None:
    """Ask until the model answers in words."""
    messages.append({"role": "user", "content": asked})
    while True:
        told = client.chat.completions.create(
            model=weather.MODEL, messages=messages, tools=TOOLS, temperature=0.2
        )
        message = told.choices[0].message
        messages.append(message.model_dump(exclude_none=True))
        if not message.tool_calls:
            return
        messages.extend(run(call) for call in message.tool_calls)


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
logfire.force_flush()
