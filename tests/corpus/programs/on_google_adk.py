"""The weather desk on Google's Agent Development Kit, with a poet to hand over to."""

import asyncio
from contextlib import suppress

import weather
from otel import tracers

provider = tracers()

from google.adk.agents import Agent  # noqa: E402 (after the tracer provider is in place)
from google.adk.agents.run_config import RunConfig, StreamingMode  # noqa: E402
from google.adk.runners import InMemoryRunner  # noqa: E402
from google.genai.types import Content, Part  # noqa: E402

MODEL = "gemini-2.5-flash"


def get_alerts(city: str) -> dict:
    """The weather alerts for a city."""
    try:
        return {"result": weather.get_alerts(city)}
    except weather.StationOffline as error:
        return {"error": str(error)}


async def talk() -> None:
    """Two turns of one session, a streamed one that is handed over, and one that breaks."""
    poet = Agent(name=weather.POET, model=MODEL, instruction=weather.POET_SYSTEM)
    desk = Agent(
        name=weather.AGENT,
        model=MODEL,
        instruction=weather.SYSTEM,
        tools=[weather.get_weather, get_alerts],
        sub_agents=[poet],
    )
    runner = InMemoryRunner(agent=desk, app_name="weather")
    service = runner.session_service
    await service.create_session(
        app_name="weather", user_id=weather.USER, session_id=weather.SESSION
    )
    for asked in (
        weather.ASKED,
        weather.ASKED_ALERTS,
        weather.ASKED_POEM,
        weather.ASKED_BROKEN,
    ):
        mode = StreamingMode.SSE if asked == weather.ASKED_POEM else StreamingMode.NONE
        with suppress(Exception):
            async for _ in runner.run_async(
                user_id=weather.USER,
                session_id=weather.SESSION,
                new_message=Content(role="user", parts=[Part(text=asked)]),
                run_config=RunConfig(streaming_mode=mode),
            ):
                pass


asyncio.run(talk())
provider.shutdown()
