"""The views of a run beside its tree: which there are, and what the link keeps of them."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

import make
from clew.span import Span

from .app import App
from .runs import failed, said, talk, trip

pytestmark = pytest.mark.browser


def test_views_that_would_be_empty_are_left_out(app: App) -> None:
    """A run without logs, model calls and repeats has no place for them."""
    agent, tool = failed()
    app.send(agent, tool)
    app.open_run(agent)
    expect(app.at("tab-raw").first).to_be_visible()
    for view in ("logs", "conversation", "context", "repeats"):
        expect(app.at(f"tab-{view}")).to_have_count(0)


def test_scores_of_the_run_lead_to_their_spans(app: App, page: Page) -> None:
    """The view is in the link; a judgement of a step opens the step in the tree."""
    run = trip()
    app.send(*run)
    app.score(run.planner, name="helpful", value=0.9)
    app.score(run.planner, name="grounded", value=0.1, span_id=run.answer.span_id)
    app.open_run(run.planner, view="scores")
    scores = app.at("run-scores")
    expect(scores).to_contain_text(re.compile("grounded.*helpful", re.DOTALL))
    scores.get_by_role("button", name="of write the answer").click()
    expect(app.detail(run.answer)).to_be_visible()
    expect(page).not_to_have_url(re.compile("view="))


def test_link_brings_the_zoom_back(app: App, page: Page) -> None:
    """What was in view of the time axis is in the address."""
    run = trip()
    app.send(*run)
    app.open_run(run.planner, span=run.look.span_id)
    expect(app.detail(run.look)).to_be_visible()
    app.press("z")
    expect(page).to_have_url(re.compile(r"zoom=\d+-\d+"))
    page.reload()
    expect(app.detail(run.look)).to_be_visible()
    zoom = page.locator("div.timeline").evaluate("e => Number(e.style.getPropertyValue('--zoom'))")
    assert zoom > 2
    app.press("0")
    expect(page).not_to_have_url(re.compile("zoom="))


def test_retry_and_waiting_are_seen_in_the_tree(app: App) -> None:
    """The second try says so, the step that waits is hatched, and its agent's work isn't."""
    root = make.agent(clew__outcome="waiting")
    tries = [
        make.tool("charge", parent=root, input__value="9", error="429"),
        make.tool("charge", parent=root, input__value="9"),
    ]
    asked = make.tool("approve", parent=root, clew__outcome="waiting")
    app.send(root, *tries, asked)
    app.open_run(root)
    expect(app.span_row(tries[1]).get_by_test_id("retry")).to_have_text("retry 1")
    shape = "data-shape"
    expect(app.span_row(asked).locator(".bar").first).to_have_attribute(shape, "waiting")
    expect(app.span_row(root).locator(".bar").first).to_have_attribute(shape, "bracket")


def test_bars_are_coloured_by_what_steps_took(app: App) -> None:
    """The key c goes from the kind to the duration: the longest step is the hottest."""
    root = make.agent(seconds=60)
    short, long = make.tool("short", parent=root), make.tool("long", parent=root, seconds=9)
    app.send(root, short, long)
    app.open_run(root)
    expect(app.span_row(long)).to_be_visible()
    app.press("c")
    for span, heat in ((long, "100%"), (short, "11%")):
        bar = app.span_row(span).locator(".bar")
        expect(bar).to_have_attribute("style", re.compile(f"heat-high\\) {heat}"))


def test_clock_that_differs_is_told(app: App) -> None:
    """A step that starts before the one that called it came from another clock."""
    root = make.agent(start_ns=make.T0 + make.SECOND)
    early = make.tool(parent=root, start_ns=make.T0)
    app.send(root, early)
    app.open_run(root)
    expect(app.span_row(early).get_by_test_id("skew")).to_have_attribute(
        "title", re.compile("1 s before its parent")
    )


def test_running_steps_grow(app: App) -> None:
    """What began just now counts its seconds without being sent again."""
    begin = time.time_ns() - 2 * make.SECOND
    root = make.agent(start_ns=begin, seconds=None)
    app.send(root, make.tool(parent=root, start_ns=begin))
    app.open_run(root)
    for seconds in ("[3-9] s", "([5-9]|1[0-9]) s"):
        expect(app.span_row(root)).to_contain_text(re.compile(seconds))


def test_raw_says_how_a_program_gets_the_run(app: App) -> None:
    """As a command, in Python and as JSON."""
    agent, tool = failed()
    app.send(agent, tool)
    app.open_run(agent, view="raw")
    expect(app.at("raw-run")).to_contain_text(f"/traces/{agent.trace_id}'")
    expect(app.at("raw-run")).to_contain_text("client.trace(")


def test_conversation_says_nothing_twice(app: App) -> None:
    """What a call repeats is a line, and a tool's result stands beside the call that asked."""
    run = talk()
    app.send(*run)
    app.open_run(run.planner, view="conversation")
    expect(app.at("turn")).to_have_count(4)
    first, second = _turn(app, run.first), _turn(app, run.second)
    expect(first).to_contain_text("Two nights in Oslo, please.")
    expect(first.get_by_test_id("tool-call")).to_contain_text(
        re.compile("find_hotels.*city.*Oslo.*hotel.*Bristol", re.DOTALL)
    )
    expect(second.get_by_test_id("as-before")).to_have_text("3 messages as before")
    expect(second).to_contain_text("Booked Bristol.")
    expect(second).not_to_contain_text("Two nights in Oslo")
    expect(second.get_by_role("button", name="System prompt")).to_have_count(0)


