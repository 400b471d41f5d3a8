"""The weather desk on smolagents, which calls tools until it calls `final_answer`."""

from contextlib import suppress

import weather
from otel import tracers, visitor

provider = tracers()

from openinference.instrumentation.smolagents import SmolagentsInstrumentor  # noqa: E402

SmolagentsInstrumentor().instrument(tracer_provider=provider)

from smolagents import OpenAIModel, ToolCallingAgent, tool  # noqa: E402

desk = ToolCallingAgent(
    tools=[tool(weather.get_weather), tool(weather.get_alerts)],
    model=OpenAIModel(weather.MODEL, temperature=0.2),
    instructions=weather.SYSTEM,
    name=weather.AGENT,
    description="Tells the weather.",
    max_steps=5,
    verbosity_level=0,
)
with visitor("openinference"):
    desk.run(weather.ASKED)
    desk.run(weather.ASKED_ALERTS)
    for _ in desk.run(weather.ASKED_POEM, stream=True):
        pass
    with suppress(Exception):
        desk.run(weather.ASKED_BROKEN)
provider.shutdown()
