"""The operator's own prices."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clew.errors import BadInput, NotFound
from clew.records import Records, prices
from clew.records.prices import Price
from clew.span import Usage

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_prices_are_listed_newest_first(records: Records) -> None:
    """A price holds from its date on, so the first that is not in the future is the one."""
    for year in (2025, 2026):
        price = Price(
            model="gpt-5", valid_from=NOW.replace(year=year), usd_per_million={"input": year / 1000}
        )
        records.write_now(prices.put, price)
    listed = records.read_now(prices.list_all)
    assert [price.usd_per_million for price in listed] == [{"input": 2.026}, {"input": 2.025}]


def test_the_same_model_and_date_has_one_price(records: Records) -> None:
    """Correcting a price keeps its id."""
    price = Price(model="gpt-5", valid_from=NOW, usd_per_million={"input": 1.0})
    first = records.write_now(prices.put, price)
    corrected = Price(model="gpt-5", valid_from=NOW, usd_per_million={"input": 2.0, "output": 8.0})
    second = records.write_now(prices.put, corrected)
    assert second.price_id == first.price_id
    assert records.read_now(prices.list_all) == [second]


def test_a_price_is_removed_once(records: Records) -> None:
    """What isn't there can't be removed."""
    price = Price(model="gpt-5", valid_from=NOW, usd_per_million={"input": 1.0})
    stored = records.write_now(prices.put, price)
    records.write_now(prices.delete, stored.price_id)
    assert records.read_now(prices.list_all) == []
    with pytest.raises(NotFound):
        records.write_now(prices.delete, stored.price_id)


@pytest.mark.parametrize(
    "price",
    [
        Price(model="m", valid_from=NOW, usd_per_million={"inptu": 1.0}),
        Price(model="m", valid_from=NOW, usd_per_million={}),
        Price(model="", valid_from=NOW, usd_per_million={"input": 1.0}),
        Price(model="m", valid_from=NOW, usd_per_million={"input": -1.0}),
        Price(model="m", valid_from=NOW, usd_per_million={"input": float("nan")}),
        Price(model="m", valid_from=NOW.replace(tzinfo=None), usd_per_million={"input": 1.0}),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(records: Records, price: Price) -> None:
    """A typing error must not make calls free."""
    with pytest.raises(BadInput):
        records.write_now(prices.put, price)


def test_every_kind_of_token_can_have_a_price() -> None:
    """The kinds are those of `span.Usage`."""
    counted = {field.removesuffix("_tokens") for field in Usage.__struct_fields__}
    assert set(prices.TOKEN_KINDS) == counted - {"total", "scope"}
