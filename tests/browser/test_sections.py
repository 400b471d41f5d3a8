"""Sessions, search, settings and what stands around every page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

import make

from .app import App
from .runs import trip
from .watch import Watch

pytestmark = pytest.mark.browser

LEAST_CONTRAST = 4.5
"""Of texts of this size, by level AA of the Web Content Accessibility Guidelines."""
_CONTRAST = """([text, ground]) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const style = getComputedStyle(document.documentElement);
  const light = (name) => {
    canvas.fillStyle = style.getPropertyValue(name).trim();
    canvas.fillRect(0, 0, 1, 1);
    const linear = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((of255) => {
      const share = of255 / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const [less, more] = [light(text), light(ground)].sort((a, b) => a - b);
  return (more + 0.05) / (less + 0.05);
}"""


def test_session_leads_to_its_runs(app: App) -> None:
    """From the list of sessions to one, its runs in order, and into a run."""
    first = make.agent(session__id="s-118", input__value="Where is Oslo?")
    second = make.agent(session__id="s-118", input__value="And Bergen?")
    app.send(first, second)
    app.open("sessions")
    expect(app.at("session-row")).to_have_count(1)
    app.page.get_by_role("link", name="s-118").click()
    expect(app.at("session-run")).to_contain_text(["Where is Oslo?", "And Bergen?"])
    app.at("session-run").last.get_by_role("link").click()
    expect(app.at("run-page")).to_have_attribute("data-trace-id", second.trace_id)


def test_search_finds_a_sentence_and_opens_its_span(app: App) -> None:
    """What was found is marked, and the span that said it is the one in sight."""
    run = trip()
    app.send(*run)
    app.open("search")
    app.at("search-input").fill('"two nights in oslo"')
    app.at("search-input").press("Enter")
    expect(app.at("search-hit")).to_have_count(1)
    marked = app.at("search-hit").locator("mark").first
    expect(marked).to_have_text(re.compile("two", re.IGNORECASE))
    app.at("search-hit").click()
    expect(app.detail(run.answer)).to_be_visible()


def test_search_without_a_hit_says_so(app: App) -> None:
    """With what was searched and where, and what may help."""
    app.send(*trip())
    app.page.goto(f"/projects/{app.project}/search?q=reindeer")
    expect(app.at("empty-state")).to_contain_text("Nothing was found")
    expect(app.at("empty-state")).to_contain_text("reindeer")
    app.at("search-all-time").click()
    expect(app.at("empty-state")).to_contain_text("at any time")


def test_secret_of_a_key_is_shown_once(app: App) -> None:
    """Made, shown, gone from the page; its public half stays until it is revoked, and after."""
    app.send(*trip())
    app.open("settings")
    app.at("new-key").click()
    app.page.get_by_label("Name").fill("production")
    app.page.get_by_role("button", name="Make the key").click()
    expect(app.at("secret-key")).to_have_text(re.compile(r"^sk-clew-\w{20,}$"))
    secret = app.at("secret-key").inner_text()
    app.page.get_by_role("button", name="I have copied it").click()
    expect(app.at("key-row")).to_contain_text("production")
    assert secret not in app.page.content()

    app.at("key-row").get_by_role("button", name="Revoke").click()
    app.page.get_by_role("button", name="Really?").click()
    expect(app.at("key-row")).to_contain_text("revoked")
    expect(app.page.get_by_role("button", name="Revoke")).to_have_count(0)


def test_theme_is_chosen_and_kept(app: App) -> None:
    """Dark until chosen otherwise, also after a reload."""
    app.send(*trip())
    app.open()
    app.at("theme-menu").click()
    app.page.get_by_role("menuitemradio", name="Dark").click()
    expect(app.page.locator("html")).to_have_attribute("data-theme", "dark")
    app.page.reload()
    expect(app.at("run-row")).to_be_visible()
    expect(app.page.locator("html")).to_have_attribute("data-theme", "dark")
    app.at("theme-menu").click()
    app.page.get_by_role("menuitemradio", name="Light").click()
    expect(app.page.locator("html")).to_have_attribute("data-theme", "light")


def test_question_mark_shows_the_keys(app: App) -> None:
    """Those of this page; Escape closes them."""
    app.send(*trip())
    app.open()
    expect(app.at("run-row")).to_be_visible()
    app.press("?")
    expect(app.at("key-help")).to_contain_text("Look into itSpace")
    app.press("Escape")
    expect(app.at("key-help")).to_be_hidden()


def test_palette_leads_to_a_page(app: App) -> None:
    """Ctrl and K, a word, Enter."""
    app.send(*trip())
    app.open()
    expect(app.at("run-row")).to_be_visible()
    app.press("Control+k")
    app.page.get_by_role("option", name="Settings").click()
    expect(app.at("new-key")).to_be_visible()


def test_project_is_changed_in_the_bar(app: App, page: Page) -> None:
    """The menu lists every project."""
    here, there = make.agent("here"), make.agent("there")
    app.send(here)
    elsewhere = App(page, app.served, f"{app.project}-other")
    elsewhere.send(there)
    app.open()
    expect(app.run_row(here)).to_be_visible()
    app.at("project-menu").click()
    app.page.get_by_role("menuitemradio", name=elsewhere.project).click()
    expect(page).to_have_url(re.compile(rf"/projects/{elsewhere.project}/runs"))


def test_address_of_nothing_is_a_sentence(page: Page) -> None:
    """A page that doesn't exist leads home."""
    page.goto("/nowhere/at/all")
    expect(page.get_by_text("There is no such page")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_read(app: App, theme: str) -> None:
    """4.5 to 1 between what is written and what it stands on, pointed at and chosen too."""
    app.page.add_init_script(f"localStorage.setItem('clew.theme', '{theme}')")
    app.send(*trip())
    app.open()
    expect(app.at("run-row")).to_be_visible()
    texts = ("text", "text-muted", "text-faint", "accent-text", "error-text", "outcome-success",
             "outcome-waiting", "outcome-running", "outcome-blocked")  # fmt: skip
    low = {
        (text, ground): ratio
        for text in texts
        for ground in ("bg", "bg-sunken", "bg-raised", "bg-hover", "accent-soft")
        if (ratio := app.page.evaluate(_CONTRAST, [f"--{text}", f"--{ground}"])) < LEAST_CONTRAST
    }
    assert low == {}


def test_server_that_does_not_answer_is_a_sentence(app: App, watch: Watch) -> None:
    """What happened, what to look at, and a retry that brings the page back."""
    app.send(*trip())
    app.open("settings")
    expect(app.at("new-key")).to_be_visible()
    app.page.route("**/traces?*", lambda route: route.abort())
    app.press("g")
    app.press("r")
    expect(app.at("error-state")).to_contain_text("The server doesn't answer.")
    expect(app.at("error-state").locator("code")).to_have_text("clew serve")
    app.page.unroute("**/traces?*")
    app.page.get_by_role("button", name="Try again").click()
    expect(app.page).to_have_url(re.compile("/runs"))
    expect(app.at("error-state")).to_have_count(0)
    watch.problems = [told for told in watch.problems if "net::ERR_FAILED" not in told]


def test_session_reads_as_a_conversation(app: App) -> None:
    """What was asked and answered is there in whole, as it was written."""
    long = "I looked at many hotels. " * 20
    app.send(
        make.agent(
            session__id="s-1",
            input__value="Where **exactly** is Oslo?",
            output__value=f"{long}\n\n# In Norway",
        )
    )
    app.open("sessions/s-1")
    expect(app.at("asked").locator("strong")).to_have_text("exactly")
    expect(app.at("answered").get_by_role("heading", name="In Norway")).to_be_visible()
