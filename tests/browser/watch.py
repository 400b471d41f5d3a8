"""What no page of Clew may do, whatever a test clicks."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Error, Request, Response

_INSIDE = ("data", "blob")
_BAD = 400


class Watch:
    """Gathers errors of the console and of scripts, dialogs, refused requests and requests that
    leave this machine. `tolerated` are statuses that the test provokes."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.tolerated: set[int] = set()

    def over(self, context: BrowserContext) -> None:
        """Watch every page of `context`."""
        context.on("console", self._heard)
        context.on("weberror", lambda thrown: self._threw(thrown.error))
        context.on("dialog", self._asked)
        context.on("request", self._requested)
        context.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        # Refused requests are reported by `_answered`, which knows their status.
        told = message.text.startswith("Failed to load resource: the server responded")
        if message.type in {"error", "warning"} and not told:
            self.problems.append(f"console: {message.text}")

    def _threw(self, error: Error) -> None:
        self.problems.append(f"uncaught: {error.message}")

    def _asked(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in _INSIDE and url.hostname != "127.0.0.1":
            self.problems.append(f"request to {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= _BAD and response.status not in self.tolerated:
            self.problems.append(f"{response.status} from {response.url}")
