"""The page of a run: its tree, the span one is on, and the link that leads back there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

import make
from clew.span import Log
from clew.wire.otlp import decode_traces

from .app import App
from .runs import HOSTILE, failed, hostile, large, trip
from .watch import Watch

pytestmark = pytest.mark.browser


def test_tree_shows_spans_below_their_parents(app: App) -> None:
    """By level, in the order they began."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner)
    expect(app.at("span-row")).to_have_count(5)
    for span, level in zip(run, "12232", strict=True):
        expect(app.span_row(span)).to_have_attribute("aria-level", level)
    expect(app.at("span-row")).to_contain_text(
        ["planner", "find_hotels", "researcher", "ask", "write"]
    )


def test_click_collapses_and_expands(app: App) -> None:
    """The row itself stays."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner)
    toggle = app.span_row(run.researcher).get_by_test_id("toggle")
    toggle.click()
    expect(app.span_row(run.ask)).to_have_count(0)
    expect(app.span_row(run.researcher)).to_have_attribute("aria-expanded", "false")
    toggle.click()
    expect(app.span_row(run.ask)).to_be_visible()


def test_keyboard_walks_collapses_and_expands(app: App) -> None:
    """Arrows as in any tree; where they rest is shown beside it."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner)
    expect(app.span_row(run.planner)).to_have_attribute("aria-selected", "true")
    app.press("ArrowDown")
    app.press("ArrowDown")
    expect(app.span_row(run.researcher)).to_have_attribute("aria-selected", "true")
    app.press("ArrowLeft")
    expect(app.span_row(run.ask)).to_have_count(0)
    app.press("ArrowRight")
    expect(app.span_row(run.ask)).to_be_visible()
    app.press("ArrowRight")
    expect(app.span_row(run.ask)).to_have_attribute("aria-selected", "true")
    expect(app.detail(run.ask)).to_be_visible()


def test_failed_run_opens_where_it_broke(app: App) -> None:
    """The tool that broke is what one sees, not the agent through which the error passed."""
    agent, tool = failed()
    app.send(agent, tool)
    app.open_run(agent)
    expect(app.span_row(tool)).to_have_attribute("aria-selected", "true")
    expect(app.at("span-error")).to_contain_text("the card was declined")


def test_running_steps_are_drawn_as_running(app: App) -> None:
    """They have a bar and no duration, also those that began last."""
    root = make.agent(seconds=None, start_ns=make.T0)
    done = make.llm(parent=root, start_ns=make.T0, seconds=2)
    late = make.tool(parent=root, start_ns=done.end_ns, seconds=None)
    app.send(root, done, late)
    app.open_run(root)
    expect(app.span_row(late).locator(".bar")).to_have_attribute("data-running", "true")
    expect(app.span_row(late)).to_contain_text("\u2013")
    bar, lane = (app.span_row(late).locator(part).bounding_box() for part in (".bar", ".lane"))
    assert bar
    assert lane
    assert bar["x"] + 2 <= lane["x"] + lane["width"]


def test_neighbours_are_reached_from_a_pasted_link(app: App) -> None:
    """[ and ] walk the list that the link names, without having been there."""
    older, newer = make.agent("older"), make.agent("newer")
    app.send(older, newer)
    app.open_run(older)
    expect(app.page.get_by_role("button", name="Previous run")).to_be_enabled()
    app.press("[")
    expect(app.at("run-page")).to_have_attribute("data-trace-id", newer.trace_id)
    app.press("]")
    expect(app.at("run-page")).to_have_attribute("data-trace-id", older.trace_id)


def test_like_spans_are_one_row_until_opened(app: App) -> None:
    """Five searches beside each other are one search, five times."""
    root = make.agent()
    searches = [make.tool("search", parent=root) for _ in range(5)]
    app.send(root, *searches)
    app.open_run(root)
    expect(app.at("span-row")).to_have_count(2)
    expect(app.at("span-row").last).to_contain_text("\u00d75")
    app.at("span-row").last.get_by_test_id("toggle").click()
    expect(app.at("span-row")).to_have_count(7)
    expect(app.span_row(searches[4])).to_be_visible()


def test_span_shows_its_conversation(app: App) -> None:
    """System prompt, every role, the call of a tool with its arguments and its result."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner)
    app.span_row(run.answer).click()
    detail = app.detail(run.answer)
    detail.get_by_role("button", name="System prompt").first.click()
    expect(detail).to_contain_text("You book hotels.")
    expect(app.message("user")).to_contain_text("Two nights in Oslo, please.")
    expect(app.message("assistant").first).to_contain_text("I look for hotels.")
    tool = detail.get_by_test_id("tool-call")
    expect(tool).to_contain_text("find_hotels")
    expect(tool).to_contain_text(
        re.compile(r"arguments.*city.*Oslo.*result.*Hotel Bristol", re.DOTALL)
    )


def test_tool_call_leads_to_its_span(app: App) -> None:
    """From what the model asked for to where it was done."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner, span=run.answer.span_id)
    app.detail(run.answer).get_by_role("button", name="to its span").click()
    expect(app.detail(run.look)).to_be_visible()
    expect(app.span_row(run.look)).to_have_attribute("aria-selected", "true")


