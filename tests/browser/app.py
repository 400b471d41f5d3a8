"""The web app as a person sees it: where things are, and how to get there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Locator, Page

from clew.span import Log, Span
from clew.wire.otlp import encode_logs, encode_traces

if TYPE_CHECKING:
    from conftest import Served


class App:
    """Clew's page on one project."""

    def __init__(self, page: Page, served: Served, project: str) -> None:
        self.page, self.served, self.project = page, served, project

    def send(self, *spans: Span) -> None:
        """Export spans as any OpenTelemetry sender does; they are durable when this returns."""
        self._post("/v1/traces", encode_traces(spans))

    def send_logs(self, *logs: Log) -> None:
        """Export log records likewise."""
        self._post("/v1/logs", encode_logs(logs))

    def score(self, root: Span, **score: object) -> None:
        """Judge the run of `root`."""
        body = {"scores": [{"trace_id": root.trace_id, **score}]}
        answer = self.served.http.post(f"/api/projects/{self.project}/scores", json=body)
        assert answer.status_code == httpx.codes.OK, answer.text

    def _post(self, path: str, body: bytes) -> None:
        headers = {"content-type": "application/x-protobuf", "x-clew-project": self.project}
        answer = self.served.http.post(path, content=body, headers=headers)
        assert answer.status_code == httpx.codes.OK, answer.text

    def open(self, place: str = "runs", **search: str) -> None:
        """Open a page of the project, over all time: builders make runs of a fixed day."""
        query = urlencode({"from": "all", **search})
        self.page.goto(f"/projects/{self.project}/{place}?{query}")

    def open_run(self, root: Span, /, **search: str) -> None:
        """Open the run of `root`; `span` and `tab` say where in it."""
        self.open(f"runs/{root.trace_id}", **search)

    def at(self, testid: str) -> Locator:
        """What carries this test id."""
        return self.page.get_by_test_id(testid)

    def run_row(self, span: Span) -> Locator:
        """The row of the run in the list."""
        return self.page.locator(f'[data-testid="run-row"][data-trace-id="{span.trace_id}"]')

    def span_row(self, span: Span) -> Locator:
        """The row of the span in the tree."""
        return self.page.locator(f'[data-testid="span-row"][data-span-id="{span.span_id}"]')

    def detail(self, span: Span) -> Locator:
        """The span beside the tree, once it is loaded."""
        return self.page.locator(f'[data-testid="span-detail"][data-span-id="{span.span_id}"]')

    def message(self, role: str) -> Locator:
        """The messages of `role` in the conversation in sight."""
        return self.page.locator(f'[data-testid="message"][data-role="{role}"]')

    def press(self, key: str) -> None:
        """Press a key, wherever the focus is."""
        self.page.keyboard.press(key)
