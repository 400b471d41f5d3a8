"""The weather desk as a LangChain agent, which is a LangGraph graph that remembers its thread."""

import os
import sys
from contextlib import suppress

import weather
from otel import tracers, visitor

WATCHER = sys.argv[1]
if WATCHER == "langsmith":
    os.environ |= {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_OTEL_ENABLED": "true",
        "LANGSMITH_OTEL_ONLY": "true",
        "LANGSMITH_API_KEY": "none",
        "LANGSMITH_ENDPOINT": os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
    }
provider = tracers()


def watch() -> None:
    """Put the instrumentor of `WATCHER` in place; LangSmith's is in LangChain itself."""
    if WATCHER == "openinference":
        from openinference.instrumentation.langchain import LangChainInstrumentor

        LangChainInstrumentor().instrument(tracer_provider=provider)
    elif WATCHER == "openllmetry":
        from opentelemetry.instrumentation.langchain import LangchainInstrumentor

        LangchainInstrumentor().instrument(tracer_provider=provider)


watch()

from langchain.agents import create_agent  # noqa: E402 (instrumented before it is imported)
from langchain.agents.middleware import wrap_tool_call  # noqa: E402
from langchain_core.messages import ToolMessage  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langchain_openai import ChatOpenAI  # noqa: E402
from langgraph.checkpoint.memory import InMemorySaver  # noqa: E402


@wrap_tool_call
def told(request, handler):
    """A tool that fails tells the model so."""
    try:
        return handler(request)
    except weather.StationOffline as error:
        call_id = request.tool_call["id"]
        return ToolMessage(content=str(error), tool_call_id=call_id, status="error")


def talk() -> None:
    """Two turns of one thread, a streamed one and one that breaks."""
    desk = create_agent(
        ChatOpenAI(model=weather.MODEL, temperature=0.2, max_retries=0, stream_usage=True),
        tools=[tool(weather.get_weather), tool(weather.get_alerts)],
        system_prompt=weather.SYSTEM,
        middleware=[told],
        checkpointer=InMemorySaver(),
        name=weather.AGENT,
    )
    config = {
        "configurable": {"thread_id": weather.SESSION},
        "metadata": {"thread_id": weather.SESSION, "user_id": weather.USER},
        "tags": ["corpus"],
    }
    for asked in (weather.ASKED, weather.ASKED_ALERTS):
        desk.invoke({"messages": [{"role": "user", "content": asked}]}, config)
    asked = {"messages": [{"role": "user", "content": weather.ASKED_POEM}]}
    for _ in desk.stream(asked, config, stream_mode="messages"):
        pass
    with suppress(Exception):
        asked = {"messages": [{"role": "user", "content": weather.ASKED_BROKEN}]}
        desk.invoke(asked, config)


with visitor(WATCHER):
    talk()
if WATCHER == "langsmith":
    from langchain_core.tracers.langchain import wait_for_all_tracers
    from langsmith import Client

    wait_for_all_tracers()
    Client().flush()
provider.shutdown()
