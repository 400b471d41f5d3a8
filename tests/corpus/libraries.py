"""The libraries of the corpus: what is installed for each, and which program drives it.

A library that several packages watch is recorded once under each. `unsent` says what a library
doesn't send, by aspect; it is true of the body that lies in its folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from corpus.programs import weather
from corpus.script import answers
from demo.model import Failure, Reply, Request

SDK = ("opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2")


class Library(NamedTuple):
    """One recording: `packages` with their versions, the first of them gives the folder its
    version; `program` is a file beside `weather.py`, run with the argument `watcher`."""

    name: str
    packages: tuple[str, ...]
    program: str
    watcher: str = ""
    agents: tuple[str, ...] = (weather.AGENT,)
    handoff: tuple[str, str] | None = None
    session: str | None = weather.SESSION
    user: str | None = weather.USER
    prompt: str | None = None
    unsent: Mapping[str, str] = {}
    script: Callable[[Request], Reply | Failure] = answers

    @property
    def version(self) -> str:
        """The version of the library itself."""
        return self.packages[0].partition("==")[2]

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
)
