"""Every error that Clew raises on purpose, as one tree.

    ClewError
    ├── BadInput            400  a request or file that isn't understood: where, and what would do
    │   └── BadFilter       400  a filter that doesn't parse; carries the position
    ├── Unauthorized        401  no key, or a key that is unknown or revoked
    ├── Forbidden           403  a key that is valid, but not for this project or this action
    ├── NotFound            404  exactly one was asked for and none is there
    ├── Conflict            409  a name that is taken, a state that excludes the request
    ├── TooLarge            413  a body over the limit, also after decompression
    ├── UnsupportedMedia    415  a content type or encoding that isn't spoken here
    ├── QueryRefused        422  a SQL query outside the allow-list, or over its limits
    ├── Unavailable         503  full, draining or disconnected: the request may be sent again
    │   ├── StoreError      503  the span database refused; carries its error code
    │   └── ProcessEnded    503  the process that had an export in work ended
    └── StartupError             the server can't start: one sentence that says what to do

A message says what happened and what to do about it. `status` is the HTTP status of a leaf.
"""

from __future__ import annotations


class ClewError(Exception):
    """The root. `status` is the HTTP status that the server answers with."""

    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadInput(ClewError):
    """The request or file can't be understood."""

    status = 400


class BadFilter(BadInput):
    """A filter that doesn't parse: `position` is a 0-based offset into its text."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class Unauthorized(ClewError):
    """No key, or a key that is unknown or revoked."""

    status = 401


class Forbidden(ClewError):
    """A valid key, but not for this project or this action."""

    status = 403


class NotFound(ClewError):
    """Exactly one was asked for and none is there."""

    status = 404


class Conflict(ClewError):
    """A name that is taken, or a state that excludes the request."""

    status = 409


class TooLarge(ClewError):
    """A body over the limit, also after decompression."""

    status = 413


class UnsupportedMedia(ClewError):
    """A content type or content encoding that isn't spoken here."""

    status = 415


class QueryRefused(ClewError):
    """A SQL query outside the allow-list, or over its limits."""

    status = 422


class Unavailable(ClewError):
    """Full, draining or disconnected: the same request may be sent again after `retry_after_s`."""

    status = 503

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreError(Unavailable):
    """The span database refused a statement. `code` is ClickHouse's error code, 0 if unknown."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class ProcessEnded(Unavailable):
    """The process that had an export in work ended, by whatever killed it."""

    def __init__(self) -> None:
        super().__init__("the process that worked on this ended: send it again")


class StartupError(ClewError):
    """The server can't start; the message is one sentence that says what to do."""