def test_conversation_tells_what_a_rewritten_history_lost(app: App) -> None:
    """How many messages, and what they began with."""
    run = talk()
    app.send(*run)
    app.open_run(run.planner, view="conversation")
    third = _turn(app, run.third)
    third.get_by_test_id("dropped").click()
    expect(third).to_contain_text("4 messages dropped")
    expect(third).to_contain_text("Two nights in Oslo, please.")
    expect(third).to_contain_text("Summary: Bristol is booked.")


def test_conversation_is_walked_with_keys(app: App) -> None:
    """From turn to turn, the agent below indented; r shows what came in, beside."""
    run = talk()
    app.send(*run)
    app.open_run(run.planner, view="conversation")
    expect(_turn(app, run.aside)).to_contain_text("researcher")
    margins = [
        _turn(app, span).evaluate("e => parseFloat(getComputedStyle(e).marginLeft)")
        for span in (run.first, run.aside)
    ]
    assert margins == [0, 20]
    app.press("j")
    app.press("j")
    expect(app.detail(run.second)).to_be_visible()
    expect(_turn(app, run.second)).to_have_attribute("aria-current", "true")
    app.press("r")
    expect(app.at("span-body").get_by_test_id("recipes")).to_be_visible()


def test_context_is_shared_out_by_origin(app: App) -> None:
    """Each call a bar; the dearest content in front, with how often it was sent."""
    run = talk()
    app.send(*run)
    app.open_run(run.planner, view="context")
    expect(app.at("context-chart")).to_have_attribute("aria-label", re.compile("4 calls, 300"))
    row = app.at("context-contents").get_by_role("row", name="You book hotels")
    expect(row).to_contain_text(re.compile(r"You book hotels and nothing else\.\D*\d+4"))
    app.at("context-chart").click(position={"x": 70, "y": 175})
    expect(app.detail(run.second)).to_be_visible()
    expect(app.at("context-call")).to_contain_text(re.compile("call 2 · planner: 300 tokens"))
    app.page.get_by_role("button", name="researcher").click()
    expect(app.at("context-chart")).to_have_attribute("aria-label", re.compile("1 calls, 40"))


def test_repeats_are_found_without_reading(app: App) -> None:
    """The same call again is marked in the tree, and listed with what it took."""
    root = make.agent()
    looks = [make.tool(f"search {n % 2}", parent=root, input__value="hotels") for n in range(6)]
    app.send(root, *looks)
    app.open_run(root)
    expect(app.span_row(looks[2]).get_by_test_id("again")).to_have_text("2.")
    app.at("tab-repeats").click()
    expect(app.at("repeat")).to_have_count(3)
    pattern = app.page.locator('[data-testid="repeat"][data-form="pattern"]')
    expect(pattern).to_contain_text(re.compile("search 0 → search 1.*\u00d73.*in this order"))
    same = app.page.locator('[data-testid="repeat"][data-form="same"]').first
    same.get_by_role("button").first.click()
    same.get_by_role("listitem").nth(1).click()
    expect(app.detail(looks[2])).to_be_visible()


