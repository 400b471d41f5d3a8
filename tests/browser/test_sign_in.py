"""The web app of a server that demands keys."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import make
from clew.wire.otlp import encode_traces
from conftest import Served

from .watch import Watch

pytestmark = pytest.mark.browser


def make_key(folder: Path, *scopes: str) -> str:
    """The secret of a new key of the default project, made by the command as an operator would."""
    command = [sys.executable, "-m", "clew.cli", "keys", "create", "--data-dir", str(folder)]
    for scope in scopes:
        command += ["--scope", scope]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    return next(word for word in made.stdout.split() if word.startswith("sk-clew-"))


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """A server that demands keys, and the secret of one that may read and send."""
    folder = tmp_path_factory.mktemp("keyed") / "data"
    key = make_key(folder, "read", "ingest")
    server = Served(folder, "--auth", "keys").wait()
    yield server, key
    server.stop()


def test_key_opens_the_page(secret: tuple[Served, str], page: Page, watch: Watch) -> None:
    """Without one the page asks; a wrong one is refused there; the right one shows the list, also
    after a reload, and live."""
    server, key = secret
    watch.tolerated.add(401)
    run, later = make.agent("planner"), make.agent("later")
    headers = {"x-api-key": key, "content-type": "application/x-protobuf"}
    server.http.post("/v1/traces", content=encode_traces([run]), headers=headers).raise_for_status()

    page.goto(f"{server.url}/projects/default/runs?from=all")
    page.get_by_label("Key").fill("sk-clew-of-somebody-else")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("isn't known here")
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_test_id("run-row")).to_have_count(1)
    page.reload()
    expect(page.get_by_test_id("run-row")).to_contain_text("planner")
    expect(page.get_by_test_id("live")).to_have_attribute("data-open", "true")
    body = encode_traces([later])
    server.http.post("/v1/traces", content=body, headers=headers).raise_for_status()
    expect(page.get_by_test_id("run-row")).to_have_count(2)


def test_secret_stays_in_its_tab(secret: tuple[Served, str], page: Page, watch: Watch) -> None:
    """Another tab asks again, and no address ever holds it."""
    server, key = secret
    watch.tolerated.add(401)
    page.goto(f"{server.url}/projects/default/runs")
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_test_id("live")).to_be_visible()
    assert key not in page.url
    another = page.context.new_page()
    another.goto(f"{server.url}/projects/default/runs")
    expect(another.get_by_test_id("sign-in")).to_be_visible()
