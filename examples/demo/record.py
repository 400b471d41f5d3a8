"""One process of the demo: records the visits of one recording and sends them.

    python examples/demo/record.py genai http://127.0.0.1:4318 demo ANCHOR_NS

`run.py` starts one for each recording.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from asyncio import CancelledError
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from openai import DefaultHttpxClient, OpenAI, OpenAIError
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import format_trace_id

from clew import conventions as names
from demo.clock import Clock, SimulatedLatency, retime
from demo.desk import Desk, GuardrailViolation, Message, Shift, TooManyTurnsError
from demo.judging import Ended, Score, scores
from demo.model import Failure, FakeModel, Reply, Request
from demo.recording import start
from demo.stories import TELL, Story
from demo.visits import ANCHOR, SEED, Visit, plan

BATCH_SPANS = 400
"""Spans in one export: few requests, each far below a receiver's limits."""


class Recorded(NamedTuple):
    """One run."""

    spans: list[ReadableSpan]
    scores: list[Score]


class Recorder:
    """Serves visits one after the other; guests are remembered within their session."""

    def __init__(self, recording_name: str, anchor_ns: int, model: FakeModel) -> None:
        self._recording, self._collector, self._ids = start(recording_name)
        self._anchor_ns = anchor_ns
        self._model = model
        self._latency = SimulatedLatency(Clock(anchor_ns))
        http = DefaultHttpxClient(transport=self._latency, trust_env=False)
        self._client = OpenAI(base_url=model.url, api_key="demo", http_client=http)
        self._histories: dict[str, list[Message]] = {}

    def record(self, visit: Visit) -> Recorded:
        """What serving `visit` records, on the simulated timeline, and how it is judged."""
        self._ids.reseed(f"{self._anchor_ns}/{visit.number}")
        clock = Clock(visit.start_ns)
        story = TELL[visit.story](visit.chance, visit.about.user, visit.language, visit.day)
        with self._model.play(story.script(), f"{SEED}/{visit.number}"):
            said = self._serve(visit, story, clock)
        resource = _resource(visit, self._anchor_ns)
        spans = retime(self._collector.take(), clock, resource, now_ns=self._anchor_ns)
        (root,) = [span for span in spans if span.parent is None]
        if root.context is None or root.end_time is None:
            return Recorded(spans, [])
        ended = Ended(
            visit=visit,
            trace_id=format_trace_id(root.context.trace_id),
            question=story.question,
            said=said,
            end_ns=root.end_time,
        )
        return Recorded(spans, scores(ended, self._model, self._anchor_ns))

    def _serve(self, visit: Visit, story: Story, clock: Clock) -> str | None:
        """What the guest is told; None where that is to try again, or nothing."""
        history = self._histories.setdefault(visit.about.session, [])
        self._latency.clock = clock
        desk = Desk(self._recording, self._client, clock, _shift(visit, story), list(history))
        asked: Message = {"role": "user", "content": story.question}
        try:
            said = self._recording.run(visit.about, lambda: desk.answer(story.question))
        except (OpenAIError, TooManyTurnsError, GuardrailViolation, LookupError, CancelledError):
            return None
        history += [asked, {"role": "assistant", "content": said}]
        return said


def _shift(visit: Visit, story: Story) -> Shift:
    return Shift(
        user=visit.about.user,
        prompt=visit.prompt,
        faults=story.faults,
        approval_s=story.approval_s,
        guarded=visit.guarded,
    )


def _resource(visit: Visit, anchor_ns: int) -> Resource:
    """What the deployment that served the visit would say of itself."""
    return Resource(
        {
            names.SERVICE_NAME: "travel-desk",
            names.SERVICE_VERSION: visit.release,
            names.DEPLOYMENT_ENVIRONMENT_NAME: visit.environment,
            ANCHOR: datetime.fromtimestamp(anchor_ns // 10**9, UTC).isoformat(),
            "telemetry.sdk.language": "python",
        }
    )


class Sender:
    """Sends spans in batches, beside the recording of the next ones, and the scores at the end."""

    def __init__(self, url: str, project: str) -> None:
        key = os.environ.get("CLEW_API_KEY")
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._scores_url = f"{url}/api/projects/{urllib.parse.quote(project)}/scores"
        headers = {"x-clew-project": project, **self._headers}
        endpoint = f"{url}/v1/traces"
        # Patient: the first export may arrive while the server still settles.
        self._exporter = OTLPSpanExporter(
            endpoint, headers=headers, compression=Compression.Gzip, timeout=30
        )
        self._pool = ThreadPoolExecutor(1)
        self._pending: list[Future[SpanExportResult]] = []
        self._batch: list[ReadableSpan] = []
        self._scores: list[Score] = []

    def send(self, recorded: Recorded) -> None:
        """Hand a run over; its spans leave when a batch is full."""
        self._batch.extend(recorded.spans)
        self._scores.extend(recorded.scores)
        if len(self._batch) >= BATCH_SPANS:
            self._submit()

    def close(self) -> bool:
        """Wait for the answers; False where something wasn't acknowledged."""
        self._submit()
        self._pool.shutdown()
        taken = all(future.result() is SpanExportResult.SUCCESS for future in self._pending)
        return self._send_scores() and taken

    def _send_scores(self) -> bool:
        body = json.dumps({"scores": self._scores}).encode()
        headers = {"content-type": "application/json", **self._headers}
        request = urllib.request.Request(self._scores_url, body, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30):  # noqa: S310 (the caller's server)
                return True
        except urllib.error.HTTPError as refusal:
            # A receiver of OTLP that isn't Clew has no scores.
            return refusal.code == HTTPStatus.NOT_FOUND
        except urllib.error.URLError:
            return False

    def _submit(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            self._pending.append(self._pool.submit(self._exporter.export, batch))


def record(recording_name: str, url: str, project: str, anchor_ns: int) -> bool:
    """Record and send the visits of one recording; prints one line a run. False where the server
    didn't take everything."""
    sender = Sender(url, project)
    with FakeModel(_no_story) as model:
        recorder = Recorder(recording_name, anchor_ns, model)
        for visit in plan(anchor_ns):
            if visit.recording == recording_name:
                sender.send(recorder.record(visit))
                print(visit.number, flush=True)
    return sender.close()


def _no_story(request: Request) -> Reply | Failure:
    return Failure(status=400, message=f"{request.path} was called outside of a run")


def main() -> None:
    recording_name, url, project, anchor_ns = sys.argv[1:]
    # Their failures are part of the stories.
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    if not record(recording_name, url, project, int(anchor_ns)):
        sys.exit(
            f"{url} didn't take all spans of {recording_name}; run this again, nothing doubles"
        )


if __name__ == "__main__":
    main()
