"""Numbered schema files, applied in order at start.

`schema/NNNN_name.sql` holds statements ended by a semicolon, their `$fragments` filled by the
engine's `Layout`; on a cluster those of `schema/NNNN_name.cluster.sql` follow. What is in the
database stands in `schema_migrations`. A database that knows more numbers than this program was
written by a newer Clew and is left alone.
"""

from __future__ import annotations

import re
from importlib.resources import files

import msgspec

from clew.errors import StartupError, StoreError
from clew.store.engine import Engine
from clew.store.layout import Layout


async def migrate(engine: Engine) -> None:
    """Bring the schema to this program's version. Raises StartupError for a newer database, and
    where the database refuses."""
    try:
        await _migrate(engine)
    except StoreError as exc:
        raise StartupError(f"the span store can't be brought up to date: {exc.message}") from exc


async def _migrate(engine: Engine) -> None:
    for statement in script("migrations", engine.layout):
        await engine.query(statement, fmt="Null")
    rows = await engine.query("SELECT version FROM schema_migrations")
    applied = {msgspec.json.decode(line)["version"] for line in rows.splitlines()}
    known = migrations()
    newest = max(known)
    if applied and max(applied) > newest:
        raise StartupError(
            f"this span store was written by a newer Clew (span schema {max(applied)}, this"
            f" program knows {newest}): run the newer version, or pass another"
            f" {'--clickhouse-url' if engine.layout.repeatable else '--data-dir'}"
        )
    for version, name in sorted(known.items()):
        if version not in applied:
            for statement in script(f"{version:04}_{name}", engine.layout):
                await engine.query(statement, fmt="Null")
            await engine.query(
                "INSERT INTO schema_migrations (version, name)"
                " VALUES ({version:UInt32}, {name:String})",
                {"version": version, "name": name},
                fmt="Null",
            )


def migrations() -> dict[int, str]:
    """Every migration of this program: number → name."""
    found: dict[int, str] = {}
    for file in files("clew.store").joinpath("schema").iterdir():
        if match := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name):
            found[int(match[1])] = match[2]
    return found


def script(stem: str, layout: Layout) -> list[str]:
    """The statements of `schema/{stem}.sql` in a layout."""
    folder = files("clew.store").joinpath("schema")
    parts = [folder.joinpath(f"{stem}.sql")]
    if layout.cluster and (only_there := folder.joinpath(f"{stem}.cluster.sql")).is_file():
        parts.append(only_there)
    return [layout.fill(text) for part in parts for text in statements(part.read_text())]


def statements(text: str) -> list[str]:
    """The statements of a schema file, without its comments."""
    code = re.sub(r"(?m)^\s*--.*$", "", text)
    return [part.strip() for part in code.split(";\n") if part.strip()]
