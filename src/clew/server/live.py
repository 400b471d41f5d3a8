"""What changed, told to the pages that are open: ids only, the browser asks for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Generator

COALESCE_S = 0.5
"""Changes within this time are one message."""
KEEP_ALIVE_S = 15.0
"""A silent connection says so this often, so that proxies keep it open."""
MAX_IDS = 500
"""More runs than this in one message are told as "many": the page reloads its list anyway."""


class Live:
    """The pages that listen, by project."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[_Listener]] = {}
        self._closed = asyncio.Event()

    def publish(self, project: str, trace_ids: set[str]) -> None:
        """Tell the pages of `project` that these runs arrived or changed."""
        for listener in self._listeners.get(project, ()):
            listener.add(trace_ids)

    def close(self) -> None:
        """End every stream: the server is stopping."""
        self._closed.set()
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake.set()

    async def stream(self, project: str) -> AsyncIterator[bytes]:
        """Server-sent events for one page, until it goes away."""
        with self._listen(project) as listener:
            yield b"retry: 2000\n\n"
            while not self._closed.is_set():
                try:
                    await asyncio.wait_for(listener.wake.wait(), KEEP_ALIVE_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                yield listener.message()
                await asyncio.sleep(COALESCE_S)

    @contextmanager
    def _listen(self, project: str) -> Generator[_Listener]:
        listener = _Listener()
        listeners = self._listeners.setdefault(project, set())
        listeners.add(listener)
        try:
            yield listener
        finally:
            listeners.discard(listener)


class _Listener:
    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self._trace_ids: set[str] = set()
        self._many = False

    def add(self, trace_ids: set[str]) -> None:
        if len(self._trace_ids) + len(trace_ids) > MAX_IDS:
            self._many = True
        else:
            self._trace_ids |= trace_ids
        self.wake.set()

    def message(self) -> bytes:
        body = msgspec.json.encode({"trace_ids": sorted(self._trace_ids), "many": self._many})
        self.wake.clear()
        self._trace_ids = set()
        self._many = False
        return b"event: runs\ndata: " + body + b"\n\n"
