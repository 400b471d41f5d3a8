"""What lists show of a span's content."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.wire import previews


@given(st.text(max_size=3000))
def test_a_preview_is_one_short_line(value: str) -> None:
    """At most 200 characters, white space folded, ending in … where something was left out."""
    shown = previews.fold(value)
    assert len(shown) <= previews.PREVIEW_CHARS
    assert shown.removesuffix("…").split(" ") == shown.removesuffix("…").split() or shown in (
        "",
        "…",
    )
    if len(value) <= previews.PREVIEW_CHARS:
        assert shown == " ".join(value.split())


PIXEL = "data:image/png;base64,AA"
CHAT: Any = [
    {"role": "system", "content": "be nice"},
    {"role": "user", "content": "weather in Paris?"},
    {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]},
    {"role": "tool", "tool_call_id": "c", "content": "20C"},
]


@pytest.mark.parametrize("sent", [CHAT, json.dumps(CHAT), {"messages": CHAT}])
def test_the_prompt_is_the_last_thing_a_user_said(sent: Any) -> None:
    """Tool traffic after it does not hide what was asked."""
    assert previews.of_prompt(sent) == "weather in Paris?"
    assert previews.of_input(sent) == "weather in Paris?"


def test_without_a_user_the_last_message_is_shown() -> None:
    """An agent that starts from a system prompt alone still shows something."""
    assert previews.of_prompt([{"role": "system", "content": "be nice"}]) == "be nice"
    assert previews.of_prompt(CHAT[3:]) == "20C"
    assert previews.of_prompt(None) == previews.of_prompt("[]") == ""


def test_a_users_tool_result_is_not_what_a_user_said() -> None:
    """Anthropic sends tool results in the user's name."""
    said: list[Any] = [
        {"role": "user", "content": "hello"},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "x"}]},
    ]
    assert previews.of_prompt(json.dumps(said)) == "hello"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ([{"role": "assistant", "parts": [{"type": "text", "content": "Sunny."}]}], "Sunny."),
        ([{"role": "assistant", "content": "Sunny."}], "Sunny."),
        ("Sunny.", "Sunny."),
        (
            [
                {
                    "role": "assistant",
                    "parts": [
                        {"type": "reasoning", "content": "hm"},
                        {"type": "tool_call", "name": "f", "arguments": {"x": 1}},
                        {"type": "tool_call", "name": "g"},
                    ],
                }
            ],
            'tool_call: f({"x":1}), g()',
        ),
        (
            [
                {
                    "role": "assistant",
                    "content": [{"type": "image_url", "image_url": {"url": PIXEL}}],
                }
            ],
            "[image/png]",
        ),
        ([], ""),
        (None, ""),
    ],
)
def test_the_answer_is_its_text_or_the_calls_it_makes(answer: Any, shown: str) -> None:
    """Whether it comes structured or as JSON."""
    assert previews.of_answer(answer) == (shown, False)
    if isinstance(answer, list):
        assert previews.of_answer(json.dumps(answer)) == (shown, False)


def test_a_refusal_is_shown_and_told() -> None:
    """It is the answer, and the outcome."""
    refusal: Any = [{"role": "assistant", "content": None, "refusal": "I can't."}]
    assert previews.of_answer(refusal) == ("I can't.", True)
    assert previews.of_answer(json.dumps(refusal)) == ("I can't.", True)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('{"args": ["weather in Paris?"], "kwargs": {}}', "weather in Paris?"),
        ('{"args": [], "kwargs": {"q": "weather"}}', "weather"),
        ('{"args": ["Oslo"], "kwargs": {"days": 2}}', "Oslo, days=2"),
        ('{"question": "weather?"}', "weather?"),
        ('"It is sunny."', "It is sunny."),
        ('{"a": 1, "b": 2}', '{"a":1,"b":2}'),
        ('{"question": "weather?", "history": []}', "weather?"),
        ('{"history": [{"x": 1}], "question": "weather?", "k": 3}', "weather?"),
        ('{"args": ["weather?", []], "kwargs": {}}', "weather?"),
        ('{"args": ["a", "b"], "kwargs": {}}', '["a","b"]'),
        ("[INFO] plain text", "[INFO] plain text"),
        ('{"messages": [{"role": "user", "content": "hi"}]}', "hi"),
        ('{"q": [{"type": "image_url", "image_url": {}}, {"type": "text", "text": "?"}]}', "?"),
        (
            '[{"type": "text", "text": "a"}, {"type": "fare"}]',
            '[{"type":"text","text":"a"},{"type":"fare"}]',
        ),
        (12, "12"),
        (True, "true"),
        (None, ""),
    ],
)
def test_values_are_shown_without_their_wrapping(value: Any, shown: str) -> None:
    """What decorators and frameworks put around a value says nothing to a reader."""
    assert previews.of_input(value) == shown


def test_arguments_keep_their_names() -> None:
    """A tool's arguments are shown as JSON, a decorated function's only argument as it is."""
    assert previews.of_arguments('{"city": "Paris"}') == '{"city":"Paris"}'
    assert previews.of_arguments('{"args": ["Paris"], "kwargs": {}}') == "Paris"
