"""The demo's plan and its clock: the same every time, with something for every screen."""

import time
from collections import Counter
from itertools import pairwise

import pytest

from demo.clock import Clock
from demo.judging import Ended, Score, scores
from demo.model import FakeModel, Reply
from demo.stories import TELL, suitcase_png
from demo.visits import DAY_NS, DAYS, RECORDINGS, plan

pytestmark = pytest.mark.packages

ANCHOR_NS = 1_795_450_000 * 10**9


def test_plan_follows_from_the_seed() -> None:
    """Two plans for the same anchor are equal; another anchor moves them and changes nothing."""
    assert plan(ANCHOR_NS) == plan(ANCHOR_NS)
    moved = plan(ANCHOR_NS + 3 * DAY_NS)
    assert [visit.number for visit in moved] == [visit.number for visit in plan(ANCHOR_NS)]
    shifts = {b.start_ns - a.start_ns for a, b in zip(plan(ANCHOR_NS), moved, strict=True)}
    assert shifts == {3 * DAY_NS}


def test_plan_lies_in_the_fortnight_before_the_anchor() -> None:
    """Nothing lies in the future, and nothing much before the first day."""
    starts = [visit.start_ns for visit in plan(ANCHOR_NS)]
    assert starts == sorted(starts)
    assert max(starts) < ANCHOR_NS
    assert min(starts) > ANCHOR_NS - (DAYS + 2) * DAY_NS


def test_plan_has_something_for_every_screen() -> None:
    """Every story is told, each recording has its share, and versions, languages and
    environments differ."""
    visits = plan(ANCHOR_NS)
    assert 150 <= len(visits) <= 250
    assert {visit.story for visit in visits} == set(TELL)
    shares = Counter(visit.recording for visit in visits)
    assert set(shares) == set(RECORDINGS)
    assert min(shares.values()) > 50
    assert {visit.prompt.version for visit in visits} == {"5", "6", "7"}
    assert {visit.release for visit in visits} == {"1.8.0", "1.8.1", "1.9.0"}
    assert {visit.environment for visit in visits} == {"production", "staging"}
    assert {visit.language for visit in visits} == {"en", "de", "ja", "zh", "ko"}
    assert max(Counter(visit.about.session for visit in visits).values()) >= 3
    assert len({visit.number for visit in visits}) == len(visits)


def test_sleeping_passes_simulated_time_at_once() -> None:
    """An hour of sleep takes no time; real moments before and after it lie an hour apart."""
    clock = Clock(0)
    before = time.time_ns()
    clock.sleep(3600)
    after = time.time_ns()
    placed = clock.timeline([before, after])
    assert after - before < 10**9
    assert placed[after] - placed[before] == 3600 * 10**9


def test_lanes_happen_at_the_same_time() -> None:
    """Branches start together, and what follows waits for the longest."""
    clock = Clock(0)
    with clock.parallel() as lanes:
        for seconds in (2, 5, 1):
            with lanes.lane():
                clock.sleep(seconds)
    assert 5 * 10**9 <= clock.now_ns < 5.1 * 10**9


def test_moments_without_a_sleep_keep_their_order() -> None:
    """Time stamps between two sleeps are spread evenly."""
    clock = Clock(0)
    moments = [time.time_ns() + number for number in range(5)]
    placed = clock.timeline(moments)
    assert {placed[b] - placed[a] for a, b in pairwise(moments)} == {40_000}


def test_answers_are_judged_by_guests_code_and_a_model() -> None:
    """Of each enough to draw; nothing is judged before it ended, nor after the fortnight, nor
    another way the second time."""
    found: list[Score] = []
    with FakeModel(lambda _: Reply(text="unasked")) as model:
        for visit in plan(ANCHOR_NS):
            end_ns = visit.start_ns + 20 * 10**9
            ended = Ended(
                visit=visit,
                trace_id=f"{visit.number:032x}",
                question="What will it cost?",
                said="About **€420**." if visit.number % 4 else None,
                end_ns=end_ns,
            )
            given = scores(ended, model, ANCHOR_NS)
            assert all(end_ns <= int(score["time_ns"]) <= ANCHOR_NS for score in given)
            assert scores(ended, model, ANCHOR_NS) == given
            found += given
    counts = Counter((score["source"], score["name"]) for score in found)
    assert min(counts.values()) > 40
    assert set(counts) == {
        ("code", "answered"),
        ("code", "brevity"),
        ("model", "helpful"),
        ("user", "thumbs"),
    }
    assert {score["value"] for score in found if score["name"] == "thumbs"} == {True, False}
    assert len({score["score_id"] for score in found}) == len(found)


def test_picture_is_a_png() -> None:
    """The photo in a guest's message is a picture that browsers show."""
    assert suitcase_png().startswith(b"\x89PNG\r\n\x1a\n")
    assert suitcase_png().endswith(b"IEND\xaeB`\x82")
