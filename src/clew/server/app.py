"""The server, put together: rooms are made here and handed to the endpoints, no more."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import uvicorn
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from prometheus_client import CollectorRegistry

from clew.desk import GC_THRESHOLD, LOG_FORMAT
from clew.errors import StartupError
from clew.ingest import Ingest
from clew.pool import Pool
from clew.query.lately import Lately
from clew.records import Records, open_records
from clew.server import auth
from clew.server.api import projects as projects_api
from clew.server.api.answers import error_response
from clew.server.api.backup import backup_routes
from clew.server.api.contents import content_routes
from clew.server.api.deletion import deletion_routes
from clew.server.api.dialogue import dialogue_routes
from clew.server.api.disk import disk_routes
from clew.server.api.export import export_routes
from clew.server.api.health import Probe, health_routes, make_registry
from clew.server.api.ingest_health import ingest_health_routes
from clew.server.api.live import live_routes
from clew.server.api.logs import log_routes
from clew.server.api.metrics import metric_routes
from clew.server.api.openai_agents import openai_agents_routes
from clew.server.api.otlp import OtlpReceiver, otlp_routes
from clew.server.api.prices import price_routes
from clew.server.api.renewal import renewal_routes
from clew.server.api.scores import score_routes
from clew.server.api.search import search_routes
from clew.server.api.selection import selection_routes
from clew.server.api.sessions import session_routes
from clew.server.api.spans import span_routes
from clew.server.api.sql import sql_routes
from clew.server.api.stats import stats_routes
from clew.server.api.traces import trace_routes
from clew.server.api.views import view_routes
from clew.server.auth import Access
from clew.server.backup import Backups
from clew.server.connections import Connection
from clew.server.data_dir import open_data_dir
from clew.server.live import Live
from clew.server.otlp_grpc import serve_grpc
from clew.server.pages import page_routes
from clew.server.prices import OperatorPrices
from clew.server.project_spans import SpanStore
from clew.server.settings import Settings
from clew.server.worker import run_worker
from clew.settle import Settler
from clew.store.clickhouse import ClickHouseEngine
from clew.store.copy import thaw
from clew.store.embedded import EmbeddedEngine
from clew.store.engine import Engine
from clew.store.migrate import migrate
from clew.store.move import demand_finished
from clew.wire.attribute_rules import AttributeRules, read_rules
from clew.wire.limits import Limits

if TYPE_CHECKING:
    from litestar.types import ASGIApp

log = logging.getLogger("clew")

SWITCH_INTERVAL_S = 0.001
ATTRIBUTE_RULES = "attributes.toml"
GRACE_S = 5
"""How long open requests may take when the server stops."""


class Parts:
    """Everything that a running server is made of."""

    def __init__(self, settings: Settings, records: Records, engine: Engine) -> None:
        self.settings = settings
        self.records = records
        self.engine = engine
        self.access = Access(records, settings.auth_mode)
        self.operator_prices = OperatorPrices(records)
        rules = _attribute_rules(settings)
        self.pool = Pool(settings.ingest_processes, self.operator_prices.listed, rules=rules)
        self.ingest = Ingest(
            engine, price=self.operator_prices.price_span, rules=rules, pool=self.pool
        )
        self.backups = Backups(engine, records, self.ingest)
        self.settler = Settler(engine, self.ingest)
        self.live = Live()
        self.limits = Limits(body_bytes=settings.max_body_bytes)
        self.receiver = OtlpReceiver(self.access, self.ingest, self.limits)
        self.project_spans = SpanStore(engine, self.ingest)
        self.probe = Probe(engine, self.ingest, records, settings.data_dir)
        self.registry: CollectorRegistry = make_registry(self.ingest, self.pool)
        # Other servers write to a ClickHouse server too.
        self.lately = Lately(told=settings.clickhouse_url is None)
        # Before those who tell the browser to ask again.
        self.ingest.on_commit(self.lately.changed)
        self.ingest.on_commit(self.live.publish)


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncGenerator[Parts]:
    """The parts on the data folder of `settings`, closed in the end. Raises StartupError."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(
            open_data_dir(settings.data_dir, version=version("clew"), url=settings.url)
        )
        records = await asyncio.to_thread(open_records, settings.records_url or folder.records_path)
        stack.callback(records.close)
        await auth.demand_first_key(records, settings)
        engine = await asyncio.to_thread(_open_engine, settings)
        stack.push_async_callback(engine.close)
        await demand_finished(engine.unhurried())
        await migrate(engine.unhurried())
        if not engine.layout.cluster:
            # Of a backup that the last process didn't survive.
            await thaw(engine.unhurried())
        parts = Parts(settings, records, engine)
        await parts.operator_prices.refresh()
        stack.push_async_callback(parts.backups.close)
        stack.push_async_callback(parts.pool.close)
        yield parts


