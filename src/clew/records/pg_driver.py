"""pg8000's connection, which doesn't keep to its own rules where the network fails.

Imported when records are in PostgreSQL only: the driver is an extra.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pg8000


class Connection(pg8000.Connection):
    """A connection that fails as the driver's interface says, and leaves no socket open."""

    def __init__(self, **arguments: Any) -> None:
        self._sock: Any = None
        try:
            super().__init__(**arguments)
        except OSError as exc:
            self.close()
            raise _broken() from exc

    def handle_messages(self, context: object) -> None:
        """Read the answer. The driver lets an error of its first read through as it is, which
        SQLAlchemy would take for a bug and not for a connection to make anew."""
        try:
            super().handle_messages(context)  # type: ignore[no-untyped-call]
        except OSError as exc:
            raise _broken() from exc

    def close(self) -> None:
        """Say goodbye and close the socket, which the driver leaves open where nobody listens."""
        stream = self._sock
        if stream is None:
            return
        try:
            # Where the server is gone there is nobody to say goodbye to.
            with contextlib.suppress(pg8000.InterfaceError, OSError):
                super().close()
        finally:
            with contextlib.suppress(OSError):
                stream.close()


def _broken() -> Exception:
    # In the driver's words, by which SQLAlchemy knows that a connection is lost.
    return pg8000.InterfaceError("network error")
