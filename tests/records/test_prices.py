"""The operator's own prices."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clew.errors import BadInput, NotFound
from clew.records import Records, open_records, prices
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
    for price_id in (stored.price_id, "a\0b"):
        with pytest.raises(NotFound):
            records.write_now(prices.delete, price_id)


def test_names_are_sorted_by_their_characters(records: Records) -> None:
    """Whatever language the database has."""
    for model in ("b", "A", "é", "a", "B-1", "_"):
        price = Price(model=model, valid_from=NOW, usd_per_million={"input": 1.0})
        records.write_now(prices.put, price)
    listed = [price.model for price in records.read_now(prices.list_all)]
    assert listed == ["A", "B-1", "_", "a", "b", "é"]


def test_the_same_price_at_once_is_one(where: Path | str) -> None:
    """Two servers that are told it in the same moment agree on its id."""
    servers = [open_records(where) for _ in range(3)]
    for number in range(5):
        price = Price(model=f"m{number}", valid_from=NOW, usd_per_million={"input": 1.0})
        with ThreadPoolExecutor(len(servers)) as pool:
            told = [pool.submit(server.write_now, prices.put, price) for server in servers]
        assert len({each.result().price_id for each in told}) == 1
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    "price",
    [
        Price(model="m", valid_from=NOW, usd_per_million={"inptu": 1.0}),
        Price(model="m", valid_from=NOW, usd_per_million={}),
        Price(model="", valid_from=NOW, usd_per_million={"input": 1.0}),
        Price(model="m", valid_from=NOW, usd_per_million={"input": -1.0}),
        Price(model="m", valid_from=NOW, usd_per_million={"input": float("nan")}),
        Price(model="m", valid_from=NOW.replace(tzinfo=None), usd_per_million={"input": 1.0}),
        Price(model="m" * 201, valid_from=NOW, usd_per_million={"input": 1.0}),
        Price(model="m", provider="p" * 101, valid_from=NOW, usd_per_million={"input": 1.0}),
        Price(model="a\0b", valid_from=NOW, usd_per_million={"input": 1.0}),
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
