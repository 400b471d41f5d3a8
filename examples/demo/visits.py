"""Who comes to the travel desk in the fortnight before `anchor_ns`, when and with what story.

The plan follows from `SEED` alone, except for the times, which count back from the anchor. What is
rare in life is placed by hand, so that every screen has something true to show.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from demo.recording import About, Prompt

RECORDINGS = ("openllmetry", "genai", "openinference")
"""By `demo.recording.RECORDINGS`, the slowest to start first."""

ANCHOR = "demo.anchor"
"""Resource attribute: when the demo's fortnight ends, as ISO 8601."""

SEED = 7
DAYS = 14
SESSIONS = 98
STAGING_SHARE = 0.12
DAY_NS = 86_400 * 10**9

PLANNER_PROMPTS: Mapping[str, str] = {
    "5": "You are the planner of a travel desk.\nAnswer the guest. Ask researchers for facts. "
    "Reply in {language}.",
    "6": "You are the planner of a travel desk.\nAnswer the guest in {language}. Always verify "
    "each figure with a researcher, and ask again until you are sure. Use a table for prices.",
    "7": "You are the planner of a travel desk.\nAnswer the guest in {language}, kindly and "
    "briefly. Ask researchers for facts, several at once where they don't depend on each other, "
    "and at most once for the same fact. Use a table for prices. Hand refunds over to the refund "
    "agent. If a tool fails, say what is missing.",
}
"""Versions of the planner's prompt. Version 6 made the agent ask again and again."""

_PROMPT_SINCE = (("7", 5.0), ("6", 9.5), ("5", 99.0))
_RELEASE_SINCE = (("1.9.0", 4.0), ("1.8.1", 10.0), ("1.8.0", 99.0))
_GUARDED_RELEASE = "1.9.0"
"""What brought the guard from staging to production."""
_LANGUAGES = {"en": "English", "de": "German", "ja": "Japanese", "zh": "Chinese", "ko": "Korean"}

_STORIES: Mapping[str, int] = {
    "trip": 46,
    "order": 18,
    "policy": 13,
    "refund": 12,
    "busy once": 4,
    "model down once": 2,
    "code": 2,
    "refusal": 2,
    "broken tool": 2,
    "model down": 1,
    "rate limited": 1,
}
_PLACED: tuple[tuple[str, str, float], ...] = (
    ("loop", "genai", 8.6),
    ("loop", "openinference", 7.1),
    ("busy for good", "openllmetry", 6.3),
    ("busy for good", "openinference", 2.4),
    ("broken tool", "openinference", 9.2),
    ("broken tool", "genai", 3.3),
    ("broken tool", "openllmetry", 1.2),
    ("model down", "genai", 6.8),
    ("model down", "openinference", 6.75),
    ("model down", "openllmetry", 6.72),
    ("rate limited", "openllmetry", 0.6),
    ("rate limited", "genai", 0.58),
    ("refund waiting", "genai", 0.2),
    ("refund waiting", "openinference", 1.1),
    ("refund approved", "genai", 3.9),
    ("refund approved", "openllmetry", 2.7),
    ("photo", "openinference", 4.4),
    ("photo", "genai", 0.9),
    ("cancelled", "genai", 1.6),
    ("cancelled", "genai", 0.3),
    ("filtered", "openinference", 5.6),
    ("filtered", "openllmetry", 2.1),
    ("cut off", "genai", 11.3),
    ("refusal", "openinference", 0.4),
    ("refusal", "openllmetry", 3.6),
    ("grand tour", "genai", 0.5),
    ("off topic", "genai", 3.1),
    ("off topic", "openinference", 1.7),
    ("off topic", "openllmetry", 0.45),
)
"""Story, recording, days before the anchor."""

RUNNING_S = 2.9
"""How long before the anchor the last run began: it is still going on."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One run to record. `number` is unique and stable; ids are derived from it."""

    number: int
    recording: str
    story: str
    about: About
    start_ns: int
    day: str
    language: str
    prompt: Prompt
    release: str
    environment: str
    guarded: bool
    chance: random.Random = field(compare=False)


def plan(anchor_ns: int) -> list[Visit]:
    """Every visit, oldest first."""
    return _Plan(anchor_ns).visits()


