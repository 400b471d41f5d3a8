"""The weather desk on Agno."""

from contextlib import suppress

import weather
from otel import tracers, visitor

provider = tracers()

from openinference.instrumentation.agno import AgnoInstrumentor  # noqa: E402

AgnoInstrumentor().instrument(tracer_provider=provider)

from agno.agent import Agent  # noqa: E402
from agno.db.in_memory import InMemoryDb  # noqa: E402
from agno.models.openai import OpenAIChat  # noqa: E402

desk = Agent(
    name=weather.AGENT,
    model=OpenAIChat(id=weather.MODEL, temperature=0.2),
    instructions=weather.SYSTEM,
    tools=[weather.get_weather, weather.get_alerts],
    db=InMemoryDb(),
    add_history_to_context=True,
    telemetry=False,
)
who = {"session_id": weather.SESSION, "user_id": weather.USER}
with visitor("openinference"):
    desk.run(weather.ASKED, **who)
    desk.run(weather.ASKED_ALERTS, **who)
    for _ in desk.run(weather.ASKED_POEM, stream=True, **who):
        pass
    with suppress(Exception):
        desk.run(weather.ASKED_BROKEN, **who)
provider.shutdown()
