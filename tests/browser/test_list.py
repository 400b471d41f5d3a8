"""What one does with the list of runs: columns, saved views, selection, a look at the side."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

import make

from .app import App
from .runs import failed, trip
from .watch import Watch

pytestmark = pytest.mark.browser

HOUR_NS = 3_600 * make.SECOND


def headers(app: App) -> list[str]:
    """The names of the columns, from left to right."""
    return app.at("list-header").locator("[data-column]").all_inner_texts()


def test_columns_are_chosen_and_stay(app: App) -> None:
    """What is taken away, added and made wider is so after a reload, and the usual ones return."""
    app.send(make.agent("planner", user__id="ann"))
    app.open()
    app.at("columns").click()
    app.page.get_by_role("checkbox", name="Name").uncheck()
    app.page.get_by_role("checkbox", name="User").check()
    app.press("Escape")
    expect(app.page.locator("[data-column=user]").last).to_have_text("ann")
    edge = app.at("list-header").locator("[data-column=time]").get_by_test_id("column-edge")
    box = edge.bounding_box()
    assert box is not None
    app.page.mouse.move(box["x"] + 4, box["y"] + 8)
    app.page.mouse.down()
    app.page.mouse.move(box["x"] + 104, box["y"] + 8, steps=4)
    app.page.mouse.up()
    app.page.goto(f"/projects/{app.project}/runs?from=all")
    expect(app.at("list-header").locator("[data-column=user]")).to_be_visible()
    width = app.at("list-header").locator("[data-column=time]").bounding_box()
    assert width is not None
    assert 180 < width["width"] < 200
    assert "Name" not in headers(app)
    app.at("columns").click()
    app.page.get_by_role("button", name="The usual columns").click()
    expect(app.at("list-header").locator("[data-column=name]")).to_be_visible()


def test_saved_view_has_an_address(app: App) -> None:
    """Whoever follows it sees the filter, the order and the columns that were saved."""
    agent, tool = failed()
    app.send(agent, tool, make.agent("planner"))
    app.open(filter="outcome:error", order="duration", columns="outcome,name,trace")
    app.at("views").click()
    app.at("view-name").fill("Broken")
    app.press("Enter")
    expect(app.at("views")).to_have_text("Broken")
    [view] = app.served.http.get(f"/api/projects/{app.project}/views").json()["views"]
    app.page.goto(f"/projects/{app.project}/views/{view['view_id']}")
    expect(app.at("filter")).to_have_value("outcome:error")
    expect(app.at("run-row")).to_have_count(1)
    expect(app.at("views")).to_have_text("Broken")
    assert headers(app) == ["", "Name", "Run id"]


def test_view_that_is_gone_says_so(app: App, watch: Watch) -> None:
    """An old link leads to a sentence."""
    watch.tolerated.add(404)
    app.send(make.agent())
    app.page.goto(f"/projects/{app.project}/views/none")
    expect(app.page.get_by_role("alert")).to_contain_text("it may have been deleted")


def test_selected_runs_get_a_tag(app: App) -> None:
    """Chosen with the keyboard; the filter finds them by it, and it can be taken away."""
    first, second = make.agent("first"), make.agent("second")
    app.send(first, second)
    app.open(columns="name,tags")
    expect(app.run_row(first)).to_be_visible()
    for key in "jxjx":
        app.press(key)
    expect(app.at("selection")).to_contain_text("2 selected")
    app.at("tag").click()
    app.at("new-tag").fill("to fix")
    app.press("Enter")
    expect(app.run_row(first).locator("[data-column=tags]")).to_have_text("to fix")
    expect(app.run_row(second).locator("[data-column=tags]")).to_have_text("to fix")
    app.page.get_by_role("button", name="Remove the tag to fix").click()
    expect(app.run_row(first).locator("[data-column=tags]")).to_have_text("")


def test_selected_runs_are_deleted_once_confirmed(app: App) -> None:
    """Cancelling leaves them; they are gone from the list at once."""
    gone, stays = make.agent("gone"), make.agent("stays")
    app.send(gone, stays)
    app.open()
    app.run_row(gone).hover()
    app.run_row(gone).locator("[data-select]").click()
    app.at("delete").click()
    app.page.get_by_role("button", name="Cancel").click()
    app.at("delete").click()
    app.at("confirm-delete").click()
    expect(app.run_row(gone)).to_have_count(0)
    expect(app.run_row(stays)).to_be_visible()
    expect(app.at("selection")).to_have_count(0)


def test_runs_that_match_are_saved_as_a_file(app: App) -> None:
    """Without a selection all that the filter lets through."""
    agent, tool = failed()
    app.send(agent, tool, make.agent("planner"))
    app.open(filter="outcome:error")
    app.at("export").click()
    with app.page.expect_download() as started:
        app.page.get_by_role("menuitem", name="JSON lines").click()
    [line] = started.value.path().read_text().splitlines()
    assert json.loads(line)["trace_id"] == agent.trace_id
    assert started.value.suggested_filename == f"{app.project}-runs.jsonl"


def test_space_shows_the_run_at_the_side(app: App) -> None:
    """Its steps and what was said; j goes on to the next, Escape closes, Enter opens."""
    run, other = trip(), make.agent("other")
    app.send(*run, other)
    app.open()
    expect(app.run_row(other)).to_be_visible()
    app.press("j")
    app.press(" ")
    expect(app.at("peek").get_by_role("heading", name="other")).to_be_visible()
    app.press("j")
    expect(app.at("peek")).to_contain_text("Plan a trip to Oslo")
    expect(app.at("peek-steps").get_by_role("listitem")).to_have_count(5)
    app.press("Escape")
    expect(app.at("peek")).to_have_count(0)
    app.press("Enter")
    expect(app.span_row(run.look)).to_be_visible()


def test_filter_that_was_used_is_offered_again(app: App) -> None:
    """In the empty bar, before the fields."""
    agent, tool = failed()
    app.send(agent, tool, make.agent("planner"))
    app.open()
    app.at("filter").fill("agent:checkout")
    app.press("Enter")
    expect(app.at("run-row")).to_have_count(1)
    app.page.get_by_role("button", name="Clear the filter").click()
    expect(app.at("run-row")).to_have_count(2)
    app.at("filter").click()
    app.page.get_by_role("option", name="agent:checkout").click()
    expect(app.at("filter")).to_have_value("agent:checkout")
    expect(app.at("run-row")).to_have_count(1)


def test_range_is_set_to_two_moments(app: App) -> None:
    """They stand in the address; a range that ends before it starts can't be shown."""
    app.send(make.agent("early", start_ns=make.T0), make.agent("late", start_ns=make.T0 + HOUR_NS))
    app.open()
    app.at("time-range").click()
    app.page.get_by_role("menuitem", name="From … to …").click()
    app.page.get_by_label("From", exact=True).fill("2026-11-23T14:30:00")
    app.page.get_by_label("To", exact=True).fill("2026-11-23T14:00:00")
    expect(app.page.get_by_role("alert")).to_have_text("It ends before it starts.")
    app.page.get_by_label("To", exact=True).fill("2026-11-23T16:00:00")
    app.page.get_by_role("button", name="Show").click()
    expect(app.at("run-row")).to_have_count(1)
    assert "from=2026-11-23T14%3A30%3A00.000Z&to=2026-11-23T16" in app.page.url


def test_steps_of_all_runs_are_a_list_too(app: App) -> None:
    """Narrowed by facets like runs; a row leads to the step in its run, and back leads here."""
    run = trip()
    app.send(*run)
    app.open()
    app.page.get_by_role("link", name="Steps").click()
    rows = app.at("span-item")
    expect(rows).to_have_count(5)
    app.at("facet-value").filter(has_text="tool").first.click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("find_hotels")
    rows.click()
    expect(app.detail(run.look)).to_be_visible()
    app.page.go_back()
    expect(app.at("filter")).to_have_value("kind:tool")
