"""Alembic's entry: it runs the migrations on the connection that `Records` hands over."""

from alembic import context

from clew.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can't alter a column in place: Alembic then copies the table.
    render_as_batch=True,
)
context.run_migrations()
