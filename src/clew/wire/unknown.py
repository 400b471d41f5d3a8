"""Which names of a span nobody here reads: how a new dialect is noticed.

What Clew reads is listed in `clew.conventions`; what OpenTelemetry says of hosts, requests and code
is nothing that an agent did, and left alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from clew import conventions

if TYPE_CHECKING:
    from collections.abc import Iterable

_GENERAL: Final = tuple(
    (
        "app. aws. az. azure. browser. client. cloud. code. container. cpu. db. deployment. device."
        " dns. enduser. error. event. exception. faas. feature_flag. file. graphql. host. http."
        " jvm. k8s. log. messaging. net. network. nodejs. oci. opentracing. os. otel. peer."
        " process. rpc. server. service. session. source. system. telemetry. thread. tls. url."
        " user. user_agent. webengine."
    ).split()
)
_INDEX: Final = re.compile(r"\.\d+(?:\.|$)")
READ: Final = frozenset(
    value for name, value in vars(conventions).items() if name.isupper() and isinstance(value, str)
)
_PREFIXES: Final = tuple(
    name.partition("{}")[0] for name in READ if name.endswith(".") or "{}" in name
)


def is_read(name: str) -> bool:
    """Whether a dialect reads this name, its prefix, or the list that it is an item of."""
    return name in READ or name.startswith(_PREFIXES) or _INDEX.split(name, 1)[0] in READ


def unknown_names(names: Iterable[str]) -> list[str]:
    """Those of the names that neither a dialect reads nor OpenTelemetry's general conventions
    have."""
    return [name for name in names if not _is_known(name)]


@lru_cache(maxsize=8192)
def _is_known(name: str) -> bool:
    return is_read(name) or name.startswith(_GENERAL)
