"""Records what coding agents send: the real command-line programs, against fake providers here.

    npm install @anthropic-ai/claude-code @openai/codex @google/gemini-cli
    PATH=$PWD/node_modules/.bin:$PATH PYTHONPATH=tests python -m corpus.record_agents

Each is told to send to this process only. What a body says about the machine it was recorded on,
and texts longer than a line (the programs' own prompts), are left out.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from clew.span import Attributes, Log, Resource, Value
from clew.wire.otlp import decode_logs, encode_logs
from corpus.expected import expect_told

HERE = Path(__file__).parent
LONG_CHARS = 400
LONG_TEXT_CHARS = 60
MACHINE = ("host.", "os.", "process.")
"""How the names of attributes begin that tell of a machine."""
WHOSE = frozenset({"user.id", "installation.id", "terminal.type", "wsl.version", "app.version"})
PROMPTS = frozenset({"gen_ai.system_instructions", "gen_ai.tool.definitions", "phases"})

Json = dict[str, Any]
_numbers = itertools.count(1)


class Server(ThreadingHTTPServer):
    """The providers and the collector in one; keeps what was exported."""

    daemon_threads = True

    def __init__(self, project: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.project = project
        self.logs: list[Log] = []
        self.metrics = ExportMetricsServiceRequest()
        self.failed: set[str] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fails_once(self, said: str) -> bool:
        """True the first time that something flaky is asked."""
        if "flaky" not in said or said in self.failed:
            return False
        self.failed.add(said)
        return True

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A program that leaves without saying goodbye is nobody's mistake."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""

    def do_GET(self) -> None:
        self._send(404, {"error": {"message": "no such path"}})

    def do_POST(self) -> None:
        raw = self._body()
        path = self.path.partition("?")[0]
        encoding = "json" if "json" in self.headers.get("content-type", "") else "protobuf"
        if path == "/v1/logs":
            self.server.logs += decode_logs(raw, encoding).logs
        elif path == "/v1/metrics" and encoding == "protobuf":
            self.server.metrics.MergeFromString(raw)
        elif path == "/v1/messages":
            return self._anthropic(json.loads(raw))
        elif path == "/v1/responses":
            return self._openai(json.loads(raw))
        elif path.startswith("/v1beta/models/"):
            return self._gemini(json.loads(raw), path)
        return self._send(200, {})

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            raw = b"".join(iter(self._chunk, b""))
        else:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        return gzip.decompress(raw) if self.headers.get("content-encoding") == "gzip" else raw

    def _chunk(self) -> bytes:
        chunk = self.rfile.read(int(self.rfile.readline().partition(b";")[0], 16))
        self.rfile.readline()
        return chunk

    def _send(self, status: int, body: Json) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("request-id", f"req_{next(_numbers):06d}")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _stream(self, events: Iterator[Json]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("request-id", f"req_{next(_numbers):06d}")
        self.send_header("connection", "close")
        self.end_headers()
        for event in events:
            name = f"event: {event['type']}\n" if "type" in event else ""
            self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
        self.close_connection = True

    def _anthropic(self, body: Json) -> None:
        asked, used = _asked(body["messages"], "content", "tool_result")
        if body.get("tools") and self.server.fails_once(asked):
            return self._send(
                529,
                {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            )
        if "broken" in asked:
            return self._send(
                400,
                {"type": "error", "error": {"type": "invalid_request_error", "message": "broken"}},
            )
        plan = _claude_plan(asked, self.server.project) if body.get("tools") else []
        return self._stream(_anthropic_events(body["model"], plan, used))

    def _openai(self, body: Json) -> None:
        asked, used = _asked(body["input"], "content", "function_call_output")
        if self.server.fails_once(asked):
            return self._send(503, {"error": {"message": "overloaded", "type": "server_error"}})
        return self._stream(_openai_events(body, asked, used))

    def _gemini(self, body: Json, path: str) -> None:
        asked, used = _asked(body["contents"], "parts", "functionResponse")
        if body.get("tools") and self.server.fails_once(asked):
            return self._send(
                503, {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}
            )
        answer = _gemini_answer(body, path, asked, used, self.server.project)
        return self._stream(iter([answer])) if "stream" in path else self._send(200, answer)


def _asked(turns: list[Json], field: str, result: str) -> tuple[str, int]:
    """The last thing that a person said, and how many tools were used since."""
    asked, used = "", 0
    for turn in turns:
        content = turn.get(field, "")
        parts: list[Json] = [{"text": content}] if isinstance(content, str) else content
        results = sum(part.get("type") == result or result in part for part in parts)
        used += results + (turn.get("type") == result)
        if turn.get("role") == "user" and not results:
            asked, used = "\n".join(str(part.get("text", "")) for part in parts), 0
    return asked, used


def _claude_plan(asked: str, project: Path) -> list[tuple[str, Json]]:
    if "notes" in asked:
        return [
            ("Read", {"file_path": str(project / "notes.txt")}),
            ("Bash", {"command": "ls", "description": "List files"}),
            ("Bash", {"command": "cat missing.txt", "description": "Fail"}),
        ]
    if "delegate" in asked:
        task = {"description": "Count", "prompt": "count it", "subagent_type": "general-purpose"}
        return [("Agent", task)]
    return (
        [("Bash", {"command": "ls | wc -l", "description": "Count"})] if "count it" in asked else []
    )


def _anthropic_events(model: str, plan: list[tuple[str, Json]], used: int) -> Iterator[Json]:
    done = used >= len(plan)
    said = f"All done after {used} tools." if done else "A tool will tell."
    usage = {
        "input_tokens": 120 + used,
        "cache_creation_input_tokens": 50,
        "cache_read_input_tokens": 1000 * used,
        "output_tokens": 42,
    }
    message = {
        "id": f"msg_{next(_numbers):06d}",
        "type": "message",
        "role": "assistant",
        "model": model,
    }
    yield {
        "type": "message_start",
        "message": {**message, "content": [], "stop_reason": None, "usage": usage},
    }
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": said}}
    yield {"type": "content_block_stop", "index": 0}
    if not done:
        name, given = plan[used]
        block = {"type": "tool_use", "id": f"toolu_{next(_numbers):06d}", "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(given)}
        yield {"type": "content_block_start", "index": 1, "content_block": block}
        yield {"type": "content_block_delta", "index": 1, "delta": delta}
        yield {"type": "content_block_stop", "index": 1}
    stop = {"stop_reason": "end_turn" if done else "tool_use", "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": usage}
    yield {"type": "message_stop"}


def _openai_events(body: Json, asked: str, used: int) -> Iterator[Json]:
    commands = ["cat notes.txt", "cat missing.txt"]
    if "notes" in asked and used < len(commands):
        item: Json = {
            "type": "function_call",
            "call_id": f"call_{next(_numbers):06d}",
            "name": "exec_command",
            "arguments": json.dumps({"cmd": commands[used]}),
        }
    else:
        said = {"type": "output_text", "text": f"All done after {used} tools.", "annotations": []}
        item = {"type": "message", "role": "assistant", "content": [said]}
    response = {"id": f"resp_{next(_numbers):06d}", "object": "response", "model": body["model"]}
    usage = {
        "input_tokens": 1500 + used,
        "input_tokens_details": {"cached_tokens": 1000},
        "output_tokens": 60,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 1560 + used,
    }
    yield {"type": "response.created", "response": {**response, "output": []}}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": {**response, "output": [item], "usage": usage}}


def _gemini_answer(body: Json, path: str, asked: str, used: int, project: Path) -> Json:
    plan: list[tuple[str, Json]] = [
        ("read_file", {"file_path": str(project / "notes.txt")}),
        ("run_shell_command", {"command": "ls", "description": "List"}),
    ]
    part: Json = {"text": f"All done after {used} tools."}
    if "notes" in asked and body.get("tools") and used < len(plan):
        name, given = plan[used]
        part = {"functionCall": {"id": f"fc{next(_numbers)}", "name": name, "args": given}}
    usage = {
        "promptTokenCount": 900 + used,
        "candidatesTokenCount": 30,
        "thoughtsTokenCount": 20,
        "cachedContentTokenCount": 400,
        "totalTokenCount": 950 + used,
    }
    return {
        "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}],
        "usageMetadata": usage,
        "modelVersion": path.split("models/")[1].partition(":")[0],
        "responseId": f"g{next(_numbers)}",
    }


class Program(NamedTuple):
    """A coding agent: its command, its package's folder, its environment, and what it is asked."""

    command: str
    environment: dict[str, str]
    files: dict[str, str]
    runs: list[list[str]]


