"""What others think of a run: the guest, checks in code, and a model that judges answers.

Scores follow from the seed and from what was asked and answered, as the spans do: sending them
again replaces them with themselves.
"""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from demo.model import FakeModel, Reply, Request
from demo.visits import SEED, Visit

JUDGE = "travel-judge-mini"
RUBRIC = (
    "You judge answers of a travel desk. Does the answer help the guest with what was asked, with "
    'figures where figures were asked for? Reply as JSON: {"helpful": 0 to 1, "why": "…"}.'
)
JUDGED_SHARE = 0.5
THUMBS_SHARE = 0.4
FEW_CHARS = 600
_LETDOWNS = frozenset({"busy for good", "loop", "refusal", "filtered", "cut off", "off topic"})
_NO_HELP = ("can't help", "can't share", "couldn't get", "no direct flight", "should")
_PRAISE = ("", "", "quick and clear", "exactly what I needed")
_BLAME = ("", "did not answer my question", "took too long", "I had to ask twice")

Score = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A run that is over. `said` is None where the guest got no answer."""

    visit: Visit
    trace_id: str
    question: object
    said: str | None
    end_ns: int


def scores(ended: Ended, model: FakeModel, now_ns: int) -> list[Score]:
    """The scores that exist by `now_ns`, as the API takes them."""
    given = [*_checked(ended), *_judged(ended, model), *_thumbs(ended)]
    named = [
        {
            "score_id": f"{ended.trace_id}-{score['name']}",
            "trace_id": ended.trace_id,
            **score,
        }
        for score in given
    ]
    return [score for score in named if int(score["time_ns"]) <= now_ns]


def _checked(ended: Ended) -> Iterator[Score]:
    """Checks that need no opinion."""
    check = {"source": "code", "evaluator": "checks.py", "time_ns": ended.end_ns}
    yield {**check, "name": "answered", "value": bool(ended.said)}
    if ended.said:
        yield {**check, "name": "brevity", "value": round(min(1, FEW_CHARS / len(ended.said)), 2)}


def _judged(ended: Ended, model: FakeModel) -> Iterator[Score]:
    """A model's opinion of every second answer."""
    chance = random.Random(f"{SEED}/{ended.visit.number}/judge")
    if not ended.said or chance.random() > JUDGED_SHARE:
        return
    with model.play(_judge, f"{SEED}/{ended.visit.number}/judge"):
        opinion = json.loads(_ask(model, ended.question, ended.said))
    yield {
        "name": "helpful",
        "value": opinion["helpful"],
        "comment": opinion["why"],
        "source": "model",
        "evaluator": JUDGE,
        "time_ns": ended.end_ns + 30 * 10**9,
    }


def _ask(model: FakeModel, question: object, said: str) -> str:
    """The judge's words. Asked without the instrumented client: judging isn't part of the run."""
    shown = json.dumps({"question": question, "answer": said}, ensure_ascii=False)
    messages = [{"role": "system", "content": RUBRIC}, {"role": "user", "content": shown}]
    body = json.dumps({"model": JUDGE, "messages": messages}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{model.url}/chat/completions", body, headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 (our own server)
        return str(json.loads(answer.read())["choices"][0]["message"]["content"])


def _judge(request: Request) -> Reply:
    """The script of the judge: it looks for what was asked in what was answered."""
    shown = json.loads(request.user)
    answer = str(shown["answer"])
    if any(words in answer for words in _NO_HELP):
        helpful, why = 0.3, "The guest leaves without what was asked for."
    elif "€" in answer:
        helpful, why = 0.9, "It names prices and adds them up."
    elif "**" in answer:
        helpful, why = 0.8, "It answers the question and points out what matters."
    else:
        helpful, why = 0.6, "It answers, but without a figure or a next step."
    return Reply(text=json.dumps({"helpful": helpful, "why": why}))


def _thumbs(ended: Ended) -> Iterator[Score]:
    """Some guests press a thumb, some minutes later."""
    chance = random.Random(f"{SEED}/{ended.visit.number}/thumbs")
    if chance.random() > THUMBS_SHARE:
        return
    likes = 0.05 if ended.said is None else 0.25 if ended.visit.story in _LETDOWNS else 0.9
    if ended.visit.prompt.version == "6":
        likes *= 0.75  # asking again and again takes the guest's time
    up = chance.random() < likes
    yield {
        "name": "thumbs",
        "value": up,
        "comment": chance.choice(_PRAISE if up else _BLAME),
        "source": "user",
        "author": ended.visit.about.user,
        "time_ns": ended.end_ns + chance.randint(20, 400) * 10**9,
    }
