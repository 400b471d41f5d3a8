"""The libraries of the corpus: what is installed for each, and which program drives it.

A library that several packages watch is recorded once under each. `unsent` says what a library
doesn't send, by aspect; it is true of the body that lies in its folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from corpus.programs import weather
from corpus.script import answers, fields
from demo.model import Failure, Reply, Request

_NODE_SDK = (
    "@opentelemetry/sdk-trace-node@2.12.1",
    "@opentelemetry/sdk-trace-base@2.12.1",
    "@opentelemetry/exporter-trace-otlp-proto@0.223.1",
    "@opentelemetry/resources@2.12.1",
)
SDK = ("opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2")


class Library(NamedTuple):
    """One recording: `packages` with their versions, the first of them gives the folder its
    version; `program` is a file beside `weather.py`, run with the argument `watcher`: for Python,
    or with a suffix of its own for Node.

    `tools_watched` is False for clients of models: their programs run the tools by themselves."""

    name: str
    packages: tuple[str, ...]
    program: str
    watcher: str = ""
    agents: tuple[str, ...] = (weather.AGENT,)
    handoff: tuple[str, str] | None = None
    tools_watched: bool = True
    session: str | None = weather.SESSION
    user: str | None = weather.USER
    prompt: str | None = None
    unsent: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}
    script: Callable[[Request], Reply | Failure] = answers

    @property
    def version(self) -> str:
        """The version of the library itself."""
        return self.packages[0].replace("@", "==").partition("==")[2]

    @property
    def folder(self) -> str:
        """The name of the folder: library, version, and who watched where that is another."""
        return "-".join(filter(None, (self.name, self.version, self.watcher)))

    @property
    def key(self) -> str:
        """What `make corpus LIBRARY=` calls it."""
        return "-".join(filter(None, (self.name, self.watcher)))


LIBRARIES = (
    Library(
        name="openai-agents",
        packages=(
            "openai-agents==0.24.0",
            "opentelemetry-instrumentation-openai-agents==0.62.4",
            *SDK,
        ),
        program="on_openai_agents",
        agents=(weather.AGENT, weather.POET),
        handoff=(weather.AGENT, weather.POET),
        watcher="openllmetry",
        unsent={
            "calls": "a call that failed doesn't tell its model",
            "messages": "a call that failed doesn't tell what was asked",
            "session": "the group of a trace is not sent",
            "user": "the metadata of a trace is not sent",
            "handoff": "the agent that takes over is called unknown",
        },
    ),
    Library(
        name="openai-agents",
        packages=(
            "openai-agents==0.24.0",
            "openinference-instrumentation-openai-agents==2.6.0",
            *SDK,
        ),
        program="on_openai_agents",
        agents=(weather.AGENT, weather.POET),
        handoff=(weather.AGENT, weather.POET),
        watcher="openinference",
        unsent={
            "calls": "a call that failed doesn't tell its model",
            "messages": "a call that failed doesn't tell what was asked",
        },
    ),
    Library(
        name="langgraph",
        packages=(
            "langgraph==1.2.24",
            "langchain==1.5.2",
            "langchain-openai==1.7.4",
            "openinference-instrumentation-langchain==0.1.80",
            *SDK,
        ),
        program="on_langgraph",
        watcher="openinference",
    ),
    Library(
        name="langgraph",
        packages=(
            "langgraph==1.2.24",
            "langchain==1.5.2",
            "langchain-openai==1.7.4",
            "opentelemetry-instrumentation-langchain==0.62.4",
            *SDK,
        ),
        program="on_langgraph",
        watcher="openllmetry",
        unsent={"tokens": "reasoning tokens are not sent"},
    ),
    Library(
        name="langgraph",
        packages=(
            "langgraph==1.2.24",
            "langchain==1.5.2",
            "langchain-openai==1.7.4",
            "langsmith[otel]==0.15.1",
            *SDK,
        ),
        program="on_langgraph",
        watcher="langsmith",
    ),
    Library(
        name="pydantic-ai",
        packages=("pydantic-ai-slim[openai]==2.68.0", *SDK),
        program="on_pydantic_ai",
        user=None,
        unsent={"messages": "a call that failed doesn't tell what was asked"},
    ),
    Library(
        name="google-adk",
        packages=("google-adk==2.13.0", "opentelemetry-exporter-otlp-proto-http"),
        program="on_google_adk",
        variables={"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"},
        agents=(weather.AGENT, weather.POET),
        handoff=(weather.AGENT, weather.POET),
        unsent={"user": "users are not sent"},
    ),
    Library(
        name="google-adk",
        packages=("google-adk==2.13.0", "opentelemetry-exporter-otlp-proto-http"),
        program="on_google_adk",
        watcher="first-schema",
        variables={"ADK_TELEMETRY_SCHEMA_VERSION_OPT_IN": "1"},
        agents=(weather.AGENT, weather.POET),
        handoff=(weather.AGENT, weather.POET),
        unsent={
            "user": "users are not sent",
            "messages": "a call that failed doesn't tell what was asked",
        },
    ),
    Library(
        name="anthropic",
        packages=("anthropic==2.14.0", *SDK),
        program="on_anthropic",
        variables={"ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE": "content"},
        agents=(),
        session=None,
        user=None,
        tools_watched=False,
        unsent={"messages": "the words of a streamed answer are not sent"},
    ),
    Library(
        name="anthropic",
        packages=(
            "anthropic==2.14.0",
            "openinference-instrumentation-anthropic==3.1.0",
            *SDK,
        ),
        program="on_anthropic",
        watcher="openinference",
        variables={"ANTHROPIC_OPEN_TELEMETRY": "false"},
        agents=(),
        tools_watched=False,
    ),
    Library(
        name="anthropic",
        packages=(
            "anthropic==2.14.0",
            "opentelemetry-instrumentation-anthropic==0.62.4",
            *SDK,
        ),
        program="on_anthropic",
        watcher="openllmetry",
        variables={"ANTHROPIC_OPEN_TELEMETRY": "false"},
        agents=(),
        session=None,
        user=None,
        tools_watched=False,
        unsent={
            "tokens": "a streamed call adds the token it began with to its final count",
            "cost": "computed from the tokens of a streamed call",
        },
    ),
    Library(
        name="anthropic",
        packages=(
            "anthropic==2.14.0",
            "opentelemetry-instrumentation-anthropic==0.62.4",
            *SDK,
        ),
        program="on_anthropic",
        watcher="twice",
        variables={"ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE": "content"},
        agents=(),
        session=None,
        user=None,
        tools_watched=False,
        unsent={
            "tokens": "a streamed call adds the token it began with to its final count",
            "cost": "computed from the tokens of a streamed call",
            "calls": "a call that failed has no id by which two reports of it are one",
        },
    ),
    Library(
        name="strands",
        packages=("strands-agents[otel,openai]==1.62.0",),
        program="on_strands",
        unsent={"tokens": "reasoning tokens are not sent"},
    ),
    Library(
        name="smolagents",
        packages=(
            "smolagents[openai]==1.26.0",
            "openinference-instrumentation-smolagents==0.1.43",
            *SDK,
        ),
        program="on_smolagents",
        unsent={
            "calls": "a call that failed doesn't tell its model",
            "messages": "messages that it joins before it sends them are told one by one",
            "tokens": "cached and reasoning tokens are not sent",
            "cost": "computed from tokens without the cached ones",
        },
        watcher="openinference",
    ),
    Library(
        name="agno",
        packages=(
            "agno==3.1.10",
            "openai==3.57.0",
            "openinference-instrumentation-agno==1.0.15",
            *SDK,
        ),
        program="on_agno",
        unsent={"tokens": "reasoning tokens of a streamed call are not sent"},
        watcher="openinference",
    ),
    Library(
        name="llama-index",
        packages=(
            "llama-index-core==0.14.25",
            "llama-index-llms-openai==0.8.3",
            "openinference-instrumentation-llama-index==4.6.1",
            *SDK,
        ),
        program="on_llama_index",
        unsent={"agent": "the name of an agent is sent only inside of printed objects"},
        watcher="openinference",
    ),
    Library(
        name="dspy",
        packages=("dspy==3.4.1", "openinference-instrumentation-dspy==0.1.48", *SDK),
        program="on_dspy",
        agents=("ReAct",),
        unsent={
            "tokens": "tokens are not sent",
            "counted once": "tokens are not sent",
            "cost": "tokens are not sent",
        },
        script=fields,
        watcher="openinference",
    ),
    Library(
        name="crewai",
        packages=(
            "crewai==1.15.30",
            "openinference-instrumentation-crewai==1.1.21",
            "openinference-instrumentation-openai==0.1.66",
            *SDK,
        ),
        program="on_crewai",
        watcher="openinference",
    ),
    Library(
        name="litellm",
        packages=("litellm==1.110.2", "openinference-instrumentation-litellm==0.1.51", *SDK),
        program="on_litellm",
        unsent={"calls": "the model is sent only inside of answers that call a tool"},
        watcher="openinference",
        agents=(),
        tools_watched=False,
    ),
    Library(
        name="langfuse",
        packages=("langfuse==5.0.4", "openai==3.57.0", *SDK),
        program="on_langfuse",
    ),
    Library(
        name="ai-sdk",
        packages=(
            "ai@7.0.173",
            "@ai-sdk/otel@1.0.173",
            "@ai-sdk/openai@4.0.118",
            "zod@4.6.7",
            *_NODE_SDK,
        ),
        program="on_ai_sdk.mjs",
        session=None,
        user=None,
        unsent={"tokens": "reasoning tokens are not sent"},
    ),
    Library(
        name="ai-sdk",
        packages=("ai@5.0.277", "@ai-sdk/openai@2.0.131", "zod@4.6.7", *_NODE_SDK),
        program="on_ai_sdk.mjs",
        watcher="fifth",
        unsent={
            "tokens": "cached tokens are sent only for streamed calls",
            "cost": "computed from tokens without the cached ones",
        },
    ),
    Library(
        name="logfire",
        packages=("logfire==5.4.0", "openai==3.57.0", *SDK),
        program="on_logfire",
        unsent={"tokens": "reasoning tokens of a streamed call are not sent"},
        agents=(),
        session=None,
        user=None,
        tools_watched=False,
    ),
)
