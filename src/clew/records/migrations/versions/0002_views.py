"""Saved views of lists."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Create the table of views."""
    op.create_table(
        "views",
        sa.Column("view_id", sa.String(32), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("of", sa.String(16), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("shows", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("view_id", name="pk_views"),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.name"], name="fk_views_project", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("project", "of", "name", name="uq_views_project"),
    )
