"""Any Python value becomes text or JSON, whatever it is."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew._sdk.payload import MAX_CHARACTERS, encode


class Colour(Enum):
    """An enum."""

    RED = "red"


@dataclass
class Trip:
    """A dataclass."""

    city: str
    days: int


class Model:
    """What pydantic models offer."""

    def model_dump(self, *, mode: str) -> dict[str, str]:
        """As pydantic names it."""
        return {"mode": mode}


class Broken:
    """A value without a form."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_json_values_come_back(value: object) -> None:
    """What JSON can say is said exactly; a text is kept as it is."""
    payload = encode(value)
    assert not payload.cut
    assert (json.loads(payload.text) if payload.is_json else payload.text) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Trip("Oslo", 3), {"city": "Oslo", "days": 3}),
        ({"when": datetime(2026, 1, 2, tzinfo=UTC)}, {"when": "2026-01-02T00:00:00+00:00"}),
        ({Colour.RED}, ["red"]),
        (b"abc", "<3 bytes>"),
        (Model(), {"mode": "json"}),
        ({1: "a", ("b", 2): "c"}, {"1": "a", "('b', 2)": "c"}),
        ([float("nan"), float("inf")], ["nan", "inf"]),
        (Broken(), "<Broken>"),
        ((1, "two"), [1, "two"]),
    ],
)
def test_other_values_become_what_they_say_of_themselves(value: object, expected: object) -> None:
    """Models, dataclasses, enums, dates, sets, bytes, odd keys and numbers have a form in JSON."""
    assert json.loads(encode(value).text) == expected


def test_cycles_and_depth_are_cut() -> None:
    """A value that contains itself ends somewhere."""
    cycle: list[object] = [1]
    cycle.append(cycle)
    assert encode(cycle).text.startswith("[1, [1, [1")


def test_long_payloads_are_cut_and_say_so() -> None:
    """Cut JSON isn't called JSON."""
    payload = encode(["x" * MAX_CHARACTERS])
    assert (len(payload.text), payload.is_json, payload.cut) == (MAX_CHARACTERS, False, True)
