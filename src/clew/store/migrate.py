"""Numbered schema files, applied in order at start.

`schema/NNNN_name.sql` holds statements ended by a semicolon; what is in the database stands in
`schema_migrations`. A database that knows more numbers than this program was written by a newer
Clew and is left alone.
"""

from __future__ import annotations

import re
from importlib.resources import files

import msgspec

from clew.errors import StartupError
from clew.store.engine import Engine


async def migrate(engine: Engine) -> None:
    """Bring the schema to this program's version. Raises StartupError for a newer database."""
    await engine.query(
        "CREATE TABLE IF NOT EXISTS schema_migrations"
        " (version UInt32, name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))"
        " ENGINE = MergeTree ORDER BY version"
        " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1",
        fmt="Null",
    )
    rows = await engine.query("SELECT version FROM schema_migrations")
    applied = {msgspec.json.decode(line)["version"] for line in rows.splitlines()}
    known = migrations()
    newest = max(known)
    if applied and max(applied) > newest:
        raise StartupError(
            f"this data folder was written by a newer Clew (span schema {max(applied)}, this"
            f" program knows {newest}): run the newer version, or pass another --data-dir"
        )
    for version, (name, text) in sorted(known.items()):
        if version not in applied:
            for statement in statements(text):
                await engine.query(statement, fmt="Null")
            await engine.query(
                "INSERT INTO schema_migrations (version, name)"
                " VALUES ({version:UInt32}, {name:String})",
                {"version": version, "name": name},
                fmt="Null",
            )


def migrations() -> dict[int, tuple[str, str]]:
    """Every migration of this program: number → (name, SQL)."""
    found: dict[int, tuple[str, str]] = {}
    for file in files("clew.store").joinpath("schema").iterdir():
        if match := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name):
            found[int(match[1])] = (match[2], file.read_text())
    return found


def statements(text: str) -> list[str]:
    """The statements of a schema file, without its comments."""
    code = re.sub(r"(?m)^\s*--.*$", "", text)
    return [part.strip() for part in code.split(";\n") if part.strip()]
