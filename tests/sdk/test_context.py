"""`with clew.context(...)`: what every span inside gets."""

import asyncio

import clew
from clew.testing import capture


def test_context_reaches_every_span_inside() -> None:
    """Session, user, tags, metadata and prompt are on every span, whoever starts it."""
    with capture() as captured:
        other = captured.provider.get_tracer("openinference.instrumentation.openai")
        with (
            clew.context(
                session="s-1",
                user="u-1",
                tags=["beta"],
                metadata={"plan": "gold", "seats": 3},
                prompt=("planner", 7),
                variables={"city": "Oslo"},
            ),
            clew.span("ours"),
            other.start_as_current_span("theirs"),
        ):
            pass
    for name in ("ours", "theirs"):
        attributes = captured.named(name).attributes
        assert attributes["session.id"] == "s-1"
        assert attributes["user.id"] == "u-1"
        assert attributes["clew.tags"] == ("beta",)
        assert attributes["clew.metadata.plan"] == "gold"
        assert attributes["clew.metadata.seats"] == "3"
        assert attributes["gen_ai.prompt.name"] == "planner"
        assert attributes["gen_ai.prompt.version"] == "7"
        assert attributes["gen_ai.prompt.variable.city"] == "Oslo"


def test_contexts_nest() -> None:
    """An inner context replaces what both name, keeps the rest and gathers tags."""
    with (
        capture() as captured,
        clew.context(session="s", user="outer", tags=["a", "b"], metadata={"x": "1"}),
    ):
        with clew.context(user="inner", tags=["b", "c"], metadata={"y": "2"}), clew.span("in"):
            pass
        with clew.span("out"):
            pass
    inner, outer = captured.named("in").attributes, captured.named("out").attributes
    assert (inner["session.id"], inner["user.id"]) == ("s", "inner")
    assert inner["clew.tags"] == ("a", "b", "c")
    assert (inner["clew.metadata.x"], inner["clew.metadata.y"]) == ("1", "2")
    assert outer["user.id"] == "outer"
    assert "clew.metadata.y" not in outer


def test_context_ends_where_it_ends() -> None:
    """A span that starts after it has nothing of it."""
    with capture() as captured:
        with clew.context(user="u"):
            pass
        with clew.span("after"):
            pass
    assert "user.id" not in captured.named("after").attributes


def test_context_as_decorator() -> None:
    """`context` also decorates a function."""

    @clew.context(session="s-9")
    def work() -> None:
        with clew.span("inside"):
            pass

    with capture() as captured:
        work()
    assert captured.named("inside").attributes["session.id"] == "s-9"


def test_what_a_span_says_itself_stays() -> None:
    """A span that knows its user isn't overruled by the context around it."""
    with capture() as captured, clew.context(user="context"):
        tracer = captured.provider.get_tracer("other")
        tracer.start_span("s", attributes={"user.id": "own"}).end()
    assert captured.named("s").attributes["user.id"] == "own"


def test_tasks_have_their_own_context() -> None:
    """Two requests served at the same time don't exchange their users."""

    async def serve(user: str) -> None:
        with clew.context(user=user):
            await asyncio.sleep(0)
            with clew.span(user):
                await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(serve("ann"), serve("bob"))

    with capture() as captured:
        asyncio.run(both())
    assert [span.attributes["user.id"] for span in captured.spans] == ["ann", "bob"]
