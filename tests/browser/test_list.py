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
