"""`clew keys` in a data folder, and beside the server that holds it."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from clew.cli.keyring import open_keyring
from clew.errors import Unavailable
from clew.server.data_dir import open_data_dir
from conftest import Served

from .conftest import Clew


def test_the_first_key_is_made_without_a_server(clew: Clew, tmp_path: Path) -> None:
    """In a folder that doesn't exist yet; shown once, then listed and revoked."""
    folder = ("--data-dir", str(tmp_path / "data"))
    made = clew("keys", "create", "--project", "default", "--scope", "admin", "-n", "ci", *folder)
    assert made.code == 0
    secret = re.search(r"secret key  (sk-clew-\w{43})  \(shown this once\)", made.out)
    assert secret is not None
    assert f'OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20{secret[1]}"' in made.out

    listed = clew("keys", "list", *folder)
    assert secret[1] not in listed.out
    assert "admin" in listed.out
    [key] = msgspec.json.decode(clew("keys", "list", "--json", *folder).out)
    assert (key["name"], key["scopes"], key["revoked_at"]) == ("ci", ["admin"], None)

    assert clew("keys", "revoke", key["key_id"], *folder).code == 0
    assert "revoked" in clew("keys", "list", *folder).out


def test_a_key_of_the_instance_is_made_with_a_star(clew: Clew, tmp_path: Path) -> None:
    """It belongs to no project's list."""
    folder = ("--data-dir", str(tmp_path))
    assert clew("keys", "create", "-p", "*", "-s", "read", "-s", "ingest", *folder).code == 0
    assert msgspec.json.decode(clew("keys", "list", "--json", *folder).out) == []
    [key] = msgspec.json.decode(clew("keys", "list", "-p", "*", "--json", *folder).out)
    assert key["scopes"] == ["ingest", "read"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "-s", "write"), "one or more of the scopes ingest, read, admin"),
        (("create", "-p", "nowhere"), "no project 'nowhere'"),
        (("revoke", "nothing"), "no key 'nothing' here"),
    ],
)
def test_what_can_not_be_is_a_sentence(
    clew: Clew, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """The same as the server would say."""
    open_data_dir(tmp_path, version="1.2.3").close()
    done = clew("keys", *arguments, "--data-dir", str(tmp_path))
    assert (done.code, done.out) == (1, "")
    assert sentence in done.err


def test_looking_for_keys_makes_no_folder(clew: Clew, tmp_path: Path) -> None:
    """A path that is mistyped isn't a new data folder."""
    for command in (("list",), ("revoke", "x")):
        done = clew("keys", *command, "--data-dir", str(tmp_path / "typo"))
        assert (done.code, "no data folder at" in done.err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_reached_through_its_server(clew: Clew, tmp_path: Path) -> None:
    """The lock names the server's address; a holder without one is named by its pid."""
    url = "http://127.0.0.1:1"
    with (
        open_data_dir(tmp_path, version="1.2.3", url=url),
        open_keyring(None, None, tmp_path, None, make=False) as keyring,
        pytest.raises(Unavailable, match=url),
    ):
        keyring.keys("default")
    with open_data_dir(tmp_path, version="1.2.3"):
        done = clew("keys", "list", "--data-dir", str(tmp_path))
        assert "is in use by the Clew with pid" in done.err


def test_a_server_that_demands_keys_is_asked_with_one(clew: Clew, tmp_path: Path) -> None:
    """Without, the sentence says what to do, which isn't the command that was just run."""
    folder = ("--data-dir", str(tmp_path / "data"))
    made = clew("keys", "create", "--scope", "admin", *folder)
    secret = re.findall(r"sk-clew-\w{43}", made.out)[0]
    server = Served(tmp_path / "data", "--auth", "keys").wait()
    try:
        for command in (("create",), ("list",)):
            done = clew("keys", *command, *folder)
            assert (done.code, done.out) == (1, "")
            assert "pass --key with an admin key, or stop it and run this again" in done.err
            assert "keys create" not in done.err
        assert clew("keys", "list", "--key", secret, *folder).code == 0
    finally:
        server.stop()


def test_keys_are_made_in_postgresql(clew: Clew, tmp_path: Path, postgres_url: str) -> None:
    """Where the server's records are; no folder is made for it."""
    records = ("--records-url", postgres_url, "--data-dir", str(tmp_path / "data"))
    made = clew("keys", "create", "--scope", "admin", *records)
    assert made.code == 0
    assert "admin" in clew("keys", "list", *records[2:], CLEW_RECORDS_URL=postgres_url).out
    assert not (tmp_path / "data").exists()
    environ = {"CLEW_RECORDS_URL": postgres_url}
    server = Served(tmp_path / "data", "--auth", "keys", environ=environ).wait()
    secret = re.findall(r"sk-clew-\w{43}", made.out)[0]
    answer = server.http.get("/api/projects", headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    server.stop()
