"""`@clew.agent`, `@clew.tool`, `@clew.step`, `@clew.workflow`."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Generator, Iterator

import pytest
from opentelemetry import trace

import clew
from clew.testing import capture


@clew.tool
def search(city: str, *, nights: int = 1) -> list[str]:
    """Find hotels.

    More about it.
    """
    return [f"{city} {nights}"]


@clew.agent(name="planner")
async def plan(question: str) -> str:
    await asyncio.sleep(0)
    return f"{question}: {search('Oslo', nights=2)[0]}"


@clew.step
def words(text: str) -> Generator[str, None, str]:
    for word in text.split():
        yield word
        with clew.span("between"):
            pass
    return "done"


@clew.step
async def stream(text: str) -> AsyncIterator[str]:
    for word in text.split():
        await asyncio.sleep(0)
        yield word


def test_arguments_by_name_and_result() -> None:
    """A call's arguments are its input, by name; what it returns is its output."""
    with capture() as captured:
        assert search("Oslo", nights=2) == ["Oslo 2"]
    recorded = captured.named("execute_tool search")
    assert recorded.input == {"city": "Oslo", "nights": 2}
    assert recorded.output == ["Oslo 2"]
    assert recorded.attributes["gen_ai.tool.description"] == "Find hotels."


def test_function_keeps_its_face() -> None:
    """Decorating changes neither name, docstring nor signature."""
    assert search.__name__ == "search"
    assert str(inspect.signature(search)) == "(city: str, *, nights: int = 1) -> list[str]"
    assert inspect.iscoroutinefunction(plan)
    assert inspect.isgeneratorfunction(words)
    assert inspect.isasyncgenfunction(stream)


def test_async_agent_is_parent_of_its_tools() -> None:
    """What an async function calls becomes its child."""
    with capture() as captured:
        assert asyncio.run(plan("weekend")) == "weekend: Oslo 2"
    assert captured.tree() == [("invoke_agent planner", [("execute_tool search", [])])]


def test_parallel_tasks_keep_their_own_parents() -> None:
    """Agents that run at the same time don't become each other's children."""

    async def both() -> tuple[str, str]:
        return await asyncio.gather(plan("a"), plan("b"))

    with capture() as captured:
        asyncio.run(both())
    branch = ("invoke_agent planner", [("execute_tool search", [])])
    assert captured.tree() == [branch, branch]


def test_methods_leave_out_self() -> None:
    """The object that a method belongs to is no input."""

    class Desk:
        @clew.workflow
        def run(self, question: str) -> str:
            return question

    with capture() as captured:
        Desk().run("hello")
    assert captured.named("invoke_workflow run").input == {"question": "hello"}


def test_generator_is_recorded_until_it_ends() -> None:
    """A generator's span covers its work, not its consumer's; pieces of text are joined."""
    with capture() as captured:
        for word in words("a b"):
            with clew.span(f"consume {word}"):
                pass
    assert captured.named("words").output == "ab"
    assert captured.tree() == [
        ("words", [("between", []), ("between", [])]),
        ("consume a", []),
        ("consume b", []),
    ]


def test_generator_takes_what_is_sent_thrown_and_returned() -> None:
    """A recorded generator still is one: send, throw and return reach it."""

    @clew.step
    def echo() -> Generator[object, object, str]:
        try:
            got = yield "ready"
            yield got
        except KeyError:
            yield "caught"
        return "result"

    with capture():
        generator = echo()
        assert next(generator) == "ready"
        assert generator.send("x") == "x"
        assert generator.throw(KeyError()) == "caught"
        with pytest.raises(StopIteration) as stop:
            next(generator)
    assert stop.value.value == "result"


def test_generator_closed_early_has_not_failed() -> None:
    """Who stops reading a stream has seen enough; the span ends with what was yielded."""
    with capture() as captured:
        generator = words("a b c")
        next(generator)
        generator.close()
    recorded = captured.named("words")
    assert (recorded.output, recorded.error) == ("a", "")


def test_async_generator_is_recorded() -> None:
    """Async generators are recorded like generators."""

    async def consume() -> list[str]:
        return [word async for word in stream("a b")]

    with capture() as captured:
        assert asyncio.run(consume()) == ["a", "b"]
    assert captured.named("stream").output == "ab"


def test_generator_that_fails() -> None:
    """An exception inside a generator is recorded and goes on."""

    @clew.step
    def broken() -> Iterator[int]:
        yield 1
        raise RuntimeError("half way")

    with capture() as captured, pytest.raises(RuntimeError, match="half way"):
        list(broken())
    recorded = captured.named("broken")
    assert (recorded.output, recorded.error) == ([1], "RuntimeError: half way")


def test_wrong_arguments_raise_pythons_own_error() -> None:
    """A call that doesn't fit the signature fails as it would undecorated, and is recorded."""
    with capture() as captured, pytest.raises(TypeError, match="missing 1 required positional"):
        search()  # pyright: ignore[reportCallIssue]
    assert captured.named("execute_tool search").attributes["error.type"] == "TypeError"


def test_current_span_is_the_calls() -> None:
    """Inside, OpenTelemetry's current span is the call's, so plain attributes land on it."""

    @clew.step
    def inner() -> None:
        trace.get_current_span().set_attribute("room", 7)

    with capture() as captured:
        inner()
    assert captured.named("inner").attributes["room"] == 7
