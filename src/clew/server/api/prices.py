"""The operator's own prices: `/api/prices`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
from litestar import Request, Router, delete, get, put

from clew.errors import BadInput
from clew.records import Records, prices
from clew.server.auth import Access
from clew.server.prices import OperatorPrices

AnyRequest: TypeAlias = "Request[Any, Any, Any]"


class NewPrice(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What a million tokens of each kind cost in US dollars, from `valid_from` on (by default from
    always). `model` may hold `*`; an empty `provider` is any."""

    model: str
    usd_per_million: dict[str, float]
    provider: str = ""
    valid_from: datetime = datetime(1970, 1, 1, tzinfo=UTC)


class PriceList(msgspec.Struct, kw_only=True, frozen=True):
    """Prices by model, the newest first."""

    prices: list[prices.Price]


@get("/prices")
async def list_prices(request: AnyRequest, access: Access, records: Records) -> PriceList:
    """The operator's prices. The packaged table stands below them and isn't listed."""
    await access.admin(request.headers, None)
    return PriceList(prices=await records.read(prices.list_all))


@put("/prices")
async def put_price(
    request: AnyRequest,
    data: NewPrice,
    access: Access,
    records: Records,
    operator_prices: OperatorPrices,
) -> prices.Price:
    """Add a price, or replace the one of the same model, provider and date. It holds for calls
    that arrive from now on; `reprice` applies it to those that are stored."""
    await access.admin(request.headers, None)
    if "input" not in data.usd_per_million:
        raise BadInput("usd_per_million needs at least a price for input")
    price = prices.Price(
        model=data.model,
        provider=data.provider,
        valid_from=data.valid_from,
        usd_per_million=data.usd_per_million,
    )
    stored = await records.write(prices.put, price)
    await operator_prices.refresh()
    return stored


@delete("/prices/{price_id:str}")
async def delete_price(
    price_id: str,
    request: AnyRequest,
    access: Access,
    records: Records,
    operator_prices: OperatorPrices,
) -> None:
    """Remove a price."""
    await access.admin(request.headers, None)
    await records.write(prices.delete, price_id)
    await operator_prices.refresh()


price_routes = Router(
    "/api", route_handlers=[list_prices, put_price, delete_price], tags=["prices"]
)
