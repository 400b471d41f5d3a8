"""What the tests of the web app share: Chromium, and Clew's page in it under watch."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import clew.server
from conftest import Served

from .app import App
from .watch import Watch

BUILT = Path(clew.server.__file__).parent / "web" / "index.html"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Chromium as root in a container, that asks nobody anything."""
PATIENCE_MS = 20_000
"""Nothing takes a second; a machine with other work to do may take several."""

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium.

    One a module and not one a worker: playwright's event loop stays the running one of the thread
    until it is stopped, and the asynchronous tests of other modules need their own.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on the path: `make chromium` installs it")
    if not BUILT.is_file():
        pytest.skip("the web app isn't built: `make web` builds it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What a page must not do; a test that provokes a refusal says so here."""
    watch = Watch()
    yield watch
    assert watch.problems == []


@pytest.fixture
def page(browser: Browser, served: Served, watch: Watch) -> Iterator[Page]:
    """A page of its own, without what other tests left in the storage of theirs."""
    context = browser.new_context(
        base_url=served.url, viewport={"width": 1440, "height": 900}, timezone_id="UTC"
    )
    context.set_default_timeout(PATIENCE_MS)
    watch.over(context)
    yield context.new_page()
    context.close()


@pytest.fixture
def app(page: Page, served: Served, project: str) -> App:
    """The web app, in a project that no other test uses."""
    return App(page, served, project)