def programs(url: str) -> dict[str, Program]:
    """How each is started so that it talks to `url` only."""
    session = "11111111-2222-4333-8444-555555555555"
    sonnet = ["--model", "claude-sonnet-4-5", "--allowedTools", "Read Agent Bash"]
    otlp = {f"OTEL_{signal}_EXPORTER": "otlp" for signal in ("LOGS", "METRICS")}
    return {
        "claude-code": Program(
            "claude",
            {
                "ANTHROPIC_BASE_URL": url,
                "ANTHROPIC_API_KEY": "none",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
                **otlp,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
                "OTEL_EXPORTER_OTLP_ENDPOINT": url,
                "OTEL_LOG_USER_PROMPTS": "1",
                "OTEL_LOG_TOOL_DETAILS": "1",
                "OTEL_LOG_ASSISTANT_RESPONSES": "1",
            },
            {},
            [
                ["-p", "what is in my notes", "--session-id", session, *sonnet],
                ["-p", "a flaky question", "--resume", session, *sonnet],
                ["-p", "please delegate this", "--resume", session, *sonnet],
                ["-p", "/compact", "--resume", session, *sonnet],
                ["-p", "a broken question", "--resume", session, *sonnet],
            ],
        ),
        "codex": Program(
            "codex",
            {"FAKE_KEY": "none"},
            {".codex/config.toml": _codex_settings(url)},
            [
                [
                    "exec",
                    "--skip-git-repo-check",
                    "-s",
                    "danger-full-access",
                    "what is in my notes",
                ],
                ["exec", "--skip-git-repo-check", "resume", "--last", "a flaky question"],
            ],
        ),
        "gemini-cli": Program(
            "gemini",
            {
                "GEMINI_API_KEY": "none",
                "GOOGLE_GEMINI_BASE_URL": url,
                "GEMINI_CLI_TRUST_WORKSPACE": "true",
                "NO_BROWSER": "1",
            },
            {".gemini/settings.json": _gemini_settings(url)},
            [
                ["-y", "-m", "gemini-2.5-flash", "-p", "what is in my notes"],
                ["-m", "gemini-2.5-flash", "-p", "a flaky question"],
            ],
        ),
    }


