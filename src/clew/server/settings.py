"""The options of `clew serve`, each also an environment variable.

A flag stands above the environment, which stands above the default. `Settings` is the one place
where an option is declared: the command line and `--help` are made from it.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

from clew.errors import StartupError
from clew.store.address import Address, parse_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LogLevel = Literal["debug", "info", "warning", "error"]
AuthMode = Literal["open", "keys"]

AUTO_PROCESSES = 4
"""One decodes 5,000 spans a second; with more, what the server itself does is the limit."""
MOST_PROCESSES = 64

_SIZE = re.compile(r"(\d+)\s*(|B|KiB|MiB|GiB)", re.IGNORECASE)
_CLUSTER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_UNITS = {"": 1, "b": 1, "kib": 1024, "mib": 1024**2, "gib": 1024**3}


def _text(value: str) -> str:
    if not value:
        message = "give a name or address"
        raise ValueError(message)
    return value


def _port(value: str) -> int:
    if not value.isdecimal() or int(value) > 65_535:  # noqa: PLR2004
        message = "a port is a whole number from 0 (any free one) to 65535"
        raise ValueError(message)
    return int(value)


def _path(value: str) -> Path:
    return Path(_text(value)).expanduser()


def _file(value: str) -> Path | None:
    return Path(value).expanduser() if value else None


def _size(value: str) -> int:
    match = _SIZE.fullmatch(value.strip())
    if match is None or int(match[1]) == 0:
        message = "a size is a number of bytes, or one with a unit such as 64MiB"
        raise ValueError(message)
    return int(match[1]) * _UNITS[match[2].lower()]


def _seconds(value: str) -> float:
    if not value.isdecimal() or int(value) == 0:
        message = "give a whole number of seconds"
        raise ValueError(message)
    return float(value)


def _days(value: str) -> int | None:
    if value == "forever":
        return None
    if not value.isdecimal() or int(value) == 0:
        message = "give a whole number of days, or 'forever'"
        raise ValueError(message)
    return int(value)


def _processes(value: str) -> int:
    if value == "auto":
        return max(1, min(AUTO_PROCESSES, (os.cpu_count() or 1) - 1))
    if not value.isdecimal() or int(value) > MOST_PROCESSES:
        message = f"give a whole number up to {MOST_PROCESSES}, or 'auto'"
        raise ValueError(message)
    return int(value)


def _origins(value: str) -> tuple[str, ...]:
    origins = tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
            message = (
                "origins are scheme and host, separated by commas, such as https://app.example.com"
            )
            raise ValueError(message)
    return origins


def _records_url(value: str) -> str | None:
    return value.strip() or None


def _address(value: str) -> Address | None:
    return parse_address(value) if value else None


def _cluster(value: str) -> str:
    if value and not _CLUSTER.fullmatch(value):
        message = "a cluster's name is letters, digits, _ and -, as in the server's configuration"
        raise ValueError(message)
    return value


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            message = f"give one of {', '.join(choices)}"
            raise ValueError(message)
        return value

    return parse


def _option(
    default: str, parse: Callable[[str], object], text: str, *, secret: bool = False
) -> Any:
    """A field declared by what its flag or environment variable would say; a secret one is left
    out where settings are shown."""
    metadata = {"default": default, "parse": parse, "help": text, "secret": secret}
    value = cast("Any", parse(default))
    return dataclasses.field(default=value, metadata=metadata, repr=not secret)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """How a server runs."""

    host: str = _option(
        "127.0.0.1",
        _text,
        "Address to listen on. Anything but loopback demands keys.",
    )
    port: int = _option("4318", _port, "Port of the web page, the API and OTLP over HTTP.")
    grpc_port: int = _option("4317", _port, "Port of OTLP over gRPC.")
    data_dir: Path = _option(  # noqa: RUF009 (a Path is immutable)
        "./clew-data",
        _path,
        "Folder that holds everything that isn't elsewhere.",
    )
    clickhouse_url: Address | None = _option(  # noqa: RUF009 (frozen too)
        "",
        _address,
        "ClickHouse server that stores the spans, as https://user:password@host:8443/database."
        " Without one they are in the data folder.",
        secret=True,
    )
    clickhouse_cluster: str = _option(
        "",
        _cluster,
        "Cluster of that server over which the spans are spread.",
    )
    records_url: str | None = _option(
        "",
        _records_url,
        "PostgreSQL for projects, keys and prices, as postgresql://user:password@host/database,"
        " instead of SQLite in the folder. The variable doesn't show in lists of processes.",
        secret=True,
    )
    auth: Literal["auto", "keys"] = _option(
        "auto",
        _choice("auto", "keys"),
        "Demand keys always (keys), or only where other machines can connect (auto).",
    )
    allowed_origins: tuple[str, ...] = _option(
        "",
        _origins,
        "Origins, separated by commas, whose pages and proxies may use the API.",
    )
    max_body_bytes: int = _option(
        "64MiB",
        _size,
        "Largest request, also after decompression.",
    )
    receive_timeout_s: float = _option(
        "30",
        _seconds,
        "Seconds that a sender may take for a request; large ones may take longer.",
    )
    ingest_processes: int = _option(
        "auto",
        _processes,
        "Processes that may be started while much comes in, to decode it: a number, 0 for none,"
        " or one less than there are processors and four at most (auto).",
    )
    attribute_rules: Path | None = _option(  # noqa: RUF009 (a Path is immutable)
        "",
        _file,
        "File that says what foreign attributes mean, instead of attributes.toml in the data"
        " folder.",
    )
    retention_days: int | None = _option(
        "forever",
        _days,
        "Days that runs are kept, in projects that don't say themselves.",
    )
    log_level: LogLevel = _option(  # noqa: RUF009 (and so is a str)
        "info",
        _choice("debug", "info", "warning", "error"),
        "How much is logged: debug, info, warning or error.",
    )

    @property
    def auth_mode(self) -> AuthMode:
        """`keys` where a key is demanded, `open` where every request may do everything."""
        return "open" if self.auth == "auto" and is_loopback(self.host) else "keys"

    @property
    def url(self) -> str:
        """Where a program on this machine reaches the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Option:
    """How one setting is said: `--grpc-port 4317` or `CLEW_GRPC_PORT=4317`."""

    name: str
    flag: str
    variable: str
    default: str
    help: str
    secret: bool
    parse: Callable[[str], object]


def options() -> tuple[Option, ...]:
    """Every setting, in the order of `Settings`."""
    return tuple(
        Option(
            name=field.name,
            flag="--" + field.name.replace("_", "-"),
            variable="CLEW_" + field.name.upper(),
            **field.metadata,
        )
        for field in dataclasses.fields(Settings)
    )


def load(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """The settings that `flags` (by field name; None is not given) and the environment ask for.

    Raises StartupError for the first value that can't be read: which, why, and what would do.
    """
    values: dict[str, Any] = {}
    for option in options():
        flag = flags.get(option.name)
        said = environ.get(option.variable) or None if flag is None else flag
        if said is not None:
            values[option.name] = _parse(option, said, by_flag=flag is not None)
    settings = Settings(**values)
    if settings.clickhouse_cluster and settings.clickhouse_url is None:
        message = "--clickhouse-cluster needs --clickhouse-url: the address of one of its servers"
        raise StartupError(message)
    return settings


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _parse(option: Option, said: str, *, by_flag: bool) -> object:
    try:
        return option.parse(said)
    except ValueError as exc:
        source = option.flag if by_flag else option.variable
        message = f"{source}: {exc}" if option.secret else f"{source} is {said!r}: {exc}"
        raise StartupError(message) from exc
