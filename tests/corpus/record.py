"""Records the corpus: what real libraries send when a weather desk is built with them.

    make corpus LIBRARY=langgraph-openinference    # or all of them, without a name

Each library is installed in an environment of its own, in the cache folder of the user. Its program
runs in a process of its own against the fake model server, and what its exporter sends is kept as
it was sent; only paths and names of the machine are taken out. `corpus.instrumentors` records what
needs no other environment than the one of the tests.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.message import Message as Protobuf
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from corpus.expected import expect
from corpus.happened import told_calls
from corpus.libraries import LIBRARIES, SDK, Library
from corpus.sink import Sink
from demo import anthropic_api, gemini_api
from demo.model import FakeModel

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "clew-corpus"
PROGRAM_S = 180
PACKED_BYTES = 100_000
"""A body that is longer is kept packed."""
_OF_THE_MACHINE = re.compile(r"(process|host|os)\.|service\.instance\.id$|telemetry\.auto")
_FOLDERS = {str(HERE.parents[1]): "/app", str(CACHE): "/venv", sys.base_prefix: "/python"}
"""Folders of the machine, and what they are called in what is kept."""
_NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there: a program that asks anybody but this machine fails."""


def record(library: Library, cache: Path) -> None:
    """Install a library where that is still to do, run its program, and keep what it sent."""
    command = _environment(library, cache)
    with (
        tempfile.TemporaryDirectory() as scratch,
        Sink() as sink,
        FakeModel(
            library.script, seed=library.key, apis=(anthropic_api.API, gemini_api.API)
        ) as model,
    ):
        tools = Path(scratch, "tools.jsonl")
        variables = _variables(model, sink, tools, scratch)
        variables["CLEW_CORPUS_MODULES"] = str(cache / library.key)
        variables |= library.variables
        subprocess.run(command, check=True, env=variables, cwd=scratch, timeout=PROGRAM_S)
        folder = HERE / library.folder
        folder.mkdir(exist_ok=True)
        keep(folder / "traces.otlp.pb", ExportTraceServiceRequest(), sink.bodies("/v1/traces"))
        keep(folder / "logs.otlp.pb", ExportLogsServiceRequest(), sink.bodies("/v1/logs"))
        happened = _happened(library, model, tools)
    shown = _hidden(json.dumps(happened, ensure_ascii=False, indent=1))
    (folder / "happened.json").write_text(shown + "\n", encoding="utf-8")
    expect(folder)


def _environment(library: Library, cache: Path) -> list[str]:
    """The command that runs the program of a library where its packages are installed."""
    folder = cache / library.key
    runs_on_node = library.program.endswith(".mjs")
    done = folder / ".packages"
    wanted = "\n".join(library.packages)
    if not done.exists() or done.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        (_install_on_node if runs_on_node else _install)(folder, library.packages)
        done.write_text(wanted)
    program = HERE / "programs" / library.program
    if runs_on_node:
        return ["node", str(program), library.watcher]
    return [str(folder / "bin" / "python"), str(program.with_suffix(".py")), library.watcher]


def _install(folder: Path, packages: Sequence[str]) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *packages], check=True)


def _install_on_node(folder: Path, packages: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    (folder / "package.json").write_text("{}")
    install = ["npm", "install", "--silent", "--no-fund", "--no-audit", *packages]
    subprocess.run(install, check=True, cwd=folder)


def _variables(model: FakeModel, sink: Sink, tools: Path, scratch: str) -> dict[str, str]:
    base = model.url.removesuffix("/v1")
    return {
        "PATH": os.environ["PATH"],
        "HOME": scratch,
        "PYTHONPATH": str(HERE / "programs"),
        "PYTHONWARNINGS": "ignore",
        "CLEW_CORPUS_TOOLS": str(tools),
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": model.url,
        "OPENAI_API_BASE": model.url,
        "ANTHROPIC_API_KEY": "none",
        "ANTHROPIC_BASE_URL": base,
        "GOOGLE_API_KEY": "none",
        "GOOGLE_GEMINI_BASE_URL": base,
        "OTEL_SERVICE_NAME": "corpus",
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), _NOWHERE),
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _happened(library: Library, model: FakeModel, tools: Path) -> dict[str, Any]:
    watched = library.tools_watched and tools.exists()
    lines = tools.read_text("utf-8").splitlines() if watched else []
    return {
        "library": library.name,
        "version": library.version,
        "watcher": library.watcher,
        "packages": [package for package in library.packages if package not in SDK],
        "agents": list(library.agents),
        "handoff": library.handoff,
        "session": library.session,
        "user": library.user,
        "prompt": library.prompt,
        "unsent": dict(library.unsent),
        "tools": [json.loads(line) for line in lines],
        "calls": told_calls(model.exchanges),
    }


# What is kept of what was sent.


def keep(path: Path, request: Any, bodies: list[bytes]) -> None:
    """All exports as one, without what they say of the machine."""
    for body in bodies:
        request.MergeFromString(body)
    for held in (*getattr(request, "resource_spans", ()), *getattr(request, "resource_logs", ())):
        own = [a for a in held.resource.attributes if not _OF_THE_MACHINE.match(a.key)]
        del held.resource.attributes[:]
        held.resource.attributes.extend(own)
    _hide_paths(request)
    packed = path.with_suffix(".pb.gz")
    for old in (path, packed):
        old.unlink(missing_ok=True)
    held = request.SerializeToString()
    if len(held) > PACKED_BYTES:
        packed.write_bytes(gzip.compress(held, mtime=0))
    elif held:
        path.write_bytes(held)


def _hide_paths(message: Protobuf) -> None:
    """Leave of a path what is below the folder that only this machine has."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                _hide_paths(inner)
        elif field.type == field.TYPE_STRING and not field.is_repeated:
            setattr(message, field.name, _hidden(value))


def _hidden(text: str) -> str:
    for folder, name in _FOLDERS.items():
        text = text.replace(folder, name)
    return re.sub(r"/tmp/[\w./-]+", "/tmp/scratch", text)


def _chosen(names: list[str]) -> Iterator[Library]:
    known = {library.key: library for library in LIBRARIES}
    for name in names or known:
        if name not in known:
            raise SystemExit(f"no library {name}: choose among {', '.join(known)}")
        yield known[name]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="libraries; all of them without a name")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where environments are kept")
    parser.add_argument("--clear", action="store_true", help="install anew")
    given = parser.parse_args()
    for library in _chosen(given.names):
        if given.clear:
            shutil.rmtree(given.cache / library.key, ignore_errors=True)
        print(f"recording {library.folder}", flush=True)
        record(library, given.cache)


if __name__ == "__main__":
    main()
