"""The operator's own prices, which stand above the packaged price table.

A price holds for a model from a date on, until a later price of the same model and provider.
"""

from __future__ import annotations

import math
import secrets
from datetime import datetime

import msgspec
import sqlalchemy as sa

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
    known = connection.scalar(sa.select(prices.c.price_id).where(same))
    stored = msgspec.structs.replace(price, price_id=known or secrets.token_hex(8))
    row = msgspec.structs.asdict(stored)
    statement = sa.insert(prices) if known is None else sa.update(prices).where(same)
    connection.execute(statement.values(row))
    return stored


def list_all(connection: sa.Connection) -> list[Price]:
    """Every price, by model and provider, the newest first."""
    order = (prices.c.model, prices.c.provider, prices.c.valid_from.desc())
    rows = connection.execute(sa.select(prices).order_by(*order))
    return [Price(**row) for row in rows.mappings()]


def delete(connection: sa.Connection, price_id: str) -> None:
    """Remove a price, or NotFound."""
    deleted = connection.execute(sa.delete(prices).where(prices.c.price_id == price_id))
    if deleted.rowcount == 0:
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
    if price.valid_from.tzinfo is None:
        message = "the date from which a price holds needs a time zone"
        raise BadInput(message)
