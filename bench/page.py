"""Measure the page of a large run in Chromium: `make bench-page`.

Sends a run to a server of its own, opens it, and moves through it as a hand would: with the wheel,
along the scroll bar, with the keyboard, over the time axis. Prints a table and writes it to
`PAGE.md`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shlex
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from playwright.sync_api import CDPSession, Page, sync_playwright

from clew.span import Span
from clew.wire.otlp import encode_traces
from products import clew
from report import machine
from servers import Server, free_port, serving

SPANS = 10_000
BATCH = 2_000
SECONDS = 4.0
FRAME_MS = 1000 / 60
LATE = 1.5
"""A frame is late when it comes after more than this many frames' time."""
REPEATS = 3
"""Other work on the machine only adds: the quietest of so many is what the page takes."""
SCREEN = {"width": 1440, "height": 900}
RESULTS = Path(__file__).with_name("PAGE.md")
SEED = 11
SECOND = 10**9
CALLS_PER_AGENT = 100

_RECORD_FRAMES = """() => {
  const stamps = [];
  const look = (at) => { stamps.push(at); window.benchFrame = requestAnimationFrame(look); };
  window.benchStamps = stamps;
  window.benchFrame = requestAnimationFrame(look);
}"""
_TAKE_FRAMES = """() => { cancelAnimationFrame(window.benchFrame); return window.benchStamps; }"""


@dataclass(frozen=True, kw_only=True)
class Frames:
    """What the frames of one movement were. `busy_ms` is the main thread's work a frame."""

    name: str
    fps: float
    median_ms: float
    p99_ms: float
    worst_ms: float
    late_share: float
    busy_ms: float


