"""Saved views: names, changes, and whose they are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clew.errors import BadInput, Conflict, NotFound
from clew.records import Records, projects, views
from clew.records.views import NewView, Of, Shows, View, ViewChange

NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)
LATER = datetime(2026, 11, 24, tzinfo=UTC)
SLOW = Shows(filter='duration>10s "rate limit"', from_="now-7d", order="duration")


def save(
    records: Records, name: str, shows: Shows = SLOW, project: str = "default", of: Of = "runs"
) -> View:
    """A view that the project shares from now on."""
    return records.write_now(views.create, project, NewView(name=name, shows=shows, of=of), NOW)


def test_a_view_is_read_as_it_was_saved(records: Records) -> None:
    """By its id, and in the list of its project."""
    made = records.write_now(
        views.create, "default", NewView(name=" Slow ", shows=SLOW, of="runs"), NOW
    )
    assert made.name == "Slow"
    assert records.read_now(views.get, "default", made.view_id) == made
    assert records.read_now(views.list_all, "default") == [made]


def test_views_are_listed_by_name(records: Records) -> None:
    """As a person sorts, whatever the database."""
    for name in ("zebra", "Émile", "Alpha", "beta"):
        records.write_now(
            views.create, "default", NewView(name=name, shows=Shows(), of="runs"), NOW
        )
    found = [view.name for view in records.read_now(views.list_all, "default")]
    assert found == ["Alpha", "beta", "zebra", "Émile"]


def test_a_name_is_taken_once_a_list(records: Records) -> None:
    """Two views of runs can't be told apart by a name that both have."""
    save(records, "Slow")
    save(records, "Slow", of="spans")
    with pytest.raises(Conflict, match="there is a view 'Slow' already"):
        records.write_now(
            views.create, "default", NewView(name="Slow", shows=Shows(), of="runs"), NOW
        )


def test_a_view_changes_its_name_or_what_it_shows(records: Records) -> None:
    """What isn't given stays."""
    made = records.write_now(
        views.create, "default", NewView(name="Slow", shows=SLOW, of="runs"), NOW
    )
    renamed = records.write_now(
        views.change, "default", made.view_id, ViewChange(name="Too slow"), LATER
    )
    assert (renamed.name, renamed.shows, renamed.changed_at) == ("Too slow", SLOW, LATER)
    changed = records.write_now(
        views.change, "default", made.view_id, ViewChange(shows=Shows(filter="cost>1")), LATER
    )
    assert (changed.name, changed.shows) == ("Too slow", Shows(filter="cost>1"))
    assert records.read_now(views.get, "default", made.view_id) == changed


def test_a_view_is_of_its_project_alone(records: Records) -> None:
    """Another project neither sees nor changes it, and it goes with its own."""
    records.write_now(projects.create, "travel", NOW)
    made = records.write_now(
        views.create, "travel", NewView(name="Slow", shows=SLOW, of="runs"), NOW
    )
    assert records.read_now(views.list_all, "default") == []
    for question, more in (
        (views.get, ()),
        (views.change, (ViewChange(name="x"), NOW)),
        (views.delete, ()),
    ):
        with pytest.raises(NotFound, match="has no view"):
            records.write_now(question, "default", made.view_id, *more)  # type: ignore[arg-type]
    records.write_now(projects.delete, "travel", NOW)
    assert records.read_now(views.list_all, "travel") == []


def test_a_deleted_view_is_gone(records: Records) -> None:
    """And its address says so."""
    made = records.write_now(
        views.create, "default", NewView(name="Slow", shows=SLOW, of="runs"), NOW
    )
    records.write_now(views.delete, "default", made.view_id)
    with pytest.raises(NotFound, match="it may have been deleted"):
        records.read_now(views.get, "default", made.view_id)


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("  ", Shows()),
        ("x" * 101, Shows()),
        ("a\0b", Shows()),
        ("a", Shows(filter="\0")),
        ("a", Shows(filter="x" * 5_101)),
    ],
)
def test_what_cant_be_kept_is_refused(records: Records, name: str, shows: Shows) -> None:
    """With a sentence, before the database sees it."""
    with pytest.raises(BadInput, match="a view"):
        save(records, name, shows=shows)
