"""Where a ClickHouse server is, read from a URL."""

from __future__ import annotations

import pytest

from clew.store.address import Address, parse_address


def test_an_address_says_everything() -> None:
    """Signs in names and passwords are written with a percent sign, settings after the `?`."""
    url = "https://me%40home:p%2F%23%3A@ch.example.com/traces?max_threads=4&verify=false"
    assert parse_address(url) == Address(
        secure=True,
        host="ch.example.com",
        port=8443,
        database="traces",
        user="me@home",
        password="p/#:",
        verify=False,
        settings=(("max_threads", "4"),),
    )


def test_what_is_left_out_is_the_servers_default() -> None:
    """A host is enough."""
    assert parse_address("http://localhost") == Address(host="localhost", port=8123)


@pytest.mark.parametrize(
    "url",
    [
        "ch.example.com:8123",
        "http://me:hush/hush@host:8123/clew",
        "http://me:hush#hush@host:8123/clew",
        "http://me:hush@host:port/clew",
        "http://me:hush@host:8123/no-name",
        "http://me:hush@host:8123/clew?password=hush",
        "http://me:hush@host:8123/clew?verify=perhaps",
        "clickhouse://me:hush@host:9000/clew",
    ],
)
def test_a_refused_address_is_not_repeated(url: str) -> None:
    """The sentence says what is expected, and nothing of what may be a password."""
    with pytest.raises(ValueError, match=r"[a-z]") as refusal:
        parse_address(url)
    assert "hush" not in str(refusal.value)


def test_the_password_is_in_no_text() -> None:
    """Neither in what is shown nor in what a debugger prints."""
    address = parse_address("http://me:hush@[::1]:8123/clew")
    assert str(address) == "http://[::1]:8123/clew"
    assert "hush" not in repr(address)
