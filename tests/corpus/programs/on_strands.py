"""The weather desk on Strands Agents, which tells OpenTelemetry by itself."""

from contextlib import suppress

import weather
from otel import tracers
from strands import Agent, tool
from strands.models.openai import OpenAIModel

provider = tracers()


def desk(messages: list) -> Agent:
    """An agent that goes on from `messages`."""
    return Agent(
        model=OpenAIModel(model_id=weather.MODEL, params={"temperature": 0.2}),
        name=weather.AGENT,
        system_prompt=weather.SYSTEM,
        tools=[tool(weather.get_weather), tool(weather.get_alerts)],
        messages=messages,
        trace_attributes={"session.id": weather.SESSION, "user.id": weather.USER},
        callback_handler=None,
    )


first = desk([])
first(weather.ASKED)
first(weather.ASKED_ALERTS)
desk([])(weather.ASKED_POEM)
with suppress(Exception):
    desk([])(weather.ASKED_BROKEN)
provider.shutdown()
