"""`import clew` is what an instrumented application pays for: OpenTelemetry and nothing else."""

import importlib
import json
import subprocess
import sys

import clew

_LOADED = """
import json, sys
{statement}
print(json.dumps(sorted(sys.modules)))
"""


def _modules_after(statement: str) -> set[str]:
    code = _LOADED.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return set(json.loads(done.stdout))


def _packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_import_loads_nothing_of_the_server() -> None:
    """Importing the SDK loads neither the server's libraries nor the ground floor."""
    loaded = _modules_after("import clew")
    assert _packages(loaded).isdisjoint({"msgspec", "litestar", "chdb", "httpx", "sqlalchemy"})
    ours = {name for name in loaded if name.split(".")[0] == "clew"}
    assert {name for name in ours if not name.startswith("clew._sdk")} == {
        "clew",
        "clew.conventions",
    }


def test_import_adds_only_clew_to_the_opentelemetry_sdk() -> None:
    """Beside our own modules, importing loads nothing that the OpenTelemetry SDK doesn't."""
    sdk = _modules_after(
        "import opentelemetry.sdk.trace.export, opentelemetry.sdk.resources, asyncio"
    )
    added = _packages(_modules_after("import clew") - sdk)
    assert added == {"clew"}


def test_import_leaves_the_opentelemetry_sdk_and_exporter_to_init() -> None:
    """A program that only carries decorators pays for the OpenTelemetry API alone."""
    loaded = _modules_after("import clew")
    assert not any(
        name.startswith(("opentelemetry.sdk", "opentelemetry.exporter")) for name in loaded
    )


def test_a_process_of_the_pool_is_light() -> None:
    """It decodes and prepares: neither a database nor a web server is loaded for that."""
    loaded = _packages(_modules_after("import clew.desk"))
    heavy = {"alembic", "chdb", "grpc", "httpx", "litestar", "sqlalchemy", "sqlglot", "uvicorn"}
    assert loaded.isdisjoint(heavy)


def test_public_names() -> None:
    """The verbs of the SDK: a name is added or removed on purpose."""
    assert clew.__all__ == [
        "Span",
        "agent",
        "context",
        "flush",
        "init",
        "shutdown",
        "span",
        "step",
        "tool",
        "workflow",
    ]
    assert all(hasattr(clew, name) for name in clew.__all__)


def test_verb_span_survives_the_module_of_the_noun() -> None:
    """Importing `clew.span`, the module, doesn't replace `clew.span`, the verb."""
    noun = importlib.import_module("clew.span")
    assert noun.__name__ == "clew.span"
    assert callable(clew.span)
    assert noun.Span is not clew.Span
