"""A receiver on real sockets, in front of an ingest and an access that the tests can look into."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple, TypeVar

import uvicorn
from litestar import Litestar
from litestar.di import Provide

from clew.server.api.otlp import OtlpReceiver, otlp_routes
from clew.server.otlp_grpc import serve_grpc
from clew.span import Log, Point, Span, Value
from clew.wire.limits import Limits

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
T0 = 1_795_442_531_000_000_000

Result = TypeVar("Result")


class KeptInMemory:
    """An ingest whose store is a list. `error` is raised while it is set, and then `refused`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.spans: list[tuple[str, Span]] = []
        self.logs: list[tuple[str, Log]] = []
        self.points: list[tuple[str, Point]] = []
        self.error: Exception | None = None
        self.refused = asyncio.Event()

    async def submit(
        self,
        project: str,
        *,
        spans: Sequence[Span] = (),
        logs: Sequence[Log] = (),
        points: Sequence[Point] = (),
    ) -> None:
        """Keep everything, or raise."""
        if self.error is not None:
            self.refused.set()
            raise self.error
        self.spans += [(project, span) for span in spans]
        self.logs += [(project, log) for log in logs]
        self.points += [(project, point) for point in points]

    def reject(self, project: str, count: int, reasons: Sequence[str]) -> None:
        """Nobody asks."""

    @contextmanager
    def holding(self) -> Generator[Callable[[int], None]]:
        """There is room for everything."""
        yield lambda _size_bytes: None

    async def aside(self, function: Callable[..., Result], *args: object) -> Result:
        """Run a function in a thread."""
        return await asyncio.to_thread(function, *args)


class OpenAccess:
    """An access that lets everyone in, into the project that the resource names, and remembers
    who came. `error` is raised while it is set; `refused` has an error for a project."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.headers: list[dict[str, str]] = []
        self.error: Exception | None = None
        self.refused: dict[str, Exception] = {}

    async def ingest_project(
        self, headers: Mapping[str, str], resource_attributes: Mapping[str, Value] | None = None
    ) -> str:
        """The project for a resource."""
        self.headers.append(dict(headers))
        if self.error is not None:
            raise self.error
        said = headers.get("x-clew-project")
        project = said or str((resource_attributes or {}).get("clew.project", "default"))
        if project in self.refused:
            raise self.refused[project]
        return project


class Receiver(NamedTuple):
    """Where it listens, and what is behind it."""

    url: str
    grpc_address: str
    ingest: KeptInMemory
    access: OpenAccess

    def reset(self) -> Receiver:
        """As new, for the next test."""
        self.ingest.reset()
        self.access.reset()
        return self


@asynccontextmanager
async def serve_receiver(limits: Limits) -> AsyncGenerator[Receiver, None]:
    """Both transports, until the block ends."""
    ingest, access = KeptInMemory(), OpenAccess()
    receiver = OtlpReceiver(access, ingest, limits)
    given = Provide(lambda: receiver, sync_to_thread=False)
    app = Litestar([otlp_routes], dependencies={"receiver": given}, openapi_config=None)
    front = receiver.in_front_of(app)
    config = uvicorn.Config(front, lifespan="off", log_level="warning", http="httptools", ws="none")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        async with serve_grpc("127.0.0.1", 0, ingest, access, limits) as grpc_port:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield Receiver(url, f"127.0.0.1:{grpc_port}", ingest, access)
        server.should_exit = True
        await serving


def make_span(**fields: object) -> Span:
    """A span of one second."""
    given: dict[str, object] = {
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "name": "chat gpt-5",
        "start_ns": T0,
        "end_ns": T0 + 1_000_000_000,
        **fields,
    }
    return Span(**given)  # type: ignore[arg-type]
