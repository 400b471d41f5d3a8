"""Runs of the demo through each way of recording: what real instrumentations make of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest

pytestmark = pytest.mark.packages

Recorded: TypeAlias = list[list[object]]

EXAMPLES = Path(__file__).parents[2] / "examples"
RECORD = """
import json, sys
sys.path.insert(0, sys.argv[1])
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from clew.wire.normalize import normalize
from clew.wire.otlp import decode_traces
from demo.model import FakeModel
from demo.record import Recorder, plan
from demo.stories import code_answer

ANCHOR_NS = 1_795_450_000 * 10**9

def first(story):
    return next(v for v in plan(ANCHOR_NS) if (v.recording, v.story) == (sys.argv[2], story))

def told(visit):
    spans = sorted(recorder.record(visit).spans, key=lambda span: span.start_time)
    names = {span.context.span_id: span.name for span in spans}
    return [
        [span.name, names.get(span.parent.span_id if span.parent else 0, ""),
         span.start_time, span.end_time, span.context.span_id]
        for span in spans
    ]

def ended(visit):
    run = recorder.record(visit)
    sent = decode_traces(encode_spans(run.spans).SerializeToString(), "protobuf").spans
    (root,) = [span for span in sent if not span.parent_id]
    scores = {score["name"]: score["value"] for score in run.scores}
    return [normalize(root).outcome, scores]

with FakeModel(lambda request: code_answer()) as model:
    recorder = Recorder(sys.argv[2], ANCHOR_NS, model)
    stories = ("off topic", "broken tool", "trip")
    endings = {story: ended(first(story)) for story in stories}
    print(json.dumps([told(first("refund")), told(first("refund")), endings]))
"""


def told(recording: str) -> tuple[Recorded, Recorded, dict[str, tuple[str, dict[str, Any]]]]:
    """Name, parent's name, start, end and id of each span, of two recordings of one visit; and of
    others the outcome and the scores."""
    command = [sys.executable, "-c", RECORD, str(EXAMPLES), recording]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    first, second, endings = json.loads(done.stdout)
    return first, second, endings


@pytest.mark.parametrize(
    ("recording", "root", "agent", "handoff", "call", "tool"),
    [
        (
            "genai",
            "invoke_workflow travel_desk",
            "invoke_agent refund_agent",
            "planner → refund_agent",
            "chat gpt-5",
            "execute_tool refund",
        ),
        (
            "openinference",
            "travel_desk",
            "refund_agent",
            "transfer_to_refund_agent",
            "ChatCompletion",
            "refund",
        ),
        (
            "openllmetry",
            "travel_desk.workflow",
            "refund_agent.agent",
            "planner → refund_agent.handoff",
            "openai.chat",
            "refund.tool",
        ),
    ],
)
def test_refund(  # noqa: PLR0913, PLR0917 - one row of the table
    recording: str, root: str, agent: str, handoff: str, call: str, tool: str
) -> None:
    """The handoff, the refund agent, its calls and its tools stand in one tree, last as long as
    they would, and are the same when the same visit is recorded again. How a run ends is said by
    its spans, and judged once."""
    first, second, endings = told(recording)
    assert {(name, parent) for name, parent, *_ in first} >= {
        (call, agent),
        (tool, agent),
    }
    assert [name for name, parent, *_ in first if parent == ""] == [root]
    assert handoff in {name for name, *_ in first}
    (refunded,) = [span for span in first if span[0] == tool]
    lasted_ns = int(str(refunded[3])) - int(str(refunded[2]))
    assert lasted_ns == pytest.approx(1.4e9, rel=0.01)
    # Guests are remembered, so the second time the model reads more and takes a little longer.
    assert [span[0] for span in first] == [span[0] for span in second]
    assert [span[4] for span in first] == [span[4] for span in second]
    assert endings["off topic"][0] == "blocked"
    assert endings["broken tool"][0] == "error"
    assert endings["trip"][0] == "success"
    assert [scores["answered"] for _, scores in endings.values()] == [False, False, True]
