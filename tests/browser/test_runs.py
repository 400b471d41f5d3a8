"""The list of runs: what a row says, how it is narrowed and how a run is opened from it."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

import make

from .app import App
from .runs import blocked, failed, trip
from .watch import Watch

pytestmark = pytest.mark.browser


def test_row_says_how_a_run_went(app: App) -> None:
    """Outcome, name, what went in and came out, tokens and cost."""
    run = trip()
    app.send(*run)
    app.open()
    row = app.run_row(run.planner)
    expect(row.get_by_role("img", name="success")).to_be_visible()
    expect(row).to_contain_text("planner")
    expect(row).to_contain_text("Plan a trip to Oslo")
    expect(row.locator("[data-column=tokens]")).to_have_text("1.3k")
    expect(row.locator("[data-column=cost]")).to_have_text(re.compile(r"^\$0\.\d+$"))
    expect(row.locator("[data-column=steps]")).to_have_text("5")


def test_failed_run_is_seen_as_one(app: App) -> None:
    """By its icon and its message, without opening it."""
    agent, tool = failed()
    app.send(agent, tool)
    app.open()
    row = app.run_row(agent)
    expect(row.get_by_role("img", name="error")).to_be_visible()
    expect(row).to_contain_text("the card was declined")


def test_error_is_told_with_its_type(app: App) -> None:
    """A message alone may be the name of a key."""
    agent = make.agent(error="'ticket_number'", error__type="builtins.KeyError")
    app.send(agent)
    app.open()
    expect(app.run_row(agent)).to_contain_text("KeyError: 'ticket_number'")


def test_run_without_an_end_is_running(app: App) -> None:
    """Its duration is not known yet: the row tells how long it has been going on, and counts."""
    agent = make.agent(seconds=None)
    app.send(agent)
    app.open()
    expect(app.run_row(agent).get_by_role("img", name="running")).to_be_visible()
    duration = app.run_row(agent).locator("[data-column=duration]")
    expect(duration).to_have_text(re.compile(r"^\d+ [smhd]( \d+ [smh])?$"))
    expect(duration.get_by_title("so far")).to_be_visible()


def test_run_that_runs_since_a_moment_counts_on(app: App) -> None:
    """Second by second, without the server."""
    agent = make.agent(seconds=None, start_ns=time.time_ns() - 5 * make.SECOND)
    app.send(agent)
    app.open()
    duration = app.run_row(agent).locator("[data-column=duration]")
    expect(duration).to_have_text(re.compile(r"^\d+ s$"))
    told = duration.inner_text()
    expect(duration).not_to_have_text(told)


def test_blocked_run_is_not_seen_as_an_error(app: App) -> None:
    """It has a shape of its own and says why, in no red, and isn't counted among the failed."""
    agent, guard = blocked()
    app.send(agent, guard, make.agent("other"))
    app.open()
    row = app.run_row(agent)
    expect(row.get_by_role("img", name="blocked")).to_be_visible()
    expect(row).to_contain_text("not about travel")
    expect(row.locator(".text-error-text")).to_have_count(0)
    expect(app.at("totals")).to_contain_text("0%")
    row.click()
    expect(app.at("next-error")).to_have_count(0)
    expect(app.span_row(guard).get_by_test_id("stopped")).to_contain_text("blocked")
    expect(app.at("span-stopped")).to_contain_text("not about travel")
    expect(app.at("span-error")).to_have_count(0)


def test_scores_say_whether_it_was_well_done(app: App) -> None:
    """A mark and the value; what was found wanting stands in front, the rest is counted."""
    good, poor, told = make.agent("good"), make.agent("poor"), make.agent("told")
    app.send(good, poor, told)
    app.score(good, name="helpful", value=0.9)
    app.score(poor, name="polite", value=1)
    app.score(poor, name="answered", value=False)
    app.score(told, name="words", value=212)
    app.open()
    for run, verdict, text in (
        (good, "true", "0.9"),
        (poor, "false", "false+1"),
        (told, "none", "212"),
    ):
        score = app.run_row(run).locator("[data-column=score]")
        expect(score).to_have_text(text)
        expect(score.locator("[data-verdict]")).to_have_attribute("data-verdict", verdict)