class _Plan:
    """One pass over the fortnight: what is drawn depends on the order alone, so nothing is drawn
    conditionally."""

    def __init__(self, anchor_ns: int) -> None:
        self._anchor_ns = anchor_ns
        self._chance = random.Random(SEED)

    def visits(self) -> list[Visit]:
        found = [visit for session in range(SESSIONS) for visit in self._session(session)]
        for number, (story, recording, days_ago) in enumerate(_PLACED, 1):
            found.append(self._visit(number, recording, story, self._before(days_ago)))
        running = self._before(RUNNING_S / 86_400)
        found.append(self._visit(len(_PLACED) + 1, "genai", "trip", running))
        return sorted(found, key=lambda visit: visit.start_ns)

    def _session(self, session: int) -> list[Visit]:
        """One to four runs of the same guest, some minutes apart."""
        chance = self._chance
        recording = RECORDINGS[session % 3]
        language = chance.choices(list(_LANGUAGES), (70, 12, 7, 6, 5))[0]
        start_ns, guest = self._opening_hours(), _guest(chance)
        visits: list[Visit] = []
        for turn in range(chance.choices((1, 2, 3, 4), (48, 28, 15, 9))[0]):
            story = chance.choices(list(_STORIES), list(_STORIES.values()))[0]
            number = 1000 + session * 10 + turn
            visit = self._visit(
                number, recording, story, start_ns, language, guest, f"s-{session + 400}"
            )
            visits.append(visit)
            start_ns += chance.randint(140, 700) * 10**9
        return visits

    def _visit(  # noqa: PLR0913, PLR0917 - what differs between visits
        self,
        number: int,
        recording: str,
        story: str,
        start_ns: int,
        language: str = "en",
        guest: str = "",
        session: str = "",
    ) -> Visit:
        chance = random.Random(f"{SEED}/{number}")
        staging = chance.random() < STAGING_SHARE
        user = guest or _guest(chance)
        days_ago = (self._anchor_ns - start_ns) / DAY_NS
        release = _since(_RELEASE_SINCE, days_ago)
        return Visit(
            number=number,
            recording=recording,
            story=story,
            about=About(
                session=session or f"s-{number}",
                user=user,
                tags=_tags(chance, staging=staging),
                metadata={"channel": chance.choice(("web", "web", "app", "e-mail"))},
            ),
            start_ns=start_ns,
            day=_travel_day(chance, start_ns),
            language=language,
            prompt=_prompt(_since(_PROMPT_SINCE, days_ago), language),
            release=release,
            environment="staging" if staging else "production",
            guarded=staging or release == _GUARDED_RELEASE,
            chance=chance,
        )

    def _before(self, days: float) -> int:
        return self._anchor_ns - round(days * DAY_NS)

    def _opening_hours(self) -> int:
        """Some time of the fortnight, mostly by day; nothing lies in the future or just now."""
        days_ago, hour = self._chance.randrange(DAYS), self._chance.gauss(13.5, 3.4)
        midnight_ns = self._anchor_ns // DAY_NS * DAY_NS
        start_ns = midnight_ns - days_ago * DAY_NS + round(hour * DAY_NS / 24)
        too_late = start_ns > self._anchor_ns - DAY_NS // 24
        return start_ns - DAYS * DAY_NS if too_late else start_ns


def _guest(chance: random.Random) -> str:
    return f"guest-{chance.randint(1, 61):03d}"


def _tags(chance: random.Random, *, staging: bool) -> list[str]:
    drawn = [
        tag
        for tag, share in (("vip", 0.1), ("beta", 0.2), ("group", 0.06))
        if chance.random() < share
    ]
    return [*drawn, "internal"] if staging else drawn


def _travel_day(chance: random.Random, start_ns: int) -> str:
    started = datetime.fromtimestamp(start_ns // 10**9, UTC)
    return (started + timedelta(days=chance.randint(10, 60))).strftime("%Y-%m-%d")


def _prompt(version: str, language: str) -> Prompt:
    variables = {"language": _LANGUAGES[language]}
    template = PLANNER_PROMPTS[version]
    return Prompt(name="planner", version=version, template=template, variables=variables)


def _since(steps: Sequence[tuple[str, float]], days_ago: float) -> str:
    """The value that was in force: each step holds from so many days ago."""
    return next(value for value, began in steps if days_ago <= began)