def large_run(count: int, now_ns: int) -> list[Span]:
    """A run of `count` spans that ended just now: a conductor, agents below it one after the other,
    and below each their model calls and tools. Names and times are drawn from a seed."""
    chance = random.Random(SEED)
    trace_id = f"{chance.getrandbits(128):032x}"
    spans: list[Span] = []
    at_ns = now_ns - 3600 * SECOND

    def add(parent: str, name: str, took_ns: int, **said: object) -> str:
        span_id = f"{chance.getrandbits(64) | 1:016x}"
        attributes = {key.replace("__", "."): value for key, value in said.items()}
        spans.append(
            Span(
                trace_id=trace_id,
                span_id=span_id,
                parent_id=parent,
                name=name,
                start_ns=at_ns,
                end_ns=at_ns + took_ns,
                status="error" if chance.random() < 0.02 else "ok",  # noqa: PLR2004
                attributes=attributes,  # type: ignore[arg-type] # strings and numbers
            )
        )
        return span_id

    root = add("", "invoke_agent conductor", 3500 * SECOND, **_agent("conductor"))
    agent = root
    while len(spans) < count:
        if (len(spans) - 1) % CALLS_PER_AGENT == 0:
            number = len(spans) // CALLS_PER_AGENT
            agent = add(root, f"invoke_agent worker {number}", 30 * SECOND, **_agent(f"w{number}"))
        elif len(spans) % 2:
            took_ns = chance.randint(SECOND // 5, SECOND)
            add(agent, f"chat gpt-5 {len(spans)}", took_ns, **_call(chance, len(spans)))
            at_ns += took_ns // 3
        else:
            tool = f"look_up_{chance.randint(1, 4000)}"
            add(agent, f"execute_tool {tool}", chance.randint(10**6, SECOND // 3), **_tool(tool))
    return spans


def _agent(name: str) -> dict[str, object]:
    return {"gen_ai__operation__name": "invoke_agent", "gen_ai__agent__name": name}


def _tool(name: str) -> dict[str, object]:
    return {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": name}


def _call(chance: random.Random, number: int) -> dict[str, object]:
    said = [{"role": "user", "parts": [{"type": "text", "content": f"Step {number}? " * 20}]}]
    return {
        "gen_ai__operation__name": "chat",
        "gen_ai__provider__name": "openai",
        "gen_ai__request__model": "gpt-5",
        "gen_ai__usage__input_tokens": chance.randint(300, 9000),
        "gen_ai__usage__output_tokens": chance.randint(10, 900),
        "gen_ai__input__messages": json.dumps(said),
    }


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=SPANS, metavar="N", help="spans of the run")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="a movement")
    parser.add_argument("--throttle", type=float, default=1, metavar="X", help="a slower processor")
    parser.add_argument("--show", action="store_true", help="print only, keep no file")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("there is no chromium on the path: `make chromium` installs it")
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    with tempfile.TemporaryDirectory(prefix="bench-page-") as folder, _served(folder) as server:
        run = _sent(server, options.spans)
        opened_ms, found = _measure(server, run, chromium, options.seconds, options.throttle)
    text = _page(options.spans, opened_ms, found, load, options.throttle)
    print(text)
    if not options.show:
        RESULTS.write_text(text)
        print(f"written to {RESULTS}")


def _served(folder: str) -> AbstractContextManager[Server]:
    port = free_port()
    launch = clew.launch(Path(sys.executable), port, Path(folder))
    return serving(
        launch.command, env=launch.env, folder=Path(folder), port=port, health=clew.HEALTH
    )


def _sent(server: Server, count: int) -> str:
    """The run's trace id, once all of it is stored."""
    spans = large_run(count, time.time_ns())
    headers = {"content-type": "application/x-protobuf"}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        for start in range(0, len(spans), BATCH):
            body = encode_traces(spans[start : start + BATCH])
            client.post("/v1/traces", content=body, headers=headers).raise_for_status()
    return spans[0].trace_id


def _measure(
    server: Server, trace_id: str, chromium: str, seconds: float, throttle: float
) -> tuple[float, list[Frames]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SCREEN)  # type: ignore[arg-type] # its TypedDict
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        session.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
        opened_ms = _opened(page, f"http://127.0.0.1:{server.port}", trace_id)
        found = [
            _quietest(page, session, name, move, seconds)
            for name, move in _movements(page, session)
        ]
        browser.close()
    return opened_ms, found


def _opened(page: Page, url: str, trace_id: str) -> float:
    """From asking for the page to its rows, with the scripts in the cache after a first time."""
    taken_ms: list[float] = []
    for _ in range(1 + REPEATS):
        began = time.perf_counter()
        page.goto(f"{url}/projects/default/runs/{trace_id}?from=all")
        page.get_by_test_id("span-row").nth(20).wait_for()
        taken_ms.append((time.perf_counter() - began) * 1000)
        page.wait_for_timeout(1000)
    return min(taken_ms[1:])


def _movements(page: Page, session: CDPSession) -> list[tuple[str, Callable[[float], None]]]:
    rows = page.get_by_test_id("timeline-rows")
    box = rows.bounding_box()
    if box is None:
        sys.exit("the page shows no rows")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def wheel(seconds: float) -> None:
        # Down and up again, 1,500 pixels a second, as Chromium's own benchmarks scroll.
        for direction in (-1, 1):
            session.send(
                "Input.synthesizeScrollGesture",
                {
                    "x": x,
                    "y": y,
                    "yDistance": direction * 1500 * seconds / 2,
                    "speed": 1500,
                    "gestureSourceType": "mouse",
                },
            )

    def bar(seconds: float) -> None:
        # Dragged from top to bottom: in each frame all rows are others.
        page.evaluate(
            """(ms) => new Promise((done) => {
              const rows = document.querySelector('[data-testid=timeline-rows]');
              const began = performance.now();
              const step = (at) => {
                const share = Math.min(1, Math.max(0, at - began) / ms);
                rows.scrollTop = share * (rows.scrollHeight - rows.clientHeight);
                share < 1 ? requestAnimationFrame(step) : done();
              };
              requestAnimationFrame(step);
            })""",
            seconds * 1000,
        )

    def keys(key: str) -> Callable[[float], None]:
        def press(seconds: float) -> None:
            # Held down: a keyboard repeats about 30 times a second.
            page.keyboard.press("End" if key.endswith("Up") else "Home")
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                page.keyboard.press(key)
                time.sleep(1 / 30)

        return press

    def zoom(seconds: float) -> None:
        page.mouse.move(x, y)
        page.keyboard.down("Control")
        until = time.perf_counter() + seconds
        step = 0
        while time.perf_counter() < until:
            page.mouse.wheel(0, -30 if step // 40 % 2 == 0 else 30)
            step += 1
            time.sleep(1 / 60)
        page.keyboard.up("Control")

    return [
        ("nothing, to compare", time.sleep),
        ("wheel", wheel),
        ("scroll bar, top to bottom", bar),
        ("ArrowDown held", keys("ArrowDown")),
        ("PageUp held", keys("PageUp")),
        ("zoom of the time axis", zoom),
    ]


def _quietest(
    page: Page,
    session: CDPSession,
    name: str,
    move: Callable[[float], None],
    seconds: float,
) -> Frames:
    taken = [_frames(page, session, name, move, seconds) for _ in range(REPEATS)]
    return min(taken, key=lambda frames: (frames.late_share, frames.busy_ms))


def _frames(
    page: Page,
    session: CDPSession,
    name: str,
    move: Callable[[float], None],
    seconds: float,
) -> Frames:
    page.wait_for_timeout(500)
    busy_before = _busy_s(session)
    page.evaluate(_RECORD_FRAMES)
    move(seconds)
    stamps: list[float] = page.evaluate(_TAKE_FRAMES)
    busy_ms = (_busy_s(session) - busy_before) * 1000
    deltas = sorted(after - before for before, after in itertools.pairwise(stamps))
    return Frames(
        name=name,
        fps=len(deltas) / sum(deltas) * 1000,
        median_ms=statistics.median(deltas),
        p99_ms=deltas[int(len(deltas) * 0.99)],
        worst_ms=deltas[-1],
        late_share=sum(delta > LATE * FRAME_MS for delta in deltas) / len(deltas),
        busy_ms=busy_ms / len(deltas),
    )


def _busy_s(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def _page(spans: int, opened_ms: float, found: Sequence[Frames], load: str, throttle: float) -> str:
    command = shlex.join(["bench/page.py", *sys.argv[1:]])
    slower = f", slowed down {throttle:g} times" if throttle != 1 else ""
    lines = [
        f"# The page of a run of {spans:,} spans",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with `{command}`; what and how is in",
        "[docs/benchmarks.md](../docs/benchmarks.md#the-page-of-a-large-run).",
        "",
        *(f"- {line}" for line in [*machine(), f"load average at the start: {load}"]),
        f"- Chromium without a graphics card, {SCREEN['width']} x {SCREEN['height']}{slower}",
        f"- open, from the address to the rows: {opened_ms:,.0f} ms",
        "",
        "| movement | frames/s | median | p99 | worst | late | main thread a frame |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {frames.name} | {frames.fps:.0f} | {frames.median_ms:.1f} ms "
            f"| {frames.p99_ms:.1f} ms | {frames.worst_ms:.1f} ms | {frames.late_share:.1%} "
            f"| {frames.busy_ms:.1f} ms |"
            for frames in found
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
