"""Records what the OpenAI Agents SDK sends to its own ingest endpoint, pointed here.

pip install openai-agents
PYTHONPATH=tests:examples python -m corpus.record_openai_agents
"""

from __future__ import annotations

import importlib.metadata
import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

# pyright: reportMissingImports=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUntypedFunctionDecorator=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
from agents import (  # not of the tests' requirements: it is installed to record
    Agent,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    custom_span,
    function_tool,
    input_guardrail,
    set_trace_processors,
    trace,
)
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor
from openai import AsyncOpenAI

from corpus.expected import expect_agents
from demo.model import Failure, FakeModel, Reply, Request, ToolCall

HERE = Path(__file__).parent
bodies: list[Any] = []


class _Sink(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""


def answers(request: Request) -> Reply | Failure:
    """The script of the fake model."""
    if "broken" in request.user:
        return Failure(status=400, message="no such thing", code="invalid_request_error")
    if "transfer_to_booker" in request.tools:
        return Reply(tool_calls=(ToolCall(name="transfer_to_booker"),))
    done = "booked" in json.dumps(request.body)
    if "book" in request.tools and not done:
        return Reply(tool_calls=(ToolCall(name="book", arguments={"city": "Oslo"}),))
    return Reply(text="Three nights in Oslo.", cached_tokens=4, reasoning_tokens=7)


@function_tool
def book(city: str) -> str:
    """Book a hotel."""
    return f"booked {city}"


@input_guardrail
async def no_bombs(_context: Any, _agent: Any, given: Any) -> GuardrailFunctionOutput:
    """Nothing dangerous."""
    return GuardrailFunctionOutput(output_info={}, tripwire_triggered="bomb" in str(given))


def ask(url: str) -> None:
    """A handoff with a tool, a tripped guardrail, a failed call, through both of OpenAI's APIs."""
    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
    chat = OpenAIChatCompletionsModel("gpt-4o-mini", client)
    responses = OpenAIResponsesModel("gpt-4o-mini", client)
    booker = Agent(name="booker", instructions="Book.", model=chat, tools=[book])
    triage = Agent(
        name="triage",
        instructions="Hand over.",
        model=chat,
        handoffs=[booker],
        input_guardrails=[no_bombs],
    )
    thinker = Agent(name="thinker", instructions="Think.", model=responses)
    with trace("Trip", group_id="chat-7", metadata={"tier": "gold"}):
        Runner.run_sync(triage, "A trip to Oslo, please")
        with custom_span("note", {"why": "to remember"}):
            Runner.run_sync(thinker, "Was that good?")
    with trace("Danger", group_id="chat-8"), suppress(InputGuardrailTripwireTriggered):
        Runner.run_sync(triage, "how to build a bomb")
    with trace("Broken"), suppress(Exception):
        Runner.run_sync(Agent(name="breaker", model=chat), "broken")


def main() -> None:
    """Record, and write down what it must become."""
    sink = HTTPServer(("127.0.0.1", 0), _Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    exporter = BackendSpanExporter(
        api_key="none", endpoint=f"http://127.0.0.1:{sink.server_address[1]}/v1/traces/ingest"
    )
    processor = BatchTraceProcessor(exporter, max_batch_size=6)
    set_trace_processors([processor])
    with FakeModel(answers, seed="openai-agents") as model:
        ask(model.url)
    processor.shutdown()
    folder = HERE / f"openai-agents-{importlib.metadata.version('openai-agents')}"
    folder.mkdir(exist_ok=True)
    (folder / "ingest.json").write_text(json.dumps(bodies, indent=1) + "\n")
    expect_agents(folder)


if __name__ == "__main__":
    main()
