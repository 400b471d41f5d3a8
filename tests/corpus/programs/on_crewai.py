"""The weather desk as a crew of one on CrewAI."""

import os
from contextlib import suppress

import weather
from otel import tracers, visitor

os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false"}
provider = tracers()

from openinference.instrumentation.crewai import CrewAIInstrumentor  # noqa: E402
from openinference.instrumentation.openai import OpenAIInstrumentor  # noqa: E402

CrewAIInstrumentor().instrument(tracer_provider=provider)
OpenAIInstrumentor().instrument(tracer_provider=provider)

from crewai import LLM, Agent, Crew, Task  # noqa: E402
from crewai.tools import tool  # noqa: E402


def ask(question: str, *, stream: bool = False) -> None:
    """A crew with one task."""
    desk = Agent(
        role=weather.AGENT,
        goal="Tell the weather",
        backstory=weather.SYSTEM,
        llm=LLM(model=f"openai/{weather.MODEL}", temperature=0.2, stream=stream),
        tools=[tool("get_weather")(weather.get_weather), tool("get_alerts")(weather.get_alerts)],
    )
    task = Task(description=question, expected_output="One line", agent=desk)
    Crew(agents=[desk], tasks=[task], name="weather").kickoff()


with visitor("openinference"):
    ask(weather.ASKED)
    ask(weather.ASKED_ALERTS)
    ask(weather.ASKED_POEM, stream=True)
    with suppress(Exception):
        ask(weather.ASKED_BROKEN)
provider.shutdown()
