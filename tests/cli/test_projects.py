"""`clew projects` and `clew keys` at a served Clew."""

from __future__ import annotations

from typing import Protocol

import msgspec

from .conftest import Clew


class Served(Protocol):
    """What these tests need of the served Clew."""

    url: str


def test_a_project_is_created_listed_and_deleted(clew: Clew, served: Served, project: str) -> None:
    """Deleting asks first, unless told not to."""
    url = ("--url", served.url)
    assert clew("projects", "create", project, *url).out == f"created project {project!r}\n"
    again = clew("projects", "create", project, *url)
    assert (again.code, again.err) == (1, f"clew: there is a project {project!r} already\n")
    assert project in clew("projects", "list", *url).out

    listed = msgspec.json.decode(clew("projects", "list", "--json", CLEW_URL=served.url).out)
    assert {"name": project, "span_count": 0}.items() <= _only(listed, project).items()

    asked = clew("projects", "delete", project, *url)
    assert (asked.code, "with 0 runs of 0 spans, for ever?" in asked.out) == (1, True)
    assert project in clew("projects", "list", *url).out
    assert clew("projects", "delete", project, "--yes", *url).code == 0
    assert project not in clew("projects", "list", *url).out


def test_a_key_is_made_through_the_server(clew: Clew, served: Served, project: str) -> None:
    """With `--url` the data folder isn't touched."""
    url = ("--url", served.url, "-p", project)
    assert clew("projects", "create", project, "--url", served.url).code == 0
    made = msgspec.json.decode(clew("keys", "create", "-s", "read", "--json", *url).out)
    assert made["secret_key"].startswith("sk-clew-")
    [key] = msgspec.json.decode(clew("keys", "list", "--json", *url).out)
    assert (key["key_id"], key["secret_key"]) == (made["key_id"], "")
    assert clew("keys", "revoke", made["key_id"], *url).code == 0
    [key] = msgspec.json.decode(clew("keys", "list", "--json", *url).out)
    assert key["revoked_at"] is not None


def _only(listed: list[dict[str, object]], name: str) -> dict[str, object]:
    [found] = [each for each in listed if each["name"] == name]
    return found
