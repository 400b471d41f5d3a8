"""Each quickstart runs as it stands, and what it promises arrives over OTLP."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.model import FakeModel, Reply
from otlp_sink import SentSpan, Sink

pytestmark = pytest.mark.packages

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def model() -> Iterator[FakeModel]:
    """A model that always names the same place."""
    with FakeModel(lambda _request: Reply(text="The Opera House")) as opened:
        yield opened


def run(name: str, model: FakeModel) -> list[SentSpan]:
    """What the example `name` sends."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}
    with Sink() as sink:
        addresses = {
            "OPENAI_BASE_URL": model.url,
            "OPENAI_API_KEY": "any",
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
            "CLEW_URL": sink.url,
        }
        done = subprocess.run(
            [sys.executable, EXAMPLES / name],
            env={**inherited, **addresses},
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
        assert done.returncode == 0, done.stderr
        assert "The Opera House" in done.stdout
        return sink.spans


def test_otel(model: FakeModel) -> None:
    """Plain OpenTelemetry sends one model call with its messages and tokens."""
    (call,) = run("quickstart_otel.py", model)
    assert call.name == "chat gpt-5-mini"
    assert call.resource["service.name"] == "quickstart"
    assert "The Opera House" in str(call.attributes["gen_ai.output.messages"])
    assert call.attributes["gen_ai.usage.output_tokens"]


@pytest.mark.parametrize(
    ("name", "agent", "call", "tool", "session"),
    [
        (
            "quickstart_openinference.py",
            "guide",
            "ChatCompletion",
            "opening_hours",
            "session.id",
        ),
        (
            "quickstart_openllmetry.py",
            "guide.agent",
            "openai.chat",
            "opening_hours.tool",
            "traceloop.association.properties.session_id",
        ),
        (
            "quickstart_clew.py",
            "invoke_agent guide",
            "chat gpt-5-mini",
            "execute_tool opening_hours",
            "session.id",
        ),
    ],
)
def test_agent_with_tool(  # noqa: PLR0913, PLR0917 - one row of the table
    model: FakeModel, name: str, agent: str, call: str, tool: str, session: str
) -> None:
    """An agent is the parent of its model call and its tool call, all in one session."""
    spans = {span.name: span for span in run(name, model)}
    assert set(spans) == {agent, call, tool}
    root = spans[agent]
    assert root.parent_id == ""
    assert {spans[call].parent_id, spans[tool].parent_id} == {root.span_id}
    assert {span.attributes[session] for span in spans.values()} == {"quickstart"}
