"""`clew reprice` and `clew renormalize`, on a served Clew."""

from __future__ import annotations

from datetime import UTC, datetime

from clew.client import Client
from clew.wire.otlp import encode_traces
from cli.conftest import Clew
from conftest import Served
from make import agent, llm

PROTOBUF = {"content-type": "application/x-protobuf"}


def test_a_price_is_applied_to_history_once(served: Served, project: str, clew: Clew) -> None:
    """The run has a cost afterwards; the second time nothing is changed."""
    root = agent()
    call = llm(parent=root, gen_ai__request__model=f"opal-{project}")
    headers = {**PROTOBUF, "x-clew-project": project}
    body = encode_traces([root, call])
    served.http.post("/v1/traces", content=body, headers=headers).raise_for_status()
    with Client(served.url) as client:
        assert client.trace(project, root.trace_id).trace.cost_usd is None
        price = client.put_price(
            f"opal-{project}",
            {"input": 10.0, "output": 100.0},
            "",
            datetime(2020, 1, 1, tzinfo=UTC),
        )
        told = clew("reprice", "--project", project, "--url", served.url)
        assert (told.code, told.out) == (0, "spans looked at: 2, changed: 1\n")
        assert client.trace(project, root.trace_id).trace.cost_usd == 0.002
        again = clew("reprice", "--project", project, "--url", served.url)
        assert again.out == "spans looked at: 2, changed: 0\n"
        client.delete_price(price.price_id)


def test_what_is_understood_as_before_is_left_alone(
    served: Served, project: str, clew: Clew
) -> None:
    """Nothing is changed where nothing is new; a filter says which spans are looked at."""
    headers = {**PROTOBUF, "x-clew-project": project}
    body = encode_traces([llm("one"), llm("other")])
    served.http.post("/v1/traces", content=body, headers=headers).raise_for_status()
    arguments = ("--project", project, "--url", served.url, "--filter", "name:one")
    assert clew("renormalize", *arguments).out == "spans looked at: 1, changed: 0\n"
