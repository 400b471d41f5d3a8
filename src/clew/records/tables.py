"""The tables, as of the newest migration; `migrations/versions/` is how they came to be.

A test compares the two, so a column added here without a migration fails.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


class UtcTime(sa.TypeDecorator[datetime]):
    """A moment, always in UTC. SQLite forgets the time zone, so it is put back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To the database."""
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:
        """From the database."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


projects = sa.Table(
    "projects",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("created_at", UtcTime, nullable=False),
    # None: as long as the server's `--retention-days` says.
    sa.Column("retention_days", sa.Integer),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("key_id", sa.String(32), primary_key=True),
    # None: a key of the whole instance.
    sa.Column("project", sa.ForeignKey("projects.name", ondelete="CASCADE"), index=True),
    sa.Column("public_key", sa.String(64), nullable=False, unique=True),
    sa.Column("secret_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("last_used_at", UtcTime),
    sa.Column("revoked_at", UtcTime),
)

prices = sa.Table(
    "prices",
    metadata,
    sa.Column("price_id", sa.String(32), primary_key=True),
    sa.Column("provider", sa.String(100), nullable=False),
    sa.Column("model", sa.String(200), nullable=False),
    sa.Column("valid_from", UtcTime, nullable=False),
    # What a million tokens cost in US dollars, by kind: {"input": 1.25, "output": 10.0, …}.
    sa.Column("usd_per_million", sa.JSON, nullable=False),
    sa.UniqueConstraint("provider", "model", "valid_from"),
)

views = sa.Table(
    "views",
    metadata,
    sa.Column("view_id", sa.String(32), primary_key=True),
    sa.Column("project", sa.ForeignKey("projects.name", ondelete="CASCADE"), nullable=False),
    # The list that it is a view of: runs or spans.
    sa.Column("of", sa.String(16), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    # {"filter", "from", "to", "order", "columns"}, as they stand in the address of the list.
    sa.Column("shows", sa.JSON, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.UniqueConstraint("project", "of", "name"),
)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
