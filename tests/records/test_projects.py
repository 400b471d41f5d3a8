"""Projects: names, retention, removal."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.errors import BadInput, Conflict, NotFound
from clew.records import Records, keys, projects

NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    ["a", "default", "Travel desk 2", "team.app_v1-beta", "x" * 64, "日本語", "हिन्दी", "été"],
)
def test_names_of_every_script_are_welcome(name: str) -> None:
    """Letters and digits of any language, with the four separators inside."""
    assert projects.check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "x" * 65, "..", ".a", "a.", " a", "a ", "-", "a/b", "a\nb", "a\x00b", "a%20b", "🙂"],
)
def test_other_names_are_refused_with_the_rule(name: str) -> None:
    """The error says what a name may be, so that it need not be guessed."""
    with pytest.raises(BadInput, match="has 1 to 64 letters, digits, spaces"):
        projects.check_name(name)


@given(st.text(max_size=70))
def test_an_accepted_name_is_stable_and_fits_a_path(name: str) -> None:
    """What is accepted is accepted again, unchanged, and is never a path of its own."""
    try:
        checked = projects.check_name(name)
    except BadInput:
        return
    assert projects.check_name(checked) == checked == unicodedata.normalize("NFC", name)
    assert not set(checked) & set("/\\%?#\x00")
    assert checked.strip(" .") == checked


def test_a_name_is_taken_once(records: Records) -> None:
    """The same name in another Unicode form is the same name."""
    records.write_now(projects.create, "été", NOW)
    with pytest.raises(Conflict, match="there is a project 'été' already"):
        records.write_now(projects.create, unicodedata.normalize("NFD", "été"), NOW)


def test_ensure_creates_only_the_first_time(records: Records) -> None:
    """The moment of the first sight stays."""
    records.write_now(projects.ensure, "travel", NOW)
    later = records.write_now(projects.ensure, "travel", NOW.replace(year=2027))
    assert later.created_at == NOW


def test_retention_is_a_number_of_days_or_the_default(records: Records) -> None:
    """A project says how long its runs are kept, or leaves it to the server."""
    assert records.write_now(projects.set_retention, "default", 30).retention_days == 30
    assert records.write_now(projects.set_retention, "default", None).retention_days is None
    with pytest.raises(BadInput, match="retention_days is 0"):
        records.write_now(projects.set_retention, "default", 0)
    with pytest.raises(NotFound, match="no project 'nowhere'"):
        records.write_now(projects.set_retention, "nowhere", 30)


def test_removing_a_project_removes_its_keys(records: Records) -> None:
    """No key outlives what it opens."""
    records.write_now(projects.create, "travel", NOW)
    key = records.write_now(keys.create, "travel", "", ["read"], NOW)
    records.write_now(projects.delete, "travel", NOW)
    assert records.read_now(keys.find_by_secret, key.secret_key) is None
    with pytest.raises(NotFound):
        records.write_now(projects.delete, "travel", NOW)


def test_the_default_project_is_emptied_but_stays(records: Records) -> None:
    """Senders that name no project always have one to go to."""
    records.write_now(projects.set_retention, "default", 30)
    records.write_now(projects.delete, "default", NOW)
    assert records.read_now(projects.get, "default") == projects.Project(
        name="default", created_at=NOW
    )
