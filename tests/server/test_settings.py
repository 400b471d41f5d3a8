"""The options of `clew serve`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from clew.errors import StartupError
from clew.server.settings import Settings, is_loopback, load, options


def test_defaults_need_nothing_said() -> None:
    """A server that is told nothing listens where OpenTelemetry sends, on this machine only."""
    assert load({}, {}) == Settings()
    assert (Settings().host, Settings().port, Settings().grpc_port) == ("127.0.0.1", 4318, 4317)
    assert Settings().data_dir == Path("clew-data")


def test_a_flag_stands_above_the_environment() -> None:
    """Which stands above the default; an empty variable says nothing."""
    environ = {"CLEW_PORT": "5000", "CLEW_GRPC_PORT": "5001", "CLEW_HOST": ""}
    loaded = load({"port": "6000", "grpc_port": None}, environ)
    assert (loaded.port, loaded.grpc_port, loaded.host) == (6000, 5001, "127.0.0.1")


def test_every_setting_has_a_flag_and_a_variable() -> None:
    """They are made from the field's name."""
    names = [field.name for field in dataclasses.fields(Settings)]
    assert [option.name for option in options()] == names
    by_name = {option.name: (option.flag, option.variable) for option in options()}
    assert by_name["grpc_port"] == ("--grpc-port", "CLEW_GRPC_PORT")
    assert all(option.help for option in options())


def test_settings_are_shown_without_secrets() -> None:
    """Such as the password in the URL of the records."""
    loaded = load({}, {"CLEW_RECORDS_URL": " postgresql://clew:hunter2@db/clew "})
    assert loaded.records_url == "postgresql://clew:hunter2@db/clew"
    assert "hunter2" not in repr(loaded)


def test_values_are_read_as_people_write_them() -> None:
    """Sizes with units, days or forever, lists with commas, `~` for the home folder."""
    loaded = load(
        {
            "max_body_bytes": "8 MiB",
            "retention_days": "30",
            "allowed_origins": "https://a.example.com/, http://localhost:3000",
            "data_dir": "~/runs",
        },
        {},
    )
    assert loaded == Settings(
        max_body_bytes=8 * 1024**2,
        retention_days=30,
        allowed_origins=("https://a.example.com", "http://localhost:3000"),
        data_dir=Path.home() / "runs",
    )
    assert load({"retention_days": "forever"}, {}).retention_days is None
    assert load({"max_body_bytes": "1000"}, {}).max_body_bytes == 1000
    assert load({"ingest_processes": "0"}, {}).ingest_processes == 0
    assert 1 <= load({"ingest_processes": "auto"}, {}).ingest_processes <= 4


@pytest.mark.parametrize(
    ("flags", "environ", "sentence"),
    [
        (
            {"port": "abc"},
            {},
            "--port is 'abc': a port is a whole number from 0 (any free one) to 65535",
        ),
        (
            {},
            {"CLEW_GRPC_PORT": "65536"},
            "CLEW_GRPC_PORT is '65536': a port is a whole number from 0 (any free one) to 65535",
        ),
        (
            {"max_body_bytes": "0"},
            {},
            ("--max-body-bytes is '0': a size is a number of bytes, or one with a unit such as "
            "64MiB"),
        ),
        (
            {"retention_days": "0"},
            {},
            "--retention-days is '0': give a whole number of days, or 'forever'",
        ),
        (
            {"ingest_processes": "many"},
            {},
            "--ingest-processes is 'many': give a whole number up to 64, or 'auto'",
        ),
        (
            {"allowed_origins": "app.example.com"},
            {},
            ("--allowed-origins is 'app.example.com': origins are scheme and host, separated by "
            "commas, such as https://app.example.com"),
        ),
        ({"auth": "none"}, {}, "--auth is 'none': give one of auto, keys"),
        ({}, {"CLEW_LOG_LEVEL": "loud"}, ("CLEW_LOG_LEVEL is 'loud': give one of debug, info, "
         "warning, error")),
        ({"host": ""}, {}, "--host is '': give a name or address"),
    ],
)  # fmt: skip
def test_a_bad_value_is_a_sentence(
    flags: dict[str, str | None], environ: dict[str, str], sentence: str
) -> None:
    """It names where the value was given, and what would do."""
    with pytest.raises(StartupError) as caught:
        load(flags, environ)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("clew.example.com", False),
        ("", False),
    ],
)
def test_only_loopback_is_open(host: str, loopback: bool) -> None:  # noqa: FBT001
    """Wherever another machine can connect, keys are demanded."""
    assert is_loopback(host) is loopback
    assert Settings(host=host).auth_mode == ("open" if loopback else "keys")
    assert Settings(host=host, auth="keys").auth_mode == "keys"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:4318"),
        ("0.0.0.0", "http://127.0.0.1:4318"),
        ("::", "http://[::1]:4318"),
        ("10.0.0.1", "http://10.0.0.1:4318"),
    ],
)
def test_the_url_is_one_that_this_machine_can_use(host: str, url: str) -> None:
    """An address that means "all" can't be connected to."""
    assert Settings(host=host).url == url


def test_a_clickhouse_server_is_said_without_repeating_its_password() -> None:
    """By flag or variable; what can't be read is refused without the text that was given."""
    loaded = load({}, {"CLEW_CLICKHOUSE_URL": "http://me:hush@ch:8123/traces"})
    assert str(loaded.clickhouse_url) == "http://ch:8123/traces"
    assert "hush" not in repr(loaded)
    with pytest.raises(StartupError, match=r"--clickhouse-url: expected http://user") as refusal:
        load({"clickhouse_url": "ch://me:hush@ch/traces"}, {})
    assert "hush" not in refusal.value.message


def test_a_cluster_needs_a_server() -> None:
    """Its name says nothing about where it is, and is a name."""
    with pytest.raises(StartupError, match=r"--clickhouse-cluster needs --clickhouse-url"):
        load({"clickhouse_cluster": "eu"}, {})
    with pytest.raises(StartupError, match=r"--clickhouse-cluster is \"it's\": a cluster's name"):
        load({"clickhouse_url": "http://ch", "clickhouse_cluster": "it's"}, {})