def test_logs_of_a_run_are_read_beside_its_timeline(app: App) -> None:
    """By time, with and without a span; each leads to its span, and the link leads back here."""
    run = trip()
    app.send(*run)
    logs = [
        Log(trace_id=run.ask.trace_id, time_ns=make.T0 + 1, body="the desk opens"),
        Log(
            trace_id=run.ask.trace_id,
            span_id=run.ask.span_id,
            time_ns=make.T0 + 2,
            severity_number=17,
            body={"rooms": 0},
            attributes={"hotel": "Bristol"},
        ),
    ]
    app.send_logs(*logs)
    app.open_run(run.planner)
    app.page.get_by_role("tab", name="Logs 2").click()
    expect(app.at("log-row")).to_contain_text(["the desk opens", "ERROR"])
    expect(app.at("log-detail")).to_contain_text("of no span")
    app.press("j")
    expect(app.at("log-detail")).to_contain_text("Bristol")
    app.page.reload()
    expect(app.at("log-row")).to_have_count(2)
    app.at("find-in-logs").fill("bristol")
    expect(app.at("log-row")).to_have_count(1)
    app.at("to-span-of-log").click()
    expect(app.detail(run.ask)).to_contain_text("rooms")


def test_logs_without_any_span_are_shown(app: App, watch: Watch) -> None:
    """There is a run's worth of them, and no tree."""
    watch.tolerated.add(404)
    log = Log(trace_id=make.trace_id(), time_ns=make.T0, body="all that there is")
    app.send_logs(log)
    app.open(f"runs/{log.trace_id}")
    expect(app.at("run-page")).to_contain_text("No span of this run has arrived, only 1 log of it.")
    expect(app.at("log-row")).to_contain_text("all that there is")


def test_answer_is_read_as_markdown(app: App) -> None:
    """Headings, strong words and lists, not their signs."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner, span=run.answer.span_id)
    answer = app.message("assistant").last
    expect(answer.get_by_role("heading", name="Two nights")).to_be_visible()
    expect(answer.locator("strong")).to_have_text("Hotel Bristol")
    expect(answer.get_by_role("listitem")).to_have_text(["Friday", "Saturday"])


def test_attributes_are_shown_as_they_came(app: App) -> None:
    """Also those that mean nothing to Clew."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner, span=run.answer.span_id)
    app.page.get_by_role("tab", name="Attributes").click()
    app.page.get_by_label("Narrow attributes by name").fill("billing")
    expect(app.at("attributes").locator("dt")).to_have_text(["billing.account"])
    expect(app.at("attributes").locator("dd")).to_have_text(["acme-42"])


def test_link_restores_run_span_and_tab(app: App, page: Page) -> None:
    """In a page that has never seen the run."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner)
    app.span_row(run.answer).click()
    app.page.get_by_role("tab", name="Attributes").click()
    expect(page).to_have_url(re.compile(rf"span={run.answer.span_id}"))
    expect(page).to_have_url(re.compile(r"tab=attributes"))
    fresh = page.context.new_page()
    fresh.goto(page.url)
    expect(fresh.get_by_test_id("span-detail")).to_have_attribute(
        "data-span-id", run.answer.span_id
    )
    expect(fresh.get_by_role("tab", name="Attributes")).to_have_attribute("aria-selected", "true")
    expect(fresh.get_by_test_id("attributes")).to_contain_text("acme-42")


def test_find_counts_and_leads_to_the_hit(app: App) -> None:
    """Enter goes to the span, the others are dimmed."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner)
    app.press("/")
    app.at("find-in-run").fill("weather")
    expect(app.at("find-count")).to_have_text("1 span")
    expect(app.span_row(run.look)).to_have_attribute("data-dim", "true")
    app.press("Enter")
    expect(app.detail(run.ask)).to_be_visible()
    app.at("find-in-run").fill("nowhere in it")
    expect(app.at("find-count")).to_have_text("nothing found")


def test_error_is_told_and_reached(app: App) -> None:
    """The head says error; its count leads to where it began; the span says why."""
    agent, tool = failed()
    app.send(agent, tool)
    app.open_run(agent)
    expect(app.at("run-facts")).to_contain_text("error")
    app.at("next-error").click()
    expect(app.detail(tool).get_by_role("alert")).to_contain_text("the card was declined")


