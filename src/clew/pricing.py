"""Usage → cost: the operator's own prices first, then the packaged price table, which has dates.

Each kind of token has its own price; a kind without one costs what the kind that it is part of
costs (cached input as input, reasoning as output). A model that neither table knows has no price:
the cost is unknown, never 0.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from clew.span import Cost, Facts, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_MILLION = 1_000_000
_FOREVER_NS = (1 << 63) - 1

_TABLE_NAMES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "reasoning": "output_reasoning_mtok",
    "audio_input": "input_audio_mtok",
    "audio_output": "output_audio_mtok",
    "image_input": "input_image_mtok",
}
"""Kinds of tokens → their names in `genai_prices`."""

_TABLE_PROVIDERS = {
    "gcp.gen_ai": "google",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "aws.bedrock": "aws",
    "x_ai": "x-ai",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "together_ai": "together",
}
"""Our names of providers → those of `genai_prices`, where it would not find them."""


class Price(msgspec.Struct, kw_only=True, frozen=True):
    """What a million tokens of each kind cost in US dollars, by the operator's word.

    `match` is a model's name, where `*` stands for anything; an empty `provider` is any. The
    price holds at times from `from_ns` until before `to_ns`, in nanoseconds since the Unix epoch.
    """

    match: str
    provider: str = ""
    input: float
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None
    reasoning: float | None = None
    audio_input: float | None = None
    audio_output: float | None = None
    image_input: float | None = None
    from_ns: int = 0
    to_ns: int = _FOREVER_NS


class _Rate(NamedTuple):
    """Dollars for a token; above a number of input tokens (`tiers`, rising) all cost another."""

    base: float
    tiers: tuple[tuple[int, float], ...] = ()

    def at(self, input_tokens: int) -> float:
        rate = self.base
        for start, tier in self.tiers:
            if input_tokens <= start:
                break
            rate = tier
        return rate


class _Rates(NamedTuple):
    """The rate of each kind of token, None where it has none, and dollars for each call."""

    by_kind: dict[str, _Rate]
    call_usd: float = 0.0


def price(
    *,
    provider: str,
    model: str,
    usage: Usage,
    at_ns: int,
    operator_prices: Sequence[Price] = (),
) -> Cost | None:
    """What a call cost at a time (nanoseconds since the Unix epoch), or None if that is unknown:
    no tokens were told, or the model or one of the kinds of tokens has no price."""
    if not model or (usage.input_tokens is None and usage.output_tokens is None):
        return None
    if operator_prices:
        own = _operator_rates(provider, model, tuple(operator_prices), at_ns)
        if own is not None:
            return _cost(own, usage, "operator")
    rates_at = _table(provider, model)
    return None if rates_at is None else _cost(rates_at(at_ns), usage, "prices")


def price_span(facts: Facts, at_ns: int, operator_prices: Sequence[Price] = ()) -> Cost | None:
    """What a span cost that began at `at_ns`, or None if that is unknown."""
    if facts.usage is None:
        return None
    return price(
        provider=facts.provider,
        model=facts.model,
        usage=facts.usage,
        at_ns=at_ns,
        operator_prices=operator_prices,
    )


def _cost(rates: _Rates, usage: Usage, source: str) -> Cost | None:
    input_tokens, output_tokens = usage.input_tokens or 0, usage.output_tokens or 0
    # An embedding has no output, a model call without one was not told in full.
    if usage.input_tokens is None or (usage.output_tokens is None and "output" in rates.by_kind):
        return None
    long_write = usage.cache_write_1h_tokens or 0
    short_write = max((usage.cache_write_tokens or 0) - long_write, 0)
    input_usd = _sum(
        rates.by_kind,
        input_tokens,
        "input",
        (
            ("cache_read", "input", usage.cache_read_tokens),
            ("cache_write", "input", short_write),
            ("cache_write_1h", "cache_write", long_write),
            ("audio_input", "input", usage.audio_input_tokens),
            ("image_input", "input", usage.image_input_tokens),
        ),
        input_tokens,
    )
    output_usd = _sum(
        rates.by_kind,
        output_tokens,
        "output",
        (
            ("reasoning", "output", usage.reasoning_tokens),
            ("audio_output", "output", usage.audio_output_tokens),
        ),
        input_tokens,
    )
    if input_usd is None or output_usd is None:
        return None
    return Cost(
        # Sums of fractions end in noise; no price of a token has as many digits.
        input_usd=round(input_usd, 12),
        output_usd=round(output_usd, 12),
        total_usd=round(input_usd + output_usd + rates.call_usd, 12),
        source=source,
    )


def _sum(
    rates: dict[str, _Rate],
    tokens: int,
    kind: str,
    parts: Iterable[tuple[str, str, int | None]],
    input_tokens: int,
) -> float | None:
    """Dollars for `tokens` of one kind, of which some are of a kind with a rate of its own."""
    usd = 0.0
    for part, fallback, count in parts:
        if not count:
            continue
        rate = rates.get(part) or rates.get(fallback)
        if rate is not None and (part in rates or fallback != kind):
            usd += rate.at(input_tokens) * count
            tokens -= count
    if tokens <= 0:
        return usd
    rate = rates.get(kind)
    return None if rate is None else usd + rate.at(input_tokens) * tokens


# The operator's prices.


@lru_cache(maxsize=4096)
def _matching(provider: str, model: str, prices: tuple[Price, ...]) -> tuple[Price, ...]:
    """The prices of a model, the one to take first: of this provider, of the most exact name, of
    the latest date."""
    names = {model.lower(), model.lower().rpartition("/")[2]}
    held = [
        price
        for price in prices
        if price.provider in ("", provider)
        and any(fnmatchcase(name, price.match.lower()) for name in names)
    ]
    held.sort(key=_exactness, reverse=True)
    return tuple(held)


def _exactness(price: Price) -> tuple[bool, bool, int, int]:
    wild = "*" in price.match
    return price.provider != "", not wild, len(price.match.replace("*", "")), price.from_ns


def _operator_rates(
    provider: str, model: str, prices: tuple[Price, ...], at_ns: int
) -> _Rates | None:
    for held in _matching(provider, model, prices):
        if held.from_ns <= at_ns < held.to_ns:
            return _rates_of(held)
    return None


@lru_cache(maxsize=4096)
def _rates_of(held: Price) -> _Rates:
    told = {kind: getattr(held, kind) for kind in _TABLE_NAMES}
    return _Rates({kind: _Rate(usd / _MILLION) for kind, usd in told.items() if usd is not None})


# The packaged price table.


@lru_cache(maxsize=8192)
def _table(provider: str, model: str) -> Callable[[int], _Rates] | None:
    """The rates of a model at a time, out of the packaged table."""
    found = next(filter(None, (_find(*guess) for guess in _guesses(provider, model))), None)
    if found is None:
        return None
    prices = found.prices
    if not isinstance(prices, list):
        fixed = _table_rates(prices)
        return lambda _at_ns: fixed
    dated = [(held.constraint, _table_rates(held.prices)) for held in prices]
    return lambda at_ns: _rates_on(dated, at_ns)


def _rates_on(dated: list[tuple[Any, _Rates]], at_ns: int) -> _Rates:
    """The last price whose dates or hours hold, else the first: the rule of the table."""
    at = datetime.fromtimestamp(at_ns / 1e9, UTC)
    for constraint, rates in reversed(dated):
        if constraint is None or constraint.active(at):
            return rates
    return dated[0][1]


def _guesses(provider: str, model: str) -> list[tuple[str | None, str]]:
    """Where to look a model up: as it was told, without a prefix, and with the prefix as the
    provider (`openai/gpt-4o`). A provider that is not in the table serves at prices that nobody
    told: what another charges for the model says nothing."""
    named = _TABLE_PROVIDERS.get(provider, provider) or None
    prefix, slash, rest = model.partition("/")
    guesses: list[tuple[str | None, str]] = [(named, model)]
    if slash:
        guesses += [(named, model.rpartition("/")[2]), (_TABLE_PROVIDERS.get(prefix, prefix), rest)]
    return guesses


def load_table() -> None:
    """Load the packaged table, which is otherwise done when the first price is asked for."""
    _find(None, "")


def _find(provider: str | None, model: str) -> Any:
    # Importing the table takes a second on a slow machine, and a server has to start within three.
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415

    try:
        return get_snapshot().find_provider_model(model, None, provider, None)[1]
    except LookupError:
        return None


def _table_rates(prices: Any) -> _Rates:
    held = prices.__dict__
    rates = {
        kind: _table_rate(held[name])
        for kind, name in _TABLE_NAMES.items()
        if held.get(name) is not None
    }
    return _Rates(rates, float(held.get("requests_kcount") or 0) / 1000)


def _table_rate(told: Any) -> _Rate:
    tiers = getattr(told, "tiers", ())
    base = told.base if tiers else told
    return _Rate(
        float(base) / _MILLION,
        tuple((tier.start, float(tier.price) / _MILLION) for tier in tiers),
    )
