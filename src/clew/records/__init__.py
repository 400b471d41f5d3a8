"""The records room: projects, keys and prices, in SQLite or by URL in PostgreSQL.

Questions are plain functions of a connection (`projects.create(connection, …)`); `Records` runs
them in a transaction, from a thread when the caller is on the event loop.
"""

from clew.records.database import Records, open_records

__all__ = ["Records", "open_records"]
