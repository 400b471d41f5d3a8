"""Usage → cost."""

from __future__ import annotations

from datetime import UTC, datetime

import genai_prices
import pytest
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st

from clew.pricing import Price, price
from clew.span import Usage

NOW_NS = 1_795_000_000 * 10**9
USAGE = Usage(input_tokens=1000, output_tokens=100)


def total(
    provider: str,
    model: str,
    usage: Usage = USAGE,
    *,
    at_ns: int = NOW_NS,
    own: tuple[Price, ...] = (),
) -> float | None:
    cost = price(provider=provider, model=model, usage=usage, at_ns=at_ns, operator_prices=own)
    return None if cost is None else cost.total_usd


def test_each_kind_of_token_has_its_own_price() -> None:
    """Cached input is cheaper, and is part of the input, not beside it."""
    usage = Usage(input_tokens=1000, output_tokens=100, cache_read_tokens=400)
    cost = price(provider="openai", model="gpt-4o", usage=usage, at_ns=NOW_NS)
    assert cost is not None
    assert cost.input_usd == pytest.approx((600 * 2.5 + 400 * 1.25) / 1e6)
    assert cost.output_usd == pytest.approx(100 * 10 / 1e6)
    assert cost.total_usd == pytest.approx(0.0030)
    assert cost.source == "prices"


def test_writing_to_the_long_cache_costs_more() -> None:
    """Tokens cached for an hour are part of the tokens written to the cache."""
    usage = Usage(
        input_tokens=1000, output_tokens=0, cache_write_tokens=600, cache_write_1h_tokens=200
    )
    held = total("anthropic", "claude-sonnet-4-5", usage)
    assert held == pytest.approx((400 * 3 + 400 * 3.75 + 200 * 6) / 1e6)


def test_a_long_input_changes_the_price_of_every_token() -> None:
    """Above a tier's start all tokens cost what the tier costs."""
    usage = Usage(input_tokens=200_001, output_tokens=10)
    held = total("anthropic", "claude-sonnet-4-5", usage)
    assert held == pytest.approx((200_001 * 6 + 10 * 22.5) / 1e6)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "openai/gpt-4o"),
        ("", "openai/gpt-4o"),
        ("", "gpt-4o"),
        ("openai", "gpt-4o-2024-08-06"),
        ("azure.ai.openai", "gpt-4o"),
        ("azure.ai.inference", "gpt-4o"),
    ],
)
def test_a_model_is_found_under_its_many_names(provider: str, model: str) -> None:
    """Prefixes, dates and resellers lead to the same price."""
    assert total(provider, model) == total("openai", "gpt-4o") is not None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("gcp.gen_ai", "models/gemini-2.5-flash"),
        ("gcp.vertex_ai", "gemini-2.5-pro"),
        ("x_ai", "grok-4"),
        ("mistral_ai", "mistral-large-latest"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc"),
        ("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("openrouter", "openai/gpt-4o"),
    ],
)
def test_every_provider_of_the_conventions_has_prices(provider: str, model: str) -> None:
    """The names of providers in OpenTelemetry lead to those of the price table."""
    assert total(provider, model)


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("openai", "no-such-model", USAGE),
        ("ollama", "llama3", USAGE),
        ("somebody", "gpt-4o", USAGE),
        ("openai", "", USAGE),
        ("openai", "gpt-4o", Usage()),
        ("openai", "gpt-4o", Usage(total_tokens=10)),
        ("openai", "gpt-4o", Usage(input_tokens=10)),
        ("openai", "gpt-4o", Usage(output_tokens=10)),
    ],
)
def test_what_has_no_price_is_unknown_and_not_0(provider: str, model: str, usage: Usage) -> None:
    """No such model, a provider whose prices nobody told, tokens that were not told."""
    assert price(provider=provider, model=model, usage=usage, at_ns=NOW_NS) is None


def test_an_embedding_has_no_output_to_pay_for() -> None:
    """Input alone is the whole cost of a model that has no price for output."""
    held = total("openai", "text-embedding-3-small", Usage(input_tokens=1000))
    assert held == pytest.approx(1000 * 0.02 / 1e6)


