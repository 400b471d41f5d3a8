"""The operator's prices stand above the packaged table, for calls that arrive after."""

from __future__ import annotations

from datetime import UTC, datetime

import make
from clew.client import Client
from clew.records.prices import Price
from clew.server.prices import dated
from clew.span import Span
from clew.wire.otlp import encode_traces
from conftest import Served

T0 = 1_795_442_531_000_000_000


def call(model: str) -> Span:
    """A call of a thousand tokens in and a hundred out."""
    return Span(
        trace_id=make.trace_id(),
        span_id="a" * 16,
        name=f"chat {model}",
        start_ns=T0,
        end_ns=T0 + 1,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": model,
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 100,
        },
    )


def cost(server: Served, project: str, model: str) -> dict[str, object] | None:
    """What a call that arrives now costs."""
    sent = call(model)
    answer = server.http.post(
        "/v1/traces",
        content=encode_traces([sent]),
        headers={"content-type": "application/x-protobuf", "x-clew-project": project},
    )
    assert answer.status_code == 200
    span = server.http.get(
        f"/api/projects/{project}/traces/{sent.trace_id}/spans/{sent.span_id}"
    ).json()
    found: dict[str, object] | None = span["facts"].get("cost")
    return found


def test_an_own_price_is_used_from_the_next_call_on(served: Served, project: str) -> None:
    """An unknown model costs nothing known, then what the operator says, then nothing known."""
    model = f"house-model-{project}"
    assert cost(served, project, model) is None
    with Client(served.url) as client:
        price = client.put_price(
            model, {"input": 1.0, "output": 10.0}, "", datetime(2026, 1, 1, tzinfo=UTC)
        )
        assert price in client.prices()
        assert cost(served, project, model) == {
            "input_usd": 0.001,
            "output_usd": 0.001,
            "total_usd": 0.002,
            "source": "operator",
        }
        client.delete_price(price.price_id)
    assert cost(served, project, model) is None


def test_a_price_holds_until_the_next_one() -> None:
    """Two dates of one model follow each other without a gap."""
    prices = [
        Price(
            model="m", valid_from=datetime(year, 1, 1, tzinfo=UTC), usd_per_million={"input": usd}
        )
        for year, usd in ((2026, 2.0), (2025, 1.0))
    ]
    old, new = sorted(dated(prices), key=lambda price: price.from_ns)
    assert (old.input, new.input) == (1.0, 2.0)
    assert old.to_ns == new.from_ns