def _attribute_rules(settings: Settings) -> AttributeRules:
    """The operator's rules: of the file that was named, or of the one in the data folder."""
    if settings.attribute_rules is not None:
        return read_rules(settings.attribute_rules)
    path = settings.data_dir / ATTRIBUTE_RULES
    return read_rules(path) if path.exists() else AttributeRules()


def _open_engine(settings: Settings) -> Engine:
    if settings.clickhouse_url is None:
        return EmbeddedEngine(settings.data_dir / "spans")
    return ClickHouseEngine(settings.clickhouse_url, settings.clickhouse_cluster)


def build_app(parts: Parts) -> Litestar:
    """The HTTP application: our API, the receivers, the web app."""
    given: dict[str, object] = {
        "access": parts.access,
        "backups": parts.backups,
        "engine": parts.engine,
        "ingest": parts.ingest,
        "lately": parts.lately,
        "limits": parts.limits,
        "live": parts.live,
        "operator_prices": parts.operator_prices,
        "probe": parts.probe,
        "receiver": parts.receiver,
        "records": parts.records,
        "registry": parts.registry,
        "settings": parts.settings,
    }
    return Litestar(
        route_handlers=[
            projects_api.router(parts.records, parts.access, parts.settings, parts.project_spans),
            *health_routes,
            otlp_routes,
            *openai_agents_routes,
            *trace_routes,
            *span_routes,
            *session_routes,
            *search_routes,
            *stats_routes,
            *sql_routes,
            *score_routes,
            price_routes,
            *deletion_routes,
            *selection_routes,
            *content_routes,
            *export_routes,
            *backup_routes,
            *disk_routes,
            *log_routes,
            *dialogue_routes,
            *metric_routes,
            *renewal_routes,
            *ingest_health_routes,
            *live_routes,
            *view_routes,
            page_routes,
        ],
        dependencies={name: _provide(part) for name, part in given.items()},
        guards=[auth.demand_known(parts.access)],
        exception_handlers={Exception: error_response},
        logging_config=None,
        cors_config=_cors(parts.settings),
        openapi_config=OpenAPIConfig(
            title="Clew",
            version=version("clew"),
            path="/api",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        request_max_body_size=parts.settings.max_body_bytes,
    )


def _cors(settings: Settings) -> CORSConfig | None:
    """Pages that may send and ask from a browser: the ones that were allowed, and without keys
    those of this machine, such as a web app in development that traces itself."""
    local = _LOCAL_ORIGIN if settings.auth_mode == "open" else None
    if not settings.allowed_origins and local is None:
        return None
    return CORSConfig(
        allow_origins=list(settings.allowed_origins),
        allow_origin_regex=local,
        allow_headers=["*"],
        expose_headers=["Retry-After"],
    )


_LOCAL_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"


def _provide(part: object) -> Provide:
    def give() -> Any:
        return part

    return Provide(give, sync_to_thread=False)


def run(settings: Settings, ready: Callable[[Parts], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. Raises StartupError with a sentence that says what to do."""
    import uvloop  # noqa: PLC0415 - only a server needs it, and it isn't there on every system

    _log_to_stderr(settings.log_level)
    _tune_interpreter()
    uvloop.run(_serve(settings, ready or _greet))


def _tune_interpreter() -> None:
    """Spans by the thousand are made and dropped again without a cycle among them, so the garbage
    collector is asked rarely; and a request waits a millisecond at most for the thread that decodes
    to let go of the interpreter, not the usual five."""
    gc.set_threshold(GC_THRESHOLD, 20, 50)
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def _log_to_stderr(level: str) -> None:
    """Our own log at `level`; libraries only speak up when something is wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    log.setLevel(level.upper())
    # It warns of every query that it can't read, which is answered to whoever asked.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    # What it logs is raised as well, and holds the questions it was asked.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


def _greet(parts: Parts) -> None:
    settings = parts.settings
    spans = f", spans in {settings.clickhouse_url}" if settings.clickhouse_url else ""
    records = f", records in {parts.records.place}" if settings.records_url else ""
    # Flushed, because who started us may be waiting for this line in a pipe.
    print(  # noqa: T201 - what the person at the terminal looks for
        f"Clew {version('clew')} is at {settings.url}\n"
        f"  OTLP over HTTP on port {settings.port}, over gRPC on port {settings.grpc_port}\n"
        f"  data in {settings.data_dir.absolute()}{spans}{records}",
        flush=True,
    )


async def _serve(settings: Settings, ready: Callable[[Parts], None]) -> None:
    with bind(settings.host, settings.port) as listener:
        async with (
            open_parts(settings) as parts,
            serve_grpc(
                settings.host,
                settings.grpc_port,
                parts.ingest,
                parts.access,
                parts.limits,
                receive_s=settings.receive_timeout_s,
            ),
            background(parts),
        ):
            app: ASGIApp = auth.refuse_pages(parts.receiver.in_front_of(build_app(parts)), settings)
            server = _Server(_uvicorn_config(app, settings), parts)
            server.when_started(lambda: ready(parts))
            await server.serve(sockets=[listener])


@asynccontextmanager
async def background(parts: Parts) -> AsyncGenerator[None]:
    """The tasks that run beside the requests; at the end what was submitted is stored first."""
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(parts.ingest.run()),
            tasks.create_task(parts.settler.run()),
            tasks.create_task(
                run_worker(parts.engine, parts.ingest, parts.records, parts.settings)
            ),
        ]
        if parts.settings.records_url:
            running.append(tasks.create_task(parts.operator_prices.follow()))
        try:
            yield
            await parts.ingest.drain()
        finally:
            for task in running:
                task.cancel()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, or StartupError if the port is taken or the address isn't ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
    except OSError as exc:
        listener.close()
        raise StartupError(
            f"can't listen on {host}:{port} ({(exc.strerror or str(exc)).lower()}):"
            " stop what uses it, or pass another --port"
        ) from exc
    listener.set_inheritable(True)
    return listener


def _uvicorn_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type] - Litestar's and uvicorn's scopes differ in name only
        lifespan="off",
        log_config=None,
        access_log=settings.log_level == "debug",
        http=partial(Connection, receive_s=settings.receive_timeout_s),  # type: ignore[arg-type]
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=75,
        server_header=False,
    )


class _Server(uvicorn.Server):
    """uvicorn, which ends the open event streams as soon as it is told to stop."""

    def __init__(self, config: uvicorn.Config, parts: Parts) -> None:
        super().__init__(config)
        self._parts = parts
        self._on_started: list[Callable[[], None]] = []

    def when_started(self, callback: Callable[[], None]) -> None:
        """Call `callback` once connections are accepted."""
        self._on_started.append(callback)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for callback in self._on_started:
            callback()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop on SIGINT and SIGTERM. uvicorn's own raises the signal again once the connections
        are closed, which would end the process before everything is stored."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        # Event streams never end by themselves, and a second signal doesn't wait for anything.
        self._parts.live.close()
        self.force_exit = self.should_exit
        self.should_exit = True