def test_columns_are_as_wide_as_what_they_hold(app: App) -> None:
    """Nothing is cut in the columns of numbers, and what no run has takes no room."""
    run = trip(gen_ai__usage__cost=0.00042)
    app.send(*run, make.llm("alone", gen_ai__usage__cost=0.00042, seconds=754))
    app.open()
    expect(app.at("run-row")).to_have_count(2)
    for width in (1440, 1000):
        app.page.set_viewport_size({"width": width, "height": 800})
        cut = app.page.evaluate(
            "[...document.querySelectorAll('[data-testid=run-row] .num')]"
            ".filter((cell) => cell.scrollWidth > cell.clientWidth + 1).length"
        )
        assert cut == 0
    expect(app.page.locator("[data-column=prompt]")).to_have_count(0)
    expect(app.page.locator("[data-column=score]")).to_have_count(0)


def test_empty_result_says_what_was_searched_and_how_to_go_on(app: App) -> None:
    """The filter, where it was looked for, and one action; then the next."""
    app.send(make.agent())
    app.page.goto(f"/projects/{app.project}/runs?filter=agent:nobody")
    expect(app.at("empty-state")).to_contain_text("agent:nobody")
    expect(app.at("empty-state")).to_contain_text("in the last 24 hours")
    expect(app.at("empty-state")).to_contain_text("holds 1 run,")
    expect(app.at("empty-state").get_by_role("button")).to_have_count(1)
    app.at("show-all-time").click()
    expect(app.at("empty-state")).to_contain_text("at any time")
    app.at("empty-state").get_by_role("button", name="Clear the filter").click()
    expect(app.at("run-row")).to_have_count(1)


def test_numbers_above_the_list_lead_to_their_runs(app: App) -> None:
    """The share of failed runs to those that failed."""
    agent, tool = failed()
    app.send(agent, tool, *blocked(), *trip())
    app.open()
    expect(app.at("run-row")).to_have_count(3)
    app.at("totals").get_by_text("failed").click()
    expect(app.at("run-row")).to_have_count(1)
    expect(app.run_row(agent)).to_be_visible()
    expect(app.page).to_have_url(re.compile("outcome"))


def test_filter_narrows_the_list_and_lands_in_the_url(app: App) -> None:
    """A pasted link shows the same list."""
    run, (broken, tool) = trip(), failed()
    app.send(*run, broken, tool)
    app.open()
    expect(app.at("run-row")).to_have_count(2)
    app.press("/")
    expect(app.at("filter")).to_be_focused()
    app.page.keyboard.type("status:error")
    app.press("Enter")
    expect(app.at("run-row")).to_have_count(1)
    expect(app.run_row(broken)).to_be_visible()
    expect(app.page).to_have_url(re.compile(r"[?&]filter=status%3Aerror"))
    app.page.reload()
    expect(app.at("filter")).to_have_value("status:error")
    expect(app.at("run-row")).to_have_count(1)


def test_filter_that_cannot_be_read_is_marked_where_it_is_wrong(app: App, watch: Watch) -> None:
    """The answer names the position; the page marks the character there."""
    watch.tolerated.add(400)
    app.send(*trip())
    app.open()
    app.at("filter").fill("kind:llm colour:red")
    app.at("filter").press("Enter")
    expect(app.at("filter-error")).to_be_visible()
    expect(app.at("filter-error").locator("mark")).to_have_text("c")
    expect(app.at("filter")).to_have_attribute("aria-invalid", "true")


def test_field_is_completed_with_its_values(app: App) -> None:
    """What was sent is offered behind the colon."""
    app.send(*trip())
    app.open()
    app.at("filter").press_sequentially("agent:res")
    expect(app.page.get_by_role("option", name="researcher")).to_be_visible()
    app.at("filter").press("Tab")
    expect(app.at("filter")).to_have_value(re.compile(r"^agent:researcher\s*$"))


def test_click_opens_a_run(app: App) -> None:
    """And the way back leads to the list."""
    run = trip()
    app.send(*run)
    app.open()
    app.run_row(run.planner).click()
    expect(app.at("run-page")).to_have_attribute("data-trace-id", run.planner.trace_id)
    expect(app.at("run-header")).to_contain_text("planner")
    app.page.get_by_title("Back to the runs").click()
    expect(app.run_row(run.planner)).to_be_visible()


def test_keyboard_opens_a_run(app: App) -> None:
    """With j and k one walks, Enter opens."""
    first, second = make.agent("first"), make.agent("second")
    app.send(first, second)
    app.open()
    expect(app.run_row(first)).to_be_visible()
    app.press("j")
    expect(app.run_row(second)).to_have_attribute("data-chosen", "true")
    app.press("j")
    expect(app.run_row(first)).to_have_attribute("data-chosen", "true")
    app.press("Enter")
    expect(app.at("run-page")).to_have_attribute("data-trace-id", first.trace_id)