def test_span_that_arrives_later_joins_the_open_run(app: App) -> None:
    """The run that one looks at grows, and ends, without a reload."""
    begun = make.agent(seconds=None)
    step = make.tool(parent=begun)
    app.send(begun)
    app.open_run(begun)
    expect(app.at("run-facts")).to_contain_text("running")
    expect(app.at("live")).to_have_attribute("data-open", "true")
    ended = make.agent(trace=begun.trace_id, span_id=begun.span_id, start_ns=begun.start_ns)
    app.send(step, ended)
    expect(app.span_row(step)).to_be_visible()
    expect(app.at("run-facts")).not_to_contain_text("running")


def test_brackets_lead_to_the_neighbours_in_the_list(app: App) -> None:
    """In the order of the list that one came from, and at the beginning of each run."""
    older, newer = make.agent("older"), make.agent("newer")
    app.send(older, newer)
    app.open()
    app.run_row(newer).click()
    expect(app.detail(newer)).to_be_visible()
    app.press("]")
    expect(app.detail(older)).to_be_visible()
    app.press("[")
    expect(app.detail(newer)).to_be_visible()


def test_deleted_run_is_gone(app: App) -> None:
    """After a question; from the list, which the others stay in."""
    doomed, kept = make.agent("doomed"), make.agent("kept")
    app.send(doomed, kept)
    app.open_run(doomed)
    app.at("run-menu").click()
    app.page.get_by_role("menuitem", name="Delete the run").click()
    app.at("confirm-delete").click()
    expect(app.run_row(kept)).to_be_visible()
    expect(app.run_row(doomed)).to_have_count(0)


def test_link_to_a_run_that_is_not_there_says_so(app: App, watch: Watch) -> None:
    """Deleted, expired or of another project: it may be any of them."""
    watch.tolerated.add(404)
    app.open(f"runs/{make.trace_id()}")
    expect(app.at("empty-state")).to_contain_text("There is no such run")


def test_run_is_exported_as_a_file(app: App) -> None:
    """The spans that were sent, as OTLP."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner)
    app.at("run-menu").click()
    with app.page.expect_download() as download:
        app.page.get_by_role("menuitem", name="Export as OTLP").click()
    exported = decode_traces(download.value.path().read_bytes(), "json").spans
    assert {span.span_id for span in exported} == {span.span_id for span in run}


def test_parent_that_never_came_has_a_place(app: App) -> None:
    """A marker says which it was."""
    orphan = make.tool(parent="00000000000000aa", trace=make.trace_id())
    app.send(orphan)
    app.open_run(orphan)
    expect(app.at("span-row").first).to_contain_text("missing parent 00000000000000aa")
    expect(app.span_row(orphan)).to_have_attribute("aria-level", "2")


def test_scripts_of_senders_are_text(app: App) -> None:
    """In the list, in the tree, in messages, in attributes and in values: shown, never run."""
    agent, ask = hostile()
    app.send(agent, ask)
    app.open()
    expect(app.run_row(agent)).to_contain_text(HOSTILE)
    app.run_row(agent).click()
    app.span_row(ask).click()
    expect(app.message("user")).to_contain_text(HOSTILE)
    expect(app.detail(ask).get_by_role("alert")).to_contain_text(HOSTILE)
    _expect_inert(app.page)
    for tab in ("Attributes", "Raw"):
        app.detail(ask).get_by_role("tab", name=tab).click()
        expect(app.at("span-body")).to_contain_text("onerror")
        _expect_inert(app.page)


def _expect_inert(page: Page) -> None:
    expect(page.locator("img")).to_have_count(0)
    assert page.evaluate("window.owned") is None


def test_ten_thousand_spans_open_and_scroll_to_the_end(app: App) -> None:
    """Only what is in sight is mounted, wherever one is."""
    spans = large()
    app.send(*spans)
    app.open_run(spans[0])
    expect(app.span_row(spans[0])).to_be_visible()
    expect(app.at("run-facts")).to_contain_text("10,000")
    _expect_few(app.at("span-row"))
    app.at("timeline-rows").hover()
    app.page.mouse.wheel(0, 1_000_000)
    expect(app.span_row(spans[-1])).to_be_in_viewport()
    _expect_few(app.at("span-row"))
    app.press("Home")
    expect(app.span_row(spans[0])).to_be_in_viewport()
    app.press("End")
    expect(app.span_row(spans[-1])).to_be_in_viewport()
    expect(app.detail(spans[-1])).to_be_visible()
    _expect_few(app.at("span-row"))


def _expect_few(rows: Locator) -> None:
    assert 10 < rows.count() < 200
