"""The fake model server, asked by the real client over real HTTP."""

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI

from demo.model import Failure, FakeModel, Reply, Request, ToolCall, count_tokens, embed

pytestmark = pytest.mark.packages

WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}},
}


def script(request: Request) -> Reply | Failure:
    """Enough of a model: it calls a tool once, refuses, fails and answers by what it is asked."""
    if request.user == "busy":
        return Failure(status=429, message="slow down", code="rate_limit_exceeded")
    if request.user == "refuse":
        return Reply(refusal="I can't help with that.")
    if request.tools and not request.tool_results:
        return Reply(tool_calls=(ToolCall(name="get_weather", arguments={"city": "東京"}),))
    return Reply(text=f"{request.system}: {request.user} " * 4, cached_tokens=2, reasoning_tokens=5)


@pytest.fixture
def model() -> Iterator[FakeModel]:
    """A server that plays `script`."""
    with FakeModel(script) as opened:
        yield opened


@pytest.fixture
def client(model: FakeModel) -> Iterator[OpenAI]:
    """A client without retries."""
    with OpenAI(base_url=model.url, api_key="any", max_retries=0) as opened:
        yield opened


def test_chat_answers_by_script(client: OpenAI) -> None:
    """A completion carries the script's text and counted, cached and reasoning tokens."""
    messages = [{"role": "system", "content": "Guide"}, {"role": "user", "content": "Oslo"}]
    answer = client.chat.completions.create(model="gpt-5", messages=messages)  # type: ignore[arg-type]
    assert answer.choices[0].message.content == "Guide: Oslo " * 4
    assert answer.choices[0].finish_reason == "stop"
    usage = answer.usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.completion_tokens_details is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens_details.cached_tokens == 2
    assert usage.completion_tokens_details.reasoning_tokens == 5


def test_tool_calls(client: OpenAI) -> None:
    """A tool call has an id of its own and its arguments as JSON."""
    asked = [{"role": "user", "content": "weather?"}]
    answer = client.chat.completions.create(model="gpt-5", messages=asked, tools=[WEATHER])  # type: ignore[arg-type]
    (call,) = answer.choices[0].message.tool_calls or []
    assert answer.choices[0].finish_reason == "tool_calls"
    assert call.function.arguments == '{"city": "東京"}'  # type: ignore[union-attr]
    assert call.id.startswith("call_")


def test_stream_adds_up_to_the_answer(client: OpenAI) -> None:
    """A stream comes in pieces, ends with the reason and then tells the usage."""
    chunks = list(
        client.chat.completions.create(
            model="gpt-5",
            messages=[{"role": "user", "content": "Oslo"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    said = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert said == ": Oslo " * 4
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None


def test_refusal(client: OpenAI) -> None:
    """A refusal isn't content."""
    asked = [{"role": "user", "content": "refuse"}]
    message = client.chat.completions.create(model="gpt-5", messages=asked).choices[0].message  # type: ignore[arg-type]
    assert (message.content, message.refusal) == (None, "I can't help with that.")


def test_failures_are_the_clients_errors(client: OpenAI) -> None:
    """A 429 reaches the program as the client's own exception."""
    with pytest.raises(openai.RateLimitError, match="slow down"):
        client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "busy"}]
        )


def test_responses_api(client: OpenAI) -> None:
    """The Responses API gives the same answers, whole and streamed."""
    answer = client.responses.create(model="gpt-5", input="Oslo", instructions="Guide")
    assert answer.output_text == "Guide: Oslo " * 4
    events = list(client.responses.create(model="gpt-5", input="Oslo", stream=True))
    assert [events[0].type, events[-1].type] == ["response.created", "response.completed"]


def test_embeddings_and_models(client: OpenAI) -> None:
    """Texts with common words are closer than those without; models are listed."""
    found = client.embeddings.create(model="text-embedding-3-small", input=["a red fox", "fox red"])
    first, second = (item.embedding for item in found.data)
    alike = sum(a * b for a, b in zip(first, second, strict=True))
    other = sum(a * b for a, b in zip(first, embed("quite different"), strict=True))
    assert alike > other
    assert "gpt-5" in [model.id for model in client.models.list()]


def test_equal_runs_get_equal_ids(model: FakeModel, client: OpenAI) -> None:
    """Ids follow from the seed of a run and the number of the request."""

    def ids(seed: str) -> list[str]:
        with model.play(script, seed):
            asked = [{"role": "user", "content": "Oslo"}]
            return [
                client.chat.completions.create(model="gpt-5", messages=asked).id  # type: ignore[arg-type]
                for _ in range(2)
            ]

    assert ids("a") == ids("a")
    assert len({*ids("a"), *ids("b")}) == 4


def test_tokens_are_counted_like_tokens() -> None:
    """Four letters or one CJK character are a token."""
    assert count_tokens("twelve chars") == 3
    assert count_tokens("東京へ") == 3
    assert count_tokens("") == 0
