"""Projects: what separates the runs of one team or program from another's.

The times that functions take are the moment of the call, so that tests can choose it.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from clew.errors import BadInput, Conflict, NotFound
from clew.records.tables import projects

DEFAULT = "default"
"""The project of senders that name none. It always exists."""

MAX_NAME_LENGTH = 64
NAME_RULE = (
    f"a project name has 1 to {MAX_NAME_LENGTH} letters, digits, spaces and '-', '_', '.', "
    "and starts and ends with a letter or digit"
)


class Project(msgspec.Struct, kw_only=True, frozen=True):
    """A project; `retention_days` is None where the server's own retention holds."""

    name: str
    created_at: datetime
    retention_days: int | None = None


def check_name(name: str) -> str:
    """The name in its one Unicode form (NFC); BadInput, with the rule, where it isn't one.

    Letters and digits of every script are welcome. The first and last character keep out names
    that a URL can't carry (`..`) or a person can't tell apart (`a` and `a` with a space).
    """
    normal = unicodedata.normalize("NFC", name)
    if not 1 <= len(normal) <= MAX_NAME_LENGTH or not _is_name(normal):
        shown = name if len(name) <= MAX_NAME_LENGTH else name[:MAX_NAME_LENGTH] + "…"
        message = f"{shown!r} can't be a project: {NAME_RULE}"
        raise BadInput(message)
    return normal


def create(connection: sa.Connection, name: str, now: datetime) -> Project:
    """Add a project; Conflict where the name is taken."""
    project = Project(name=check_name(name), created_at=now)
    try:
        connection.execute(sa.insert(projects).values(name=project.name, created_at=now))
    except sa_exc.IntegrityError as exc:
        message = f"there is a project {project.name!r} already"
        raise Conflict(message) from exc
    return project


def ensure(connection: sa.Connection, name: str, now: datetime) -> Project:
    """The project of that name, created if there is none."""
    name = check_name(name)
    if (found := _find(connection, name)) is not None:
        return found
    try:
        # Within a savepoint, because PostgreSQL ends the transaction of a statement that fails.
        with connection.begin_nested():
            return create(connection, name, now)
    except Conflict:  # another server has seen it in this moment
        return get(connection, name)


def get(connection: sa.Connection, name: str) -> Project:
    """The project of that name, or NotFound."""
    found = _find(connection, name)
    if found is None:
        raise _not_found(name)
    return found


def hold(connection: sa.Connection, name: str) -> Project:
    """The project of that name, or NotFound; it isn't removed before this transaction ends.

    SQLite has one writer at a time anyway.
    """
    get(connection, name)
    query = sa.select(projects.c.name).where(projects.c.name == name)
    connection.execute(query.with_for_update(read=True, key_share=True))
    return get(connection, name)


def list_all(connection: sa.Connection) -> list[Project]:
    """Every project, by name."""
    rows = connection.execute(sa.select(projects)).mappings()
    # Sorted here, because a database sorts names by the rules of its own language.
    return sorted((Project(**row) for row in rows), key=lambda project: project.name)


def set_retention(connection: sa.Connection, name: str, retention_days: int | None) -> Project:
    """Keep the project's runs for so many days, or with None for as long as the server says."""
    if retention_days is not None and retention_days < 1:
        message = f"retention_days is {retention_days}: give 1 or more, or null for the default"
        raise BadInput(message)
    connection.execute(
        sa.update(projects).where(projects.c.name == name).values(retention_days=retention_days)
    )
    return get(connection, name)


def delete(connection: sa.Connection, name: str, now: datetime) -> None:
    """Remove the project and its keys, or NotFound. `default` stays, as if it were new."""
    if connection.execute(sa.delete(projects).where(projects.c.name == name)).rowcount == 0:
        raise _not_found(name)
    if name == DEFAULT:
        create(connection, DEFAULT, now)


def _find(connection: sa.Connection, name: str) -> Project | None:
    if "\0" in name:  # which PostgreSQL has no text for
        return None
    query = sa.select(projects).where(projects.c.name == name)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Project(**row)


def _is_name(name: str) -> bool:
    return (
        _is_letter(name[0])
        and _is_letter(name[-1])
        and all(char in "-_. " or _is_letter(char) for char in name)
    )


def _is_letter(char: str) -> bool:
    # Letters, marks (the vowels of Hindi, Thai…) and numbers.
    return unicodedata.category(char)[0] in "LMN"


def _not_found(name: str) -> NotFound:
    message = f"no project {name!r}: `clew projects list` shows those there are, `create` makes one"
    return NotFound(message)
