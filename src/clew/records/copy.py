"""All that a records database holds, as lines of JSON, and back: for backups and for moving."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from clew.records.tables import UtcTime, metadata


def dump(connection: sa.Connection) -> dict[str, list[bytes]]:
    """The rows of every table, each an object with its columns, in the order of their keys."""
    return {str(table.name): _lines(connection, table) for table in metadata.sorted_tables}


def load(connection: sa.Connection, lines: dict[str, list[bytes]]) -> None:
    """Hold exactly these rows: what was there is removed."""
    for table in reversed(metadata.sorted_tables):
        connection.execute(sa.delete(table))
    for table in metadata.sorted_tables:
        rows = [_row(table, msgspec.json.decode(line)) for line in lines.get(table.name, [])]
        if rows:
            connection.execute(sa.insert(table), rows)


def is_new(connection: sa.Connection) -> bool:
    """Was nothing ever added to what a new database has, which is the default project?"""
    return all(
        connection.scalar(sa.select(sa.func.count()).select_from(table)) == (name == "projects")
        for name, table in metadata.tables.items()
    )


def _lines(connection: sa.Connection, table: sa.Table) -> list[bytes]:
    rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
    keys = [column.name for column in table.primary_key]
    # Sorted here, because each database sorts text by the rules of its own language.
    rows.sort(key=lambda row: [str(row[key]) for key in keys])
    return [msgspec.json.encode({str(name): value for name, value in row.items()}) for row in rows]


def _row(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    moments = {column.name for column in table.columns if isinstance(column.type, UtcTime)}
    return {
        name: datetime.fromisoformat(value) if name in moments and value else value
        for name, value in values.items()
    }