def test_runs_are_ordered_by_a_column(app: App) -> None:
    """The longest first, by a click on the head."""
    long, short = make.agent("long", seconds=9), make.agent("short", seconds=1)
    app.send(long, short)
    app.open()
    expect(app.at("run-row").first).to_contain_text("short")
    app.at("order-duration").click()
    expect(app.at("run-row").first).to_contain_text("long")
    expect(app.page).to_have_url(re.compile(r"[?&]order=duration"))


def test_new_run_appears_by_itself(app: App) -> None:
    """Without a reload."""
    before, after = make.agent("before"), make.agent("after")
    app.send(before)
    app.open()
    expect(app.run_row(before)).to_be_visible()
    expect(app.at("live")).to_have_attribute("data-open", "true")
    app.send(after)
    expect(app.run_row(after)).to_be_visible()


def test_empty_project_says_how_to_send(app: App) -> None:
    """Lines to paste that name this server and this project; the list follows by itself."""
    answer = app.served.http.post("/api/projects", json={"name": app.project})
    assert answer.is_success
    app.open()
    expect(app.at("first-trace")).to_contain_text(app.served.url)
    expect(app.at("first-trace")).to_contain_text(f"x-clew-project={app.project}")
    expect(app.at("live")).to_have_attribute("data-open", "true")
    run = trip()
    app.send(*run)
    expect(app.run_row(run.planner)).to_be_visible()


def test_cleared_filter_gives_all_runs_back(app: App) -> None:
    """The cross in the bar takes the filter out of the list and of the URL."""
    run, (broken, tool) = trip(), failed()
    app.send(*run, broken, tool)
    app.open(filter="status:error")
    expect(app.at("run-row")).to_have_count(1)
    app.page.get_by_role("button", name="Clear the filter").click()
    expect(app.at("run-row")).to_have_count(2)
    expect(app.page).not_to_have_url(re.compile("filter="))


def test_default_range_can_be_chosen_again(app: App) -> None:
    """Seven days, then the last 24 hours, which the URL doesn't name."""
    app.send(make.agent())
    app.open()
    for name in ("Last 7 days", "Last 24 hours"):
        app.at("time-range").click()
        app.page.get_by_role("menuitem", name=name).or_(
            app.page.get_by_role("menuitemradio", name=name)
        ).or_(app.page.get_by_role("option", name=name)).click()
    expect(app.page).not_to_have_url(re.compile("from="))


def test_filter_stays_on_the_way_to_a_run_and_back(app: App) -> None:
    """What narrows the list travels with the links."""
    agent, tool = failed()
    app.send(agent, tool)
    app.open(filter="status:error")
    app.run_row(agent).click()
    expect(app.page).to_have_url(re.compile(f"{agent.trace_id}.*filter="))
    app.page.get_by_title("Back to the runs").click()
    expect(app.page).to_have_url(re.compile(r"/runs\?.*filter=status"))


def test_facet_narrows_the_list_and_lets_go_again(app: App) -> None:
    """A click on a value lets through only its runs, one with Alt all but them, again all."""
    good, (bad, tool) = make.agent("planner"), failed()
    app.send(good, bad, tool)
    app.open()
    value = app.at("facet-value").filter(has_text="checkout")
    expect(value).to_have_attribute("data-wanted", "any")
    value.click()
    expect(app.at("filter")).to_have_value("agent:checkout")
    expect(app.at("run-row")).to_have_count(1)
    expect(value).to_have_attribute("data-wanted", "in")
    value.click(modifiers=["Alt"])
    expect(app.at("filter")).to_have_value("-agent:checkout")
    expect(app.run_row(good)).to_be_visible()
    value.click(modifiers=["Alt"])
    expect(app.at("run-row")).to_have_count(2)


def test_folded_facet_stays_folded(app: App) -> None:
    """This browser remembers which facets one looks at."""
    app.send(make.agent("planner"))
    app.open()
    agent = app.at("facets").get_by_role("button", name="Agent", exact=True)
    agent.click()
    expect(app.at("facet-value").filter(has_text="planner")).to_have_count(0)
    app.page.reload()
    expect(agent).to_have_attribute("aria-expanded", "false")
