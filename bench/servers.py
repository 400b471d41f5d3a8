"""Servers as processes of their own: started, watched through /proc, always stopped."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_LIMIT_S = 180
STOP_LIMIT_S = 30
SAMPLE_EVERY_S = 0.2

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class ServerError(Exception):
    """A server that didn't start, with the end of what it wrote."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that answers on loopback; `start_s` is from its first instruction to healthy."""

    pid: int
    port: int
    folder: Path
    start_s: float

    def resident_bytes(self) -> int:
        """Memory of all its processes now. What they share is counted in each."""
        return sum(_resident_bytes(pid) for pid in _family(self.pid))

    def cpu_s(self) -> float:
        """User and system time of all its processes so far."""
        return sum(_cpu_s(pid) for pid in _family(self.pid))

    def own_cpu_s(self) -> float:
        """That of the process itself, without those that it started and that still run."""
        return _cpu_s(self.pid)


@contextmanager
def serving(
    command: Sequence[str], *, env: Mapping[str, str], folder: Path, port: int, health: str
) -> Generator[Server]:
    """Run `command` in `folder` until the end of the block, from when GET `health` answers 200.

    It sees the environment `env` and nothing of ours, so that it can't find other settings, and
    its home is `folder`. Raises ServerError.
    """
    log = folder / "server.log"
    own_env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **env}
    started = time.perf_counter()
    with log.open("wb") as output:
        # In a session of its own, so that Ctrl-C reaches us alone and we stop it in order.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=own_env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await_health(process, port, health, log)
        start_s = time.perf_counter() - started
        yield Server(pid=process.pid, port=port, folder=folder, start_s=start_s)
    finally:
        _stop(process)


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def peak_memory(server: Server) -> Generator[list[int]]:
    """A list that holds the server's largest resident memory during the block, in bytes."""
    peak = [server.resident_bytes()]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_EVERY_S):
            peak[0] = max(peak[0], server.resident_bytes())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _await_health(process: subprocess.Popen[bytes], port: int, health: str, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not _is_healthy(port, health):
        if process.poll() is not None:
            raise ServerError(f"it ended with {process.returncode}: {_tail(log)}")
        if time.monotonic() > deadline:
            raise ServerError(f"not healthy after {START_LIMIT_S} s: {_tail(log)}")
        time.sleep(0.02)


def _is_healthy(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-300:].strip() or "it wrote nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL for whoever of the family stays."""
    family = _family(process.pid)
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid, started in family.items():
        if _started(pid) == started:
            os.kill(pid, signal.SIGKILL)


def _family(root: int) -> dict[int, str]:
    """The process and its descendants, with when each started: ids are given out again."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal() and (stat := _stat(int(entry.name))):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    family: dict[int, str] = {}
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        if started := _started(pid):
            family[pid] = started
        waiting += children.get(pid, [])
    return family


def _started(pid: int) -> str:
    stat = _stat(pid)
    return stat[19] if stat else ""


def _cpu_s(pid: int) -> float:
    stat = _stat(pid)
    # utime, stime, and those of the children that it has waited for.
    return sum(map(int, stat[11:15])) / _TICKS_A_SECOND if stat else 0.0


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state (the third) on; empty for one that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    # The name before it is in parentheses, and may hold some itself.
    return text.rpartition(")")[2].split()
