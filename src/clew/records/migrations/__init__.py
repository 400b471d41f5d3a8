"""How the records database came to be: Alembic runs `versions/` in order."""
