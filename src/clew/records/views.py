"""Saved views: what a list shows, under a name that the project shares."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from clew.errors import BadInput, Conflict, NotFound
from clew.records import projects
from clew.records.tables import views

Of = Literal["runs", "spans"]

MAX_NAME_LENGTH: Final = 100
MAX_CHARS: Final = 5_000
"""Of a filter, a range, an order and columns together; a filter may have 4,096."""


class Shows(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What a list shows, in the words of its address; empty is the list's own default."""

    filter: str = ""
    from_: str = msgspec.field(name="from", default="")
    to: str = ""
    order: str = ""
    columns: str = ""


class View(msgspec.Struct, kw_only=True, frozen=True):
    """A saved view."""

    view_id: str
    of: Of
    name: str
    shows: Shows
    created_at: datetime
    changed_at: datetime


class NewView(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A view to be."""

    name: str
    shows: Shows
    of: Of = "runs"


class ViewChange(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What changes of a view; None stays."""

    name: str | None = None
    shows: Shows | None = None


def create(connection: sa.Connection, project: str, new: NewView, now: datetime) -> View:
    """Save a view. Raises Conflict where the name is taken, NotFound without the project and
    BadInput for a name or texts that can't be kept."""
    project = projects.hold(connection, project).name
    _check(new.name, new.shows)
    view = View(
        view_id=secrets.token_hex(8),
        of=new.of,
        name=new.name.strip(),
        shows=new.shows,
        created_at=now,
        changed_at=now,
    )
    row = msgspec.structs.asdict(view) | {"project": project, "shows": _row(view.shows)}
    _write(connection, sa.insert(views).values(row), view.name)
    return view


def list_all(connection: sa.Connection, project: str) -> list[View]:
    """The project's views, by name."""
    rows = connection.execute(sa.select(views).where(views.c.project == project))
    found = [_view(row) for row in rows.mappings()]
    # Sorted here, because a database sorts names by the rules of its own language.
    return sorted(found, key=lambda view: (view.name.casefold(), view.view_id))


def get(connection: sa.Connection, project: str, view_id: str) -> View:
    """One view, or NotFound."""
    row = None
    if "\0" not in view_id:
        query = sa.select(views).where(_named(project, view_id))
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        message = f"project {project} has no view {view_id!r}: it may have been deleted"
        raise NotFound(message)
    return _view(row)


def change(
    connection: sa.Connection, project: str, view_id: str, to: ViewChange, now: datetime
) -> View:
    """Give a view another name, or let it show something else. Raises as `create` and `get`."""
    view = get(connection, project, view_id)
    changed = msgspec.structs.replace(
        view,
        name=view.name if to.name is None else to.name.strip(),
        shows=view.shows if to.shows is None else to.shows,
        changed_at=now,
    )
    _check(changed.name, changed.shows)
    values = {"name": changed.name, "shows": _row(changed.shows), "changed_at": now}
    named = _named(project, view_id)
    _write(connection, sa.update(views).where(named).values(values), changed.name)
    return changed


def delete(connection: sa.Connection, project: str, view_id: str) -> None:
    """Remove a view, or NotFound."""
    get(connection, project, view_id)
    connection.execute(sa.delete(views).where(_named(project, view_id)))


def _named(project: str, view_id: str) -> sa.ColumnElement[bool]:
    return (views.c.project == project) & (views.c.view_id == view_id)


def _write(connection: sa.Connection, statement: sa.Executable, name: str) -> None:
    try:
        connection.execute(statement)
    except sa_exc.IntegrityError as exc:
        message = f"there is a view {name!r} already: take another name, or change that one"
        raise Conflict(message) from exc


def _check(name: str, shows: Shows) -> None:
    if not 1 <= len(name.strip()) <= MAX_NAME_LENGTH:
        message = f"a view's name has 1 to {MAX_NAME_LENGTH} characters"
        raise BadInput(message)
    texts = "".join([name, *msgspec.structs.astuple(shows)])
    if "\0" in texts:
        message = "a view can't hold the character NUL"
        raise BadInput(message)
    if len(texts) > MAX_NAME_LENGTH + MAX_CHARS:
        message = f"what a view shows has at most {MAX_CHARS} characters"
        raise BadInput(message)


def _row(shows: Shows) -> object:
    return msgspec.to_builtins(shows)


def _view(row: sa.RowMapping) -> View:
    known = {name: row[name] for name in View.__struct_fields__}
    return msgspec.convert(known, View)
