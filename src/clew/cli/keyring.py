"""Where `clew keys` finds the keys: with the server, or in its data folder while it is down."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

import msgspec

from clew.client import Client, Key, KeyScope
from clew.errors import NotFound, Unauthorized
from clew.records import Records, keys, open_records
from clew.server.data_dir import Locked, open_data_dir

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

INSTANCE = "*"
"""How the command line calls the whole instance, where it asks for a project."""


class Keyring(Protocol):
    """What `Client` and `RecordsKeyring` have in common."""

    def keys(self, project: str) -> list[Key]:
        """The project's keys."""
        ...

    def create_key(self, project: str, name: str, scopes: Sequence[KeyScope]) -> Key:
        """A new key, with its secret."""
        ...

    def revoke_key(self, project: str, key_id: str) -> None:
        """Make a key useless."""
        ...


class RecordsKeyring:
    """The keys in a records database, such as that of a data folder that this process holds."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def keys(self, project: str) -> list[Key]:
        """The project's keys."""
        found = self._records.read_now(keys.list_all, _bound(project))
        return [msgspec.convert(key, Key, from_attributes=True) for key in found]

    def create_key(self, project: str, name: str, scopes: Sequence[KeyScope]) -> Key:
        """A new key, with its secret."""
        now = datetime.now(UTC)
        new = self._records.write_now(keys.create, _bound(project), name, scopes, now)
        key = msgspec.convert(new.key, Key, from_attributes=True)
        return msgspec.structs.replace(key, secret_key=new.secret_key)

    def revoke_key(self, project: str, key_id: str) -> None:
        """Make a key useless."""
        self._records.write_now(keys.revoke, _bound(project), key_id, datetime.now(UTC))


@contextlib.contextmanager
def open_keyring(
    url: str | None, key: str | None, data_dir: Path, records_url: str | None, *, make: bool
) -> Generator[Keyring]:
    """The server at `url`; without one the records at `records_url`; without either the folder, or
    the server that holds the folder.

    The first key can only be made in the folder, because a server that demands keys doesn't start
    without one: `make` then makes the folder too, which is NotFound otherwise.
    """
    if url is not None:
        with Client(url, key) as client:
            yield client
        return
    if records_url:
        # A server may be running there: it sees within seconds what changes.
        with contextlib.closing(open_records(records_url)) as records:
            yield RecordsKeyring(records)
        return
    if not make and not data_dir.is_dir():
        message = f"no data folder at {data_dir}: pass --data-dir, or --url to ask a server"
        raise NotFound(message)
    try:
        folder = open_data_dir(data_dir, version=version("clew"))
    except Locked as exc:
        if not exc.holder.url:
            raise
        with _by_its_holder(exc.holder.url, key, data_dir) as client:
            yield client
        return
    with folder, contextlib.closing(open_records(folder.records_path)) as records:
        yield RecordsKeyring(records)


@contextlib.contextmanager
def _by_its_holder(url: str, key: str | None, data_dir: Path) -> Generator[Client]:
    """The server that holds the folder, which may want to know who asks."""
    with Client(url, key) as client:
        try:
            yield client
        except Unauthorized as exc:
            message = (
                f"the Clew at {url} holds {data_dir} and demands keys: pass --key with an admin "
                "key, or stop it and run this again"
            )
            raise Unauthorized(message) from exc


def _bound(project: str) -> str | None:
    return None if project == INSTANCE else project
