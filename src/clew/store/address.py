"""Where a ClickHouse server is, as a URL says it. The password is in no text made from it."""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

DEFAULT_DATABASE = "clew"
_PORTS = {"http": 8123, "https": 8443}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What the protocol itself says in the query string of a request.
_RESERVED = {
    "buffer_size", "compress", "database", "decompress", "default_format", "password", "query",
    "query_id", "quota_key", "session_id", "session_timeout", "user", "wait_end_of_query",
}  # fmt: skip
_VERIFY = {"1": True, "true": True, "0": False, "false": False}
_EXAMPLE = "http://user:password@host:8123/database"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Address:
    """A database on a server, and how to speak to it. `settings` are ClickHouse's own."""

    secure: bool = False
    host: str
    port: int
    database: str = DEFAULT_DATABASE
    user: str = "default"
    password: str = dataclasses.field(default="", repr=False)
    verify: bool = True
    ca_cert: str = ""
    settings: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}/{self.database}"


def parse_address(url: str) -> Address:
    """The address in a URL such as `https://user:password@host:8443/database?max_threads=4`.

    In its query string stand `verify` and `ca_cert` for https, and settings of ClickHouse. Raises
    ValueError with a sentence that doesn't repeat the URL.
    """
    parts, port = _split(url)
    database = unquote(parts.path).strip("/") or DEFAULT_DATABASE
    if not _NAME.fullmatch(database):
        raise ValueError(f"a database's name is letters, digits and _, as in {_EXAMPLE}")
    verify, ca_cert = True, ""
    settings: list[tuple[str, str]] = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name == "verify":
            if value.lower() not in _VERIFY:
                raise ValueError("verify is true or false")
            verify = _VERIFY[value.lower()]
        elif name == "ca_cert":
            ca_cert = value
        elif not _NAME.fullmatch(name) or name in _RESERVED or name.startswith("param_"):
            raise ValueError(
                "what follows the ? is verify, ca_cert or a setting of ClickHouse; user, password"
                f" and database stand before it, as in {_EXAMPLE}"
            )
        else:
            settings.append((name, value))
    return Address(
        secure=parts.scheme == "https",
        host=parts.hostname or "",
        port=port or _PORTS[parts.scheme],
        database=database,
        user=unquote(parts.username or "") or "default",
        password=unquote(parts.password or ""),
        verify=verify,
        ca_cert=ca_cert,
        settings=tuple(settings),
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Its own words hold a piece of the URL, which may be the password's.
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or parts.fragment:
        raise ValueError(
            f"expected {_EXAMPLE}, with signs such as / # @ : in the password written as %2F and so"
        ) from None
    return parts, port
