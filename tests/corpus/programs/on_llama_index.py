"""The weather desk on LlamaIndex's function agent."""

import asyncio
from contextlib import suppress

import weather
from otel import tracers, visitor

provider = tracers()

from openinference.instrumentation.llama_index import LlamaIndexInstrumentor  # noqa: E402

LlamaIndexInstrumentor().instrument(tracer_provider=provider)

from llama_index.core.agent.workflow import FunctionAgent  # noqa: E402
from llama_index.core.memory import ChatMemoryBuffer  # noqa: E402
from llama_index.llms.openai import OpenAI  # noqa: E402


def desk(*, streams: bool) -> FunctionAgent:
    """The agent, which streams its model calls or doesn't."""
    return FunctionAgent(
        name=weather.AGENT,
        description="Tells the weather.",
        llm=OpenAI(model=weather.MODEL, temperature=0.2, max_retries=0),
        system_prompt=weather.SYSTEM,
        tools=[weather.get_weather, weather.get_alerts],
        streaming=streams,
    )


async def talk() -> None:
    """Two turns of one conversation, a streamed one and one that breaks."""
    memory = ChatMemoryBuffer.from_defaults(token_limit=4000)
    agent = desk(streams=False)
    await agent.run(weather.ASKED, memory=memory)
    await agent.run(weather.ASKED_ALERTS, memory=memory)
    await desk(streams=True).run(weather.ASKED_POEM)
    with suppress(Exception):
        await agent.run(weather.ASKED_BROKEN)


with visitor("openinference"):
    asyncio.run(talk())
provider.shutdown()
