"""Projects, keys, the operator's prices, and notes about the database itself."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    """Create the tables of version 1."""
    projects = op.create_table(
        "projects",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retention_days", sa.Integer),
        sa.PrimaryKeyConstraint("name", name="pk_projects"),
    )
    op.bulk_insert(projects, [{"name": "default", "created_at": datetime.now(UTC)}])
    op.create_table(
        "keys",
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("project", sa.String(64)),
        sa.Column("public_key", sa.String(64), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("key_id", name="pk_keys"),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.name"], name="fk_keys_project", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("public_key", name="uq_keys_public_key"),
        sa.UniqueConstraint("secret_hash", name="uq_keys_secret_hash"),
    )
    op.create_index("ix_keys_project", "keys", ["project"])
    op.create_table(
        "prices",
        sa.Column("price_id", sa.String(32), nullable=False),
        sa.Column("provider", sa.String(100), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("usd_per_million", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("price_id", name="pk_prices"),
        sa.UniqueConstraint("provider", "model", "valid_from", name="uq_prices_provider"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )
