"""`clew demo`: a server with a project to look around in."""

from __future__ import annotations

import importlib
import importlib.metadata
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn, Protocol, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from clew.errors import StartupError

PROJECT = "demo"
READY_WITHIN_S = 30
STOP_WITHIN_S = 15

_PACKAGES = (
    "openai",
    "openinference-instrumentation-openai",
    "opentelemetry-instrumentation-openai",
    "opentelemetry-instrumentation-genai-openai",
    "traceloop-sdk",
)
_FOLDERS = (Path(__file__).parents[3] / "examples", Path(__file__).parents[1] / "examples")
"""The source tree, and the place that a wheel puts the demo at."""


class _Demo(Protocol):
    """`demo.run`, which belongs to the examples and not to this package."""

    def is_complete(self, url: str, project: str) -> bool: ...
    def record_all(self, url: str, project: str, progress: Callable[[int, int], None]) -> int: ...


def demo(
    port: Annotated[
        int, typer.Option(help="Port of the page, the API and OTLP/HTTP.", envvar="CLEW_PORT")
    ] = 4318,
    grpc_port: Annotated[
        int, typer.Option(help="Port of OTLP/gRPC.", envvar="CLEW_GRPC_PORT")
    ] = 4317,
    data_dir: Annotated[Path, typer.Option(help="Where the demo is stored.")] = Path("demo-data"),
) -> None:
    """Start a server with a demo project: a fortnight of a travel desk of several agents.

    The agents are recorded by real instrumentations against a model server that comes with them.
    """
    _require_packages()
    recorder, console = _load(), Console()
    with _stopped_by_signals(), _server(port, grpc_port, data_dir) as server:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, server)
        if not recorder.is_complete(url, PROJECT):
            _record(recorder, url, console)
        console.print(f"Clew is at [bold]{url}[/bold], the demo in its project {PROJECT!r}.")
        console.print("Ctrl-C stops it; the data stays.", style="dim")
        server.wait()
        raise StartupError("the server has stopped by itself; its last words are above")


def _record(recorder: _Demo, url: str, console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as shown:
        task = shown.add_task("Recording the demo's runs", total=None)
        try:
            recorder.record_all(
                url, PROJECT, lambda done, total: shown.update(task, completed=done, total=total)
            )
        except RuntimeError as exc:
            raise StartupError(f"{exc}; run `clew demo` again to complete it") from exc


def _require_packages() -> None:
    missing = [name for name in _PACKAGES if not _installed(name)]
    if missing:
        raise StartupError(
            f"the demo records real instrumentations: run `pip install {' '.join(missing)}` first"
        )


def _installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _load() -> _Demo:
    folder = next((path for path in _FOLDERS if (path / "demo" / "run.py").is_file()), None)
    if folder is None:
        raise StartupError(
            "this installation comes without the demo: run `make demo` in the source"
        )
    sys.path.insert(0, str(folder))
    return cast("_Demo", importlib.import_module("demo.run"))


@contextmanager
def _server(port: int, grpc_port: int, data_dir: Path) -> Generator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "clew.cli", "serve", "--port", str(port)]
    command += [
        "--grpc-port",
        str(grpc_port),
        "--data-dir",
        str(data_dir),
        "--log-level",
        "warning",
    ]
    # A session of its own: Ctrl-C reaches this process alone, which then stops the server in order.
    server = subprocess.Popen(command, start_new_session=True)  # noqa: S603 (our own program)
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    # Here, because it takes a third of a second to load, and every command loads this file.
    import httpx  # noqa: PLC0415

    deadline = time.monotonic() + READY_WITHIN_S
    with httpx.Client(trust_env=False, timeout=2) as client:
        while time.monotonic() < deadline:
            if server.poll() is not None:
                raise StartupError("the demo's server didn't start; its reason is above")
            try:
                if client.get(f"{url}/health").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
    raise StartupError(f"the demo's server wasn't ready within {READY_WITHIN_S} s")


@contextmanager
def _stopped_by_signals() -> Generator[None]:
    """Leave quietly on Ctrl-C and on SIGTERM, after what was opened inside has been closed."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        Console().print("Stopped.")
    finally:
        signal.signal(signal.SIGTERM, before)
