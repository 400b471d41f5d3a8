"""The weather desk that every recorded program builds with its library: two tools, what is asked.

`get_weather` works at once; `get_alerts` fails the first time and works the second. Only the
standard library, because it is imported beside packages of any kind. What the tools really did is
written to the file that `CLEW_CORPUS_TOOLS` names, a JSON object a line.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

MODEL = "gpt-4o-mini"
AGENT = "weather_desk"
SYSTEM = "You are a weather desk. Answer briefly."
POET = "poet"
POET_SYSTEM = "You write one line."
ASKED = "What is the weather in Zürich?"
ASKED_ALERTS = "Are there alerts for Zürich?"
ASKED_POEM = "Think, then write a line about rain."
ASKED_BROKEN = "Please break."
SESSION = "session-1"
USER = "user-1"
CITY = "Zürich"

_failed: set[str] = set()


class StationOffline(Exception):  # noqa: N818 (a state of the station, said by the tool)
    """The weather station does not answer."""


def get_weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: The name of the city.
    """
    return _told("get_weather", city, f"Sunny, 20 degrees in {city}.")


def get_alerts(city: str) -> str:
    """The weather alerts for a city.

    Args:
        city: The name of the city.
    """
    if city not in _failed:
        _failed.add(city)
        _told("get_alerts", city, "station offline", failed=True)
        raise StationOffline("station offline")
    return _told("get_alerts", city, f"No alerts for {city}.")


def _told(name: str, city: str, result: str, *, failed: bool = False) -> str:
    said = {"name": name, "arguments": {"city": city}, "result": result, "failed": failed}
    with Path(os.environ["CLEW_CORPUS_TOOLS"]).open("a", encoding="utf-8") as told:
        told.write(json.dumps(said, ensure_ascii=False) + "\n")
    return result
