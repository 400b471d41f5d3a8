"""HTTP connections that a slow or endless sender can't hold.

uvicorn waits for the rest of a request as long as it takes, and for as many headers as come.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MIN_BYTES_PER_S = 16 << 10
"""A body that comes in slower than this has `receive_s` in all."""
MAX_HEADER_BYTES = 64 << 10


class Connection(HttpToolsProtocol):
    """A connection of uvicorn that closes when a request isn't there after `receive_s`, unless a
    large body is still on its way at `MIN_BYTES_PER_S`."""

    def __init__(self, *args: Any, receive_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._receive_s = receive_s
        self._timer: asyncio.TimerHandle | None = None
        self._in_headers = True
        self._received_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._received_bytes += len(data)
        super().data_received(data)
        if self._in_headers and self._received_bytes > MAX_HEADER_BYTES:
            self._refuse("431 Request Header Fields Too Large", "send shorter headers")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._await_request()

    def on_headers_complete(self) -> None:
        """Its body follows."""
        self._in_headers = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is here."""
        self._stop_waiting()
        super().on_message_complete()

    def _await_request(self) -> None:
        self._stop_waiting()
        self._in_headers = True
        self._received_bytes = 0
        self._timer = self.loop.call_later(self._receive_s, self._on_late)

    def _stop_waiting(self) -> None:
        # Between two requests uvicorn's own timeout holds.
        self._in_headers = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_late(self) -> None:
        fast = self._received_bytes >= MIN_BYTES_PER_S * self._receive_s
        if not self._in_headers and (fast or self.flow.read_paused):
            self._received_bytes = 0
            self._timer = self.loop.call_later(self._receive_s, self._on_late)
            return
        self._refuse("408 Request Timeout", "send a request at once, or in smaller parts")

    def _refuse(self, status: str, advice: str) -> None:
        unanswered = self._in_headers or not self.cycle.response_started
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if unanswered:
            head = f"HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: text/plain\r\n"
            head += f"content-length: {len(advice)}\r\n\r\n"
            self.transport.write((head + advice).encode())
        self.transport.close()
