"""What the travel desk's tools know: cities, flights, orders, policies. Invented, and always the
same for the same question."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from demo.model import embed


@dataclass(frozen=True, kw_only=True)
class City:
    """A place to go: its name in English and in the languages of the guests who ask for it."""

    name: str
    airport: str
    names: tuple[tuple[str, str], ...] = ()

    def called(self, language: str) -> str:
        """Its name in `language`, else in English."""
        return dict(self.names).get(language, self.name)


CITIES = (
    City(name="Oslo", airport="OSL", names=(("ja", "オスロ"), ("zh", "奥斯陆"), ("ko", "오슬로"))),
    City(
        name="Lisbon",
        airport="LIS",
        names=(("de", "Lissabon"), ("ja", "リスボン"), ("zh", "里斯本")),
    ),
    City(name="Kyoto", airport="KIX", names=(("ja", "京都"), ("zh", "京都"), ("ko", "교토"))),
    City(
        name="Vienna", airport="VIE", names=(("de", "Wien"), ("ja", "ウィーン"), ("ko", "비엔나"))
    ),
    City(name="Montréal", airport="YUL"),
    City(name="Ljubljana", airport="LJU"),
    City(name="Edinburgh", airport="EDI"),
    City(name="Valparaíso", airport="SCL"),
    City(name="Tallinn", airport="TLL"),
    City(name="Marrakesh", airport="RAK", names=(("de", "Marrakesch"),)),
    City(name="Copenhagen", airport="CPH", names=(("de", "Kopenhagen"), ("zh", "哥本哈根"))),
    City(name="Taipei", airport="TPE", names=(("ja", "台北"), ("zh", "台北"), ("ko", "타이베이"))),
    City(name="Seville", airport="SVQ", names=(("de", "Sevilla"),)),
    City(name="Reykjavík", airport="KEF"),
)

POLICIES = (
    ("refunds", "Refunds within 14 days of booking are paid in full to the original card."),
    ("late-refunds", "After 14 days a refund is a voucher, less a fee of 25 euros per person."),
    ("approval", "A refund above 500 euros needs the approval of a colleague."),
    (
        "luggage",
        "Damaged luggage: send a photo within 7 days of the flight, paid up to 1,200 euros.",
    ),
    ("pets", "Small pets travel in the cabin in a bag of at most 8 kg, one per passenger."),
    ("changes", "A flight can be changed once for free until 24 hours before departure."),
    ("children", "Children under 12 travel only with an adult; under 2 they sit on a lap."),
    ("loyalty", "Points are credited 72 hours after the return flight and last three years."),
)

_WEATHER = ("sunny", "light rain", "cloudy", "clear and cold", "windy", "snow showers")
_AIRLINES = ("Northwind", "Lumen Air", "Skua", "Meridian")
_HOTELS = ("Harbour House", "Hotel Linden", "The Loom", "Casa Azul", "Old Mint", "Nine Lanterns")


def _chance(*about: object) -> random.Random:
    return random.Random(hashlib.sha256(repr(about).encode()).digest())


def flights(city: str, day: str) -> list[dict[str, object]]:
    """Three flights, cheapest first; prices in euros."""
    chance = _chance("flights", city, day)
    found: list[dict[str, object]] = [
        {
            "flight": f"{airline[:2].upper()}{chance.randint(100, 999)}",
            "airline": airline,
            "departs": f"{day}T{chance.randint(6, 20):02d}:{chance.choice((0, 15, 30, 45)):02d}",
            "stops": chance.choice((0, 0, 1)),
            "price_eur": chance.randint(79, 640),
        }
        for airline in chance.sample(_AIRLINES, 3)
    ]
    return sorted(found, key=lambda flight: str(flight["price_eur"]).zfill(4))


def hotels(city: str) -> list[dict[str, object]]:
    """Two hotels with the price of a night in euros."""
    chance = _chance("hotels", city)
    return [
        {"hotel": name, "night_eur": chance.randint(64, 290), "rating": chance.randint(38, 49) / 10}
        for name in chance.sample(_HOTELS, 2)
    ]


def weather(city: str, day: str) -> dict[str, object]:
    """A forecast in degrees Celsius."""
    chance = _chance("weather", city, day)
    low = chance.randint(-6, 18)
    return {
        "city": city,
        "day": day,
        "sky": chance.choice(_WEATHER),
        "low_c": low,
        "high_c": low + chance.randint(3, 11),
    }


def orders(user: str) -> list[dict[str, object]]:
    """What a user has booked, newest first."""
    chance = _chance("orders", user)
    return [
        {
            "order_id": f"TD-{chance.randint(10_000, 99_999)}",
            "city": chance.choice(CITIES).name,
            "total_eur": chance.randint(180, 1900),
            "booked_days_ago": chance.randint(1, 40),
            "status": chance.choice(("confirmed", "confirmed", "ticketed", "changed")),
        }
        for _ in range(3)
    ]


def nearest_policies(vector: list[float], count: int = 3) -> list[dict[str, object]]:
    """The policies closest to a question, with cosine similarity as score."""
    scored = [
        (sum(a * b for a, b in zip(vector, embed(text), strict=True)), name, text)
        for name, text in POLICIES
    ]
    return [
        {"id": name, "content": text, "score": round(score, 4)}
        for score, name, text in sorted(scored, reverse=True)[:count]
    ]
