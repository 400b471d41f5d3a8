"""Keys: a public half that may be shown and a secret half that is shown once.

A key belongs to one project, or to the whole instance (`project` is None), and allows what its
scopes say. It is never deleted but revoked, so that lists still tell who had access.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec
import sqlalchemy as sa

from clew.errors import BadInput, NotFound
from clew.records import projects
from clew.records.tables import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

Scope = Literal["ingest", "read", "admin"]

SCOPES: tuple[Scope, ...] = ("ingest", "read", "admin")
MAX_NAME_LENGTH = 200
SECRET_PATTERN = re.compile(r"sk-clew-[0-9A-Za-z]{43}")

_BASE62 = string.digits + string.ascii_letters
_KEY_ID_LENGTH = 16
_PUBLIC_LENGTH = 22  # 131 bits: never two alike
_SECRET_LENGTH = 43  # 256 bits: never guessed


class Key(msgspec.Struct, kw_only=True, frozen=True):
    """A key, without its secret. `project` is None for a key of the whole instance."""

    key_id: str
    project: str | None
    public_key: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def allows(self, scope: Scope) -> bool:
        """Whether the key may do that; admin may do everything."""
        return scope in self.scopes or "admin" in self.scopes

    def reaches(self, project: str | None) -> bool:
        """Whether the key may touch that project, or with None the whole instance."""
        return self.project is None or self.project == project


class NewKey(msgspec.Struct, kw_only=True, frozen=True):
    """A key at the one moment when its secret is known."""

    key: Key
    secret_key: str


def create(
    connection: sa.Connection,
    project: str | None,
    name: str,
    scopes: Sequence[Scope],
    now: datetime,
) -> NewKey:
    """Make a key for a project, or with None for the whole instance.

    Raises NotFound where the project doesn't exist and BadInput where scopes are missing.
    """
    if project is not None:
        project = projects.hold(connection, project).name
    _check(name, scopes)
    secret = f"sk-clew-{_random(_SECRET_LENGTH)}"
    key = Key(
        key_id=_random(_KEY_ID_LENGTH),
        project=project,
        public_key=f"pk-clew-{_random(_PUBLIC_LENGTH)}",
        name=name,
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        created_at=now,
    )
    row = msgspec.structs.asdict(key) | {"secret_hash": secret_hash(secret)}
    connection.execute(sa.insert(keys).values(row))
    return NewKey(key=key, secret_key=secret)


def list_all(connection: sa.Connection, project: str | None) -> list[Key]:
    """The keys of a project, or with None those of the whole instance, newest last."""
    query = sa.select(keys).where(keys.c.project == project)
    rows = connection.execute(query.order_by(keys.c.created_at, keys.c.key_id))
    return [_key(row) for row in rows.mappings()]


def revoke(connection: sa.Connection, project: str | None, key_id: str, now: datetime) -> None:
    """Make the key useless from now on, named by its id or its public half; NotFound where the
    project has no such key."""
    named = (keys.c.key_id == key_id) | (keys.c.public_key == key_id)
    mine = (keys.c.project == project) & named
    if "\0" in key_id or connection.scalar(sa.select(keys.c.key_id).where(mine)) is None:
        message = f"no key {key_id!r} here: `clew keys list` shows those there are"
        raise NotFound(message)
    unrevoked = mine & keys.c.revoked_at.is_(None)
    connection.execute(sa.update(keys).where(unrevoked).values(revoked_at=now))


def find_by_secret(connection: sa.Connection, secret: str, public_key: str = "") -> Key | None:
    """The usable key with that secret, and with that public half where one is given."""
    digest = secret_hash(secret)
    usable = (keys.c.secret_hash == digest) & keys.c.revoked_at.is_(None)
    row = connection.execute(sa.select(keys).where(usable)).mappings().one_or_none()
    # The index finds the hash in a time that depends on the hash, which tells nothing of the
    # secret. What decides is compared in constant time.
    if row is None or not hmac.compare_digest(row["secret_hash"], digest):
        return None
    if public_key and not hmac.compare_digest(row["public_key"].encode(), public_key.encode()):
        return None
    return _key(row)


def touch(connection: sa.Connection, key_id: str, now: datetime) -> None:
    """Note that the key was used."""
    connection.execute(sa.update(keys).where(keys.c.key_id == key_id).values(last_used_at=now))


def any_usable(connection: sa.Connection) -> bool:
    """Whether a key exists that isn't revoked."""
    query = sa.select(keys.c.key_id).where(keys.c.revoked_at.is_(None)).limit(1)
    return connection.scalar(query) is not None


def secret_hash(secret: str) -> str:
    """What is stored of a secret, in hex.

    A plain SHA-256 is right here: slow, salted hashes protect passwords that people choose from
    guessing, and 256 random bits can't be guessed. It is asked for at every export, so it is fast.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(name: str, scopes: Sequence[str]) -> None:
    if not scopes or not set(scopes) <= set(SCOPES):
        message = f"a key has one or more of the scopes {', '.join(SCOPES)}, not {list(scopes)}"
        raise BadInput(message)
    if len(name) > MAX_NAME_LENGTH:
        message = f"a key's name has at most {MAX_NAME_LENGTH} characters, not {len(name)}"
        raise BadInput(message)
    if "\0" in name:
        message = "a key's name can't hold the character NUL"
        raise BadInput(message)


def _key(row: sa.RowMapping) -> Key:
    known = {name: row[name] for name in Key.__struct_fields__}
    return msgspec.convert(known, Key)


def _random(length: int) -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(length))
