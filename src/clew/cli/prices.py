"""`clew prices`: the operator's own prices, which stand above the packaged ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from clew.cli import show
from clew.cli.connect import DEFAULT_URL, ApiKey, AsJson, Url, connect
from clew.errors import BadInput

app = typer.Typer(help="What models cost, where the packaged price table doesn't know or is wrong.")

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@app.command("list")
def list_prices(url: Url = DEFAULT_URL, key: ApiKey = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Every price of your own."""
    with connect(url, key) as client:
        found = client.prices()
    if as_json:
        show.print_json(found)
        return
    show.print_table(
        ("ID", "MODEL", "PROVIDER", "FROM", "USD PER MILLION TOKENS"),
        (
            (
                price.price_id,
                price.model,
                price.provider or "any",
                "always" if price.valid_from == _ALWAYS else f"{price.valid_from:%Y-%m-%d}",
                ", ".join(f"{kind} {usd:g}" for kind, usd in price.usd_per_million.items()),
            )
            for price in found
        ),
    )


@app.command("set")
def set_price(
    model: Annotated[str, typer.Argument(help="Name of the model; * stands for anything.")],
    costs: Annotated[
        list[str],
        typer.Argument(help="US dollars for a million tokens, such as input=2.5 output=10."),
    ],
    provider: Annotated[str, typer.Option(help="Only where this provider serves it.")] = "",
    since: Annotated[
        datetime | None, typer.Option("--from", help="The day from which it holds.")
    ] = None,
    url: Url = DEFAULT_URL,
    key: ApiKey = None,
) -> None:
    """Add a price or replace it. It holds for calls that arrive from now on.

    `clew reprice` applies it to those that are stored.
    """
    valid_from = (since or _ALWAYS).replace(tzinfo=UTC)
    with connect(url, key) as client:
        client.put_price(model, dict(_cost(cost) for cost in costs), provider, valid_from)
    typer.echo(f"{model} costs {', '.join(costs)}")


@app.command("delete")
def delete_price(price_id: str, url: Url = DEFAULT_URL, key: ApiKey = None) -> None:
    """Remove a price; its id is in the list."""
    with connect(url, key) as client:
        client.delete_price(price_id)


def _cost(said: str) -> tuple[str, float]:
    kind, _, usd = said.partition("=")
    try:
        return kind.strip(), float(usd)
    except ValueError as exc:
        raise BadInput(f"{said!r} isn't a price: write kind=dollars, such as input=2.5") from exc