def _codex_settings(url: str) -> str:
    return f"""
model = "gpt-5-codex"
model_provider = "fake"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.fake]
name = "fake"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "FAKE_KEY"
supports_websockets = false
[otel]
environment = "test"
log_user_prompt = true
exporter = {{ otlp-http = {{ endpoint = "{url}/v1/logs", protocol = "binary" }} }}
"""


def _gemini_settings(url: str) -> str:
    telemetry = {
        "enabled": True,
        "target": "local",
        "otlpEndpoint": url,
        "otlpProtocol": "http",
        "logPrompts": True,
    }
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"disableAutoUpdate": True},
        "telemetry": telemetry,
    }
    return json.dumps(settings)


@contextmanager
def workplace() -> Generator[tuple[Path, Path]]:
    """A home and a project folder."""
    with tempfile.TemporaryDirectory() as folder:
        home, project = Path(folder, "home"), Path(folder, "project")
        home.mkdir()
        project.mkdir()
        (project / "notes.txt").write_text("remember the milk\n")
        yield home, project


def record(name: str) -> None:
    """Ask a program all it is asked, and write down what it sent."""
    with workplace() as (home, project), Server(project) as server:
        program = programs(server.url)[name]
        for path, text in program.files.items():
            (home / path).parent.mkdir(parents=True)
            (home / path).write_text(text)
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), **program.environment}
        version = _said([program.command, "--version"], environment, project).split()
        for arguments in program.runs:
            _said([program.command, *arguments], environment, project)
        number = next(word for word in version if word[0].isdigit())
        _save(HERE / f"{name}-{number}", server, str(project))


def _said(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.stdout.decode()


def _save(folder: Path, server: Server, project: str) -> None:
    folder.mkdir(exist_ok=True)
    logs = [_clean(log, project) for log in server.logs]
    (folder / "logs.otlp.pb").write_bytes(encode_logs(logs))
    if server.metrics.resource_metrics:
        _clean_metrics(server.metrics)
        (folder / "metrics.otlp.pb").write_bytes(server.metrics.SerializeToString())
    expect_told(folder)


def _clean(log: Log, project: str) -> Log:
    """A log without what is only true of the machine or too long to keep."""
    resource = Resource(attributes=_attributes(log.resource.attributes, project))
    attributes = _attributes(log.attributes, project)
    return msgspec.structs.replace(log, resource=resource, attributes=attributes)


def _clean_metrics(request: ExportMetricsServiceRequest) -> None:
    for resource_metrics in request.resource_metrics:
        _drop(resource_metrics.resource)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                for point in metric.sum.data_points:
                    _drop(point)


def _drop(owner: Any) -> None:
    kept = [pair for pair in owner.attributes if _is_kept(pair.key)]
    del owner.attributes[:]
    owner.attributes.extend(kept)


def _is_kept(name: str) -> bool:
    return not name.startswith(MACHINE) and name not in WHOSE and name not in PROMPTS


def _attributes(attributes: Attributes, project: str) -> Attributes:
    return {name: _short(value, project) for name, value in attributes.items() if _is_kept(name)}


def _short(value: Value, project: str) -> Value:
    if not isinstance(value, str):
        return value
    value = value.replace(project, "/project")
    if len(value) <= LONG_CHARS:
        return value
    try:
        return json.dumps(_shortened(json.loads(value)))
    except ValueError:
        return value[:LONG_TEXT_CHARS]


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value[:LONG_TEXT_CHARS]
    if isinstance(value, list):
        return [_shortened(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value


if __name__ == "__main__":
    for each in sys.argv[1:] or list(programs("")):
        record(each)