def _turn(app: App, span: Span) -> Locator:
    return app.page.locator(f'[data-testid="turn"][data-span-id="{span.span_id}"]')


def test_graph_folds_what_repeats_and_leads_to_its_steps(app: App) -> None:
    """A model that was asked three times is one node; clicks go through its calls."""
    run = talk()
    app.send(*run)
    app.open_run(run.planner, view="graph")
    node = app.page.locator('[data-testid="graph-node"][title="gpt-5"]')
    expect(node).to_contain_text("\u00d74")
    for span in (run.first, run.second):
        node.click()
        expect(app.detail(span)).to_be_visible()
    app.page.get_by_role("checkbox", name="fold repetition").uncheck()
    expect(app.at("graph-node")).to_have_count(len(run))


def test_run_and_step_are_judged_by_hand(app: App, page: Page) -> None:
    """A verdict with a comment of the run, and a note on a step."""
    agent, tool = failed()
    app.send(agent, tool)
    app.open_run(agent, view="scores")
    form = app.at("score-form")
    form.get_by_role("button", name="Bad").click()
    form.get_by_label("Comment").fill("never asked for the order")
    form.get_by_role("button", name="Save").click()
    expect(app.at("run-scores")).to_contain_text("never asked for the order")
    app.open_run(agent, span=tool.span_id, tab="scores")
    form.get_by_label("Comment").fill("known outage")
    page.keyboard.press("Enter")
    expect(app.at("span-body")).to_contain_text(re.compile("note.*known outage", re.DOTALL))


def test_span_says_why_it_is_what_it_is(app: App) -> None:
    """Which attribute decided, and how its cost came about."""
    root = make.agent()
    ask = make.llm(parent=root, gen_ai__usage__input_tokens=1000)
    app.send(root, ask)
    app.open_run(root, span=ask.span_id)
    app.detail(ask).get_by_role("button", name="Why llm?").click()
    expect(app.at("why-kind")).to_contain_text("gen_ai.operation.name")
    expect(app.at("cost-sum")).to_contain_text(
        re.compile(r"1,000 in \(\$.*\) \+ 10 out \(\$.*\) = \$.*packaged price table")
    )


def test_find_reaches_the_conversation(app: App, page: Page) -> None:
    """Turns that say it are counted, marked and walked through; the rest of a long text counts."""
    root = make.agent("planner")
    calls = [
        make.llm(
            parent=root,
            gen_ai__input__messages=json.dumps([said("user", question)]),
            gen_ai__output__messages=json.dumps([said("assistant", answer)]),
        )
        for question, answer in (
            ("Bergen?", "Yes."),
            ("Weather?", "Rain. " * 99 + "Then Bergen."),
            ("Thanks.", "You are welcome."),
        )
    ]
    app.send(root, *calls)
    app.open_run(root, view="conversation")
    expect(app.at("turn")).to_have_count(3)
    app.press("/")
    page.keyboard.type("bergen")
    expect(app.at("find-count")).to_have_text("2 turns")
    app.press("Enter")
    expect(_turn(app, calls[0])).to_have_attribute("aria-current", "true")
    app.at("find-in-run").blur()
    app.press("n")
    expect(_turn(app, calls[1])).to_have_attribute("aria-current", "true")
    assert page.evaluate("CSS.highlights.get('clew-find').size") == 2
    app.press("N")
    expect(_turn(app, calls[0])).to_have_attribute("aria-current", "true")
    app.press("?")
    expect(app.at("key-help")).to_contain_text("Find in this run")


def test_palette_offers_what_the_run_can_do(app: App, page: Page) -> None:
    """A view by its name; and find, which keeps the focus once the palette is gone."""
    run = talk()
    app.send(*run)
    app.open_run(run.planner)
    expect(app.span_row(run.planner)).to_be_visible()
    for word, command in (("conversation", "Conversation"), ("find in", "Find in this run")):
        app.press("Control+k")
        page.get_by_role("combobox").fill(word)
        chosen = page.locator("[cmdk-item][data-selected=true]")
        expect(chosen).to_have_text(re.compile(f"^{command}"))
        app.press("Enter")
        expect(app.at("conversation")).to_be_visible()
    expect(app.at("find-in-run")).to_be_focused()