def test_the_operators_price_stands_above_the_table() -> None:
    """The most exact of the operator's prices that holds at the time is taken."""
    own = (
        Price(match="*", input=1.0, output=1.0),
        Price(match="gpt-4o*", input=2.0, output=2.0),
        Price(match="gpt-4o*", provider="azure.ai.openai", input=3.0, output=3.0),
        Price(match="gpt-4o", input=4.0, output=4.0, from_ns=NOW_NS),
    )
    assert total("openai", "GPT-4o-mini", own=own) == pytest.approx(1100 * 2 / 1e6)
    assert total("azure.ai.openai", "gpt-4o", own=own) == pytest.approx(1100 * 3 / 1e6)
    assert total("openai", "openai/gpt-4o", own=own) == pytest.approx(1100 * 4 / 1e6)
    assert total("openai", "gpt-4o", at_ns=NOW_NS - 1, own=own) == pytest.approx(1100 * 2 / 1e6)
    assert total("ollama", "llama3", own=own) == pytest.approx(1100 * 1 / 1e6)
    cost = price(provider="ollama", model="llama3", usage=USAGE, at_ns=NOW_NS, operator_prices=own)
    assert cost is not None
    assert cost.source == "operator"


def test_a_price_ends_on_its_date() -> None:
    """After `to_ns` the table is asked again."""
    own = (Price(match="gpt-4o", input=9.0, output=9.0, to_ns=NOW_NS),)
    assert total("openai", "gpt-4o", own=own) == total("openai", "gpt-4o")


def test_a_kind_without_a_price_costs_what_it_is_part_of() -> None:
    """The operator need not price every kind: cached input then costs what input costs."""
    own = (Price(match="m", input=1.0, output=2.0, cache_write=3.0),)
    usage = Usage(
        input_tokens=100,
        output_tokens=50,
        cache_read_tokens=40,
        cache_write_tokens=20,
        cache_write_1h_tokens=10,
        reasoning_tokens=30,
    )
    assert total("", "m", usage, own=own) == pytest.approx((80 * 1 + 20 * 3 + 50 * 2) / 1e6)


def test_a_free_model_costs_0() -> None:
    """A price of 0 is a price."""
    assert total("", "m", own=(Price(match="m", input=0.0, output=0.0),)) == 0


def test_prices_change_with_time() -> None:
    """A model that is cheaper at some hours has the price of the hour in which it was called."""
    night = int(datetime(2026, 11, 23, 3, tzinfo=UTC).timestamp() * 1e9)
    evening = int(datetime(2026, 11, 23, 20, tzinfo=UTC).timestamp() * 1e9)
    dear = total("deepseek", "deepseek-chat", at_ns=night)
    cheap = total("deepseek", "deepseek-chat", at_ns=evening)
    assert dear is not None
    assert cheap == pytest.approx(dear / 2)


MODELS = [
    (provider.id, model.id)
    for provider in providers
    if provider.id in ("openai", "anthropic", "google", "aws", "mistral", "deepseek", "x-ai")
    for model in provider.models
]


@given(
    st.sampled_from(MODELS),
    st.integers(0, 300_000),
    st.integers(0, 5000),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_sum_is_the_one_of_the_price_table(
    named: tuple[str, str], input_tokens: int, output_tokens: int, read: float, write: float
) -> None:
    """Our arithmetic on the table's prices agrees with the table's own, tiers and dates too."""
    provider, model = named
    cached = int(input_tokens * read)
    written = int((input_tokens - cached) * write)
    cost = price(
        provider=provider,
        model=model,
        usage=Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_read_tokens=cached,
            cache_write_tokens=written,
        ),
        at_ns=NOW_NS,
    )
    if cost is None:
        return
    theirs = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_read_tokens=cached,
            cache_write_tokens=written,
        ),
        model,
        provider_id=provider,
        genai_request_timestamp=datetime.fromtimestamp(NOW_NS / 1e9, UTC),
    )
    assert cost.total_usd == pytest.approx(float(theirs.total_price), abs=1e-9)
