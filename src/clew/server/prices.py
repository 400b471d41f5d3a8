"""What calls cost: the operator's prices as they stand in the records, for ingest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from clew import pricing
from clew.errors import ClewError
from clew.records import Records, prices
from clew.span import Cost, Facts

REFRESH_EVERY_S = 5.0
"""How long a price that another server on the same records was told is unknown here."""

log = logging.getLogger("clew")


class OperatorPrices:
    """The operator's prices, kept in memory: ingest asks for every model call."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._prices: tuple[pricing.Price, ...] = ()

    async def refresh(self) -> None:
        """Read them again: to be called at start and after each change."""
        self._prices = dated(await self._records.read(prices.list_all))

    async def follow(self) -> None:
        """Read them again every few seconds until cancelled: another server may change them."""
        while True:
            await asyncio.sleep(REFRESH_EVERY_S)
            try:
                await self.refresh()
            except ClewError as exc:
                log.warning("prices stay as they are: %s", exc.message)

    def listed(self) -> tuple[pricing.Price, ...]:
        """All of them; another tuple once one has changed."""
        return self._prices

    def price_span(self, facts: Facts, at_ns: int) -> Cost | None:
        """What a span cost, or None where that is unknown."""
        return pricing.price_span(facts, at_ns, self._prices)


def dated(listed: Iterable[prices.Price]) -> tuple[pricing.Price, ...]:
    """Prices with their end: each holds until the next of its model and provider."""

    def subject(price: prices.Price) -> tuple[str, str]:
        return price.model, price.provider

    found: list[pricing.Price] = []
    for _, of_subject in groupby(sorted(listed, key=subject), subject):
        by_date = sorted(of_subject, key=lambda price: price.valid_from)
        ends = [_ns(price.valid_from) for price in by_date[1:]]
        for price, to_ns in zip(by_date, [*ends, None], strict=True):
            until = {} if to_ns is None else {"to_ns": to_ns}
            kinds = {"output": None, **price.usd_per_million}
            found.append(
                pricing.Price(
                    match=price.model,
                    provider=price.provider,
                    from_ns=_ns(price.valid_from),
                    **kinds,  # type: ignore[arg-type] - the kinds that records checked
                    **until,
                )
            )
    # A name without wildcards says more than a pattern, and a longer pattern more than a shorter.
    return tuple(sorted(found, key=lambda price: ("*" in price.match, -len(price.match))))


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000
