"""The weather desk on the OpenAI Agents SDK, with a colleague that the poem is handed to."""

import asyncio
import sys
from contextlib import suppress

import weather
from agents import (
    Agent,
    ModelSettings,
    RunConfig,
    Runner,
    SQLiteSession,
    function_tool,
    set_trace_processors,
)
from otel import tracers, visitor


def watch(provider) -> None:
    """Put the instrumentor of `watcher` in place."""
    if sys.argv[1] == "openinference":
        from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor
    else:
        from opentelemetry.instrumentation.openai_agents import OpenAIAgentsInstrumentor
    OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)


async def talk() -> None:
    """Two turns of one session, a streamed one and one that breaks."""
    poet = Agent(name=weather.POET, instructions=weather.POET_SYSTEM, model=weather.MODEL)
    desk = Agent(
        name=weather.AGENT,
        instructions=weather.SYSTEM,
        model=weather.MODEL,
        tools=[function_tool(weather.get_weather), function_tool(weather.get_alerts)],
        handoffs=[poet],
        model_settings=ModelSettings(temperature=0.2),
    )
    session = SQLiteSession(weather.SESSION)
    config = RunConfig(
        workflow_name="weather",
        group_id=weather.SESSION,
        trace_metadata={"user_id": weather.USER},
    )
    for asked in (weather.ASKED, weather.ASKED_ALERTS):
        await Runner.run(desk, asked, session=session, run_config=config)
    streamed = Runner.run_streamed(desk, weather.ASKED_POEM, run_config=config)
    async for _ in streamed.stream_events():
        pass
    with suppress(Exception):
        await Runner.run(desk, weather.ASKED_BROKEN, run_config=config)


# The SDK's own exporter would send to its maker.
set_trace_processors([])
provider = tracers()
watch(provider)
with visitor(sys.argv[1]):
    asyncio.run(talk())
provider.shutdown()
