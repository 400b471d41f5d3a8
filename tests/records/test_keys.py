"""Keys: what they look like, what is stored of them, when they stop."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clew.errors import BadInput, NotFound
from clew.records import Records, keys, open_records, projects

NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)


def test_a_key_has_a_public_and_a_secret_half(records: Records) -> None:
    """Both are recognised by their beginning, and no two are alike."""
    first = records.write_now(keys.create, "default", "ci", ["ingest"], NOW)
    second = records.write_now(keys.create, "default", "ci", ["ingest"], NOW)
    assert re.fullmatch(r"pk-clew-[0-9A-Za-z]{22}", first.key.public_key)
    assert re.fullmatch(r"sk-clew-[0-9A-Za-z]{43}", first.secret_key)
    assert first.secret_key != second.secret_key
    assert first.key.key_id != second.key.key_id


def test_the_secret_is_not_stored(tmp_path: Path) -> None:
    """Whoever reads the file can't use the keys in it."""
    records = open_records(tmp_path / "records.db")
    new = records.write_now(keys.create, "default", "", ["admin"], NOW)
    records.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert new.key.public_key.encode() in stored
    assert new.secret_key.removeprefix("sk-clew-").encode() not in stored


def test_a_key_is_found_by_its_secret(records: Records) -> None:
    """With its own public half or without one, and never with another's."""
    new = records.write_now(keys.create, "default", "ci", ["read", "ingest", "read"], NOW)
    other = records.write_now(keys.create, "default", "", ["read"], NOW)
    assert new.key.scopes == ("ingest", "read")
    assert records.read_now(keys.find_by_secret, new.secret_key) == new.key
    found = records.read_now(keys.find_by_secret, new.secret_key, new.key.public_key)
    assert found == new.key
    assert records.read_now(keys.find_by_secret, new.secret_key, other.key.public_key) is None
    assert records.read_now(keys.find_by_secret, "sk-clew-" + "0" * 43) is None


def test_a_revoked_key_is_listed_and_useless(records: Records) -> None:
    """The list still tells who had access; the moment is that of the first revocation."""
    new = records.write_now(keys.create, "default", "ci", ["read"], NOW)
    records.write_now(keys.revoke, "default", new.key.key_id, NOW)
    records.write_now(keys.revoke, "default", new.key.key_id, NOW.replace(year=2027))
    assert records.read_now(keys.find_by_secret, new.secret_key) is None
    assert [key.revoked_at for key in records.read_now(keys.list_all, "default")] == [NOW]


def test_a_key_is_revoked_by_its_public_half(records: Records) -> None:
    """Which is what an application's settings show."""
    new = records.write_now(keys.create, "default", "ci", ["read"], NOW)
    records.write_now(keys.revoke, "default", new.key.public_key, NOW)
    assert records.read_now(keys.find_by_secret, new.secret_key) is None


def test_a_key_is_revoked_in_its_own_project_only(records: Records) -> None:
    """Another project's key isn't there to be revoked."""
    records.write_now(projects.create, "other", NOW)
    new = records.write_now(keys.create, "default", "ci", ["read"], NOW)
    for elsewhere in ("other", None):
        with pytest.raises(NotFound, match="no key"):
            records.write_now(keys.revoke, elsewhere, new.key.key_id, NOW)
    assert records.read_now(keys.find_by_secret, new.secret_key) == new.key


def test_keys_of_the_instance_are_listed_apart(records: Records) -> None:
    """A key of the whole instance belongs to no project's list."""
    instance = records.write_now(keys.create, None, "ops", ["admin"], NOW)
    bound = records.write_now(keys.create, "default", "ci", ["read"], NOW)
    assert records.read_now(keys.list_all, None) == [instance.key]
    assert records.read_now(keys.list_all, "default") == [bound.key]


@pytest.mark.parametrize("scopes", [[], ["write"], ["read", ""]])
def test_a_key_needs_scopes_that_exist(records: Records, scopes: list[keys.Scope]) -> None:
    """The error names those there are."""
    with pytest.raises(BadInput, match="one or more of the scopes ingest, read, admin"):
        records.write_now(keys.create, "default", "", scopes, NOW)


def test_a_key_needs_a_project_that_exists(records: Records) -> None:
    """A name that is mistyped isn't a new project."""
    with pytest.raises(NotFound, match="no project 'defualt'"):
        records.write_now(keys.create, "defualt", "", ["read"], NOW)


def test_a_name_holds_what_every_database_holds(records: Records) -> None:
    """PostgreSQL has no text with NUL in it, so nobody has; asking for one finds nothing."""
    with pytest.raises(BadInput, match="NUL"):
        records.write_now(keys.create, "default", "a\0b", ["read"], NOW)
    with pytest.raises(NotFound, match="no project"):
        records.write_now(keys.create, "a\0b", "", ["read"], NOW)
    with pytest.raises(NotFound, match="no key"):
        records.write_now(keys.revoke, "default", "a\0b", NOW)


def test_a_key_isnt_made_for_a_project_that_goes(where: Path | str) -> None:
    """At the same moment in two servers: there is a key of a project, or neither."""
    one, other = open_records(where), open_records(where)
    for number in range(10):
        project = one.write_now(projects.create, f"p{number}", NOW).name
        with ThreadPoolExecutor(2) as pool:
            made = pool.submit(one.write_now, keys.create, project, "", ["read"], NOW)
            pool.submit(other.write_now, projects.delete, project, NOW).result()
            assert made.exception() is None or isinstance(made.exception(), NotFound)
        assert one.read_now(keys.list_all, project) == []
    one.close()
    other.close()


def test_admin_may_do_everything() -> None:
    """Admin holds read and ingest; neither of these holds another."""
    allowed = {
        scope: [want for want in keys.SCOPES if _key(scope).allows(want)] for scope in keys.SCOPES
    }
    assert allowed == {
        "ingest": ["ingest"],
        "read": ["read"],
        "admin": ["ingest", "read", "admin"],
    }


def test_whether_any_key_is_usable(records: Records) -> None:
    """A revoked key doesn't count."""
    assert not records.read_now(keys.any_usable)
    new = records.write_now(keys.create, "default", "", ["read"], NOW)
    assert records.read_now(keys.any_usable)
    records.write_now(keys.revoke, "default", new.key.key_id, NOW)
    assert not records.read_now(keys.any_usable)


def _key(scope: keys.Scope) -> keys.Key:
    return keys.Key(
        key_id="k", project="default", public_key="pk", name="", scopes=(scope,), created_at=NOW
    )
