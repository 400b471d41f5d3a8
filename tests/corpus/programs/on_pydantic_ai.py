"""The weather desk on Pydantic AI, which tells OpenTelemetry by itself."""

from contextlib import suppress

import weather
from otel import tracers
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel

provider = tracers()
Agent.instrument_all(InstrumentationSettings(tracer_provider=provider))
desk = Agent(
    OpenAIChatModel(weather.MODEL, settings={"temperature": 0.2}),
    name=weather.AGENT,
    instructions=weather.SYSTEM,
    retries=2,
)


@desk.tool_plain
def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather.get_weather(city)


@desk.tool_plain
def get_alerts(city: str) -> str:
    """The weather alerts for a city."""
    try:
        return weather.get_alerts(city)
    except weather.StationOffline as error:
        raise ModelRetry(str(error)) from error


def talk() -> None:
    """Two turns of one conversation, a streamed one and one that breaks."""
    first = desk.run_sync(weather.ASKED, conversation_id=weather.SESSION)
    desk.run_sync(
        weather.ASKED_ALERTS,
        message_history=first.all_messages(),
        conversation_id=weather.SESSION,
    )
    with desk.run_stream_sync(weather.ASKED_POEM, conversation_id=weather.SESSION) as streamed:
        for _ in streamed.stream_text():
            pass
    with suppress(Exception):
        desk.run_sync(weather.ASKED_BROKEN, conversation_id=weather.SESSION)


talk()
provider.shutdown()
