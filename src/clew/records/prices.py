"""The operator's own prices, which stand above the packaged price table.

A price holds for a model from a date on, until a later price of the same model and provider.
"""

from __future__ import annotations

import math
import secrets
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from clew.errors import BadInput, NotFound
from clew.records.tables import prices

TOKEN_KINDS = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "audio_input",
    "audio_output",
    "image_input",
)
"""What can have a price of its own: the kinds of `span.Usage`, without `_tokens`."""


MAX_MODEL_LENGTH = 200
MAX_PROVIDER_LENGTH = 100


class Price(msgspec.Struct, kw_only=True, frozen=True):
    """What a million tokens of each kind cost in US dollars, from `valid_from` on.

    `model` may hold `*` as wildcard; an empty `provider` is any. A kind that isn't named costs
    what the kind it is part of costs (cached input as input, reasoning as output).
    """

    model: str
    valid_from: datetime
    usd_per_million: dict[str, float]
    provider: str = ""
    price_id: str = ""


def put(connection: sa.Connection, price: Price) -> Price:
    """Store a price, replacing one of the same model, provider and date. Gives it its id."""
    _check(price)
    same = (
        (prices.c.provider == price.provider)
        & (prices.c.model == price.model)
        & (prices.c.valid_from == price.valid_from)
    )
    stored = msgspec.structs.replace(price, price_id=secrets.token_hex(8))
    try:
        # Within a savepoint, because PostgreSQL ends the transaction of a statement that fails.
        with connection.begin_nested():
            connection.execute(sa.insert(prices).values(msgspec.structs.asdict(stored)))
    except sa_exc.IntegrityError:
        changed = {"usd_per_million": price.usd_per_million}
        connection.execute(sa.update(prices).where(same).values(changed))
        known = connection.scalar(sa.select(prices.c.price_id).where(same))
        return msgspec.structs.replace(price, price_id=known or "")
    return stored


def list_all(connection: sa.Connection) -> list[Price]:
    """Every price, by model and provider, the newest first."""
    rows = connection.execute(sa.select(prices).order_by(prices.c.valid_from.desc()))
    found = [Price(**row) for row in rows.mappings()]
    # Sorted here, because a database sorts names by the rules of its own language.
    return sorted(found, key=lambda price: (price.model, price.provider))


def delete(connection: sa.Connection, price_id: str) -> None:
    """Remove a price, or NotFound."""
    same = prices.c.price_id == price_id
    if "\0" in price_id or connection.execute(sa.delete(prices).where(same)).rowcount == 0:
        message = f"no price {price_id!r}"
        raise NotFound(message)


def _check(price: Price) -> None:
    unknown = sorted(set(price.usd_per_million) - set(TOKEN_KINDS))
    if unknown:
        message = f"no such kind of tokens: {', '.join(unknown)}; use {', '.join(TOKEN_KINDS)}"
        raise BadInput(message)
    if not price.model or not price.usd_per_million:
        message = "a price needs a model and what one kind of its tokens costs"
        raise BadInput(message)
    if not all(0 <= usd < math.inf for usd in price.usd_per_million.values()):
        message = "a price is 0 or more dollars"
        raise BadInput(message)
    if len(price.model) > MAX_MODEL_LENGTH or len(price.provider) > MAX_PROVIDER_LENGTH:
        message = (
            f"a model has at most {MAX_MODEL_LENGTH} characters, "
            f"and a provider {MAX_PROVIDER_LENGTH}"
        )
        raise BadInput(message)
    if "\0" in price.model + price.provider:
        message = "neither a model nor a provider can hold the character NUL"
        raise BadInput(message)
    if price.valid_from.tzinfo is None:
        message = "the date from which a price holds needs a time zone"
        raise BadInput(message)
