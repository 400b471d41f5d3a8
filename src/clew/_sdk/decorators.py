"""Decorators that record each call of a function: arguments in, return value out.

They take plain and async functions, generators and async generators. A generator's span lasts
until it is exhausted or closed, and its output is what it yielded; the consumer's own spans don't
become its children.
"""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from clew import conventions as names
from clew._sdk.guard import guard
from clew._sdk.payload import MAX_CHARACTERS
from clew._sdk.spans import Kind, Span, span_name, start

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping

P = ParamSpec("P")
R = TypeVar("R")


class _Decorator:
    """`@agent`, `@agent()` and `@agent(name="planner")` for one kind."""

    def __init__(self, kind: Kind) -> None:
        self._kind: Kind = kind

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def __call__(self, /, *, name: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]: ...
    def __call__(
        self, function: Callable[P, R] | None = None, /, *, name: str = ""
    ) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
        if function is not None:
            return _record(function, self._kind, name)
        return lambda decorated: _record(decorated, self._kind, name)


agent = _Decorator("agent")
"""An agent: decides and calls models and tools."""
tool = _Decorator("tool")
"""A tool that a model may call; the first line of its docstring becomes its description."""
step = _Decorator("step")
"""A step of a program: anything worth its own line in the run."""
workflow = _Decorator("workflow")
"""What groups several agents."""


class _Call:
    """What the four kinds of functions have in common: naming, arguments, opening the span."""

    def __init__(self, function: Callable[..., object], kind: Kind, name: str) -> None:
        self.subject = name or function.__name__
        self.kind: Kind = kind
        self._signature = inspect.signature(function)
        self._description = (inspect.getdoc(function) or "").partition("\n")[0]

    def open(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Span:
        opened = start(span_name(self.kind, self.subject), self.kind, self.subject)
        with guard("record arguments"):
            opened.input(self._arguments(args, kwargs))
            if self.kind == "tool" and self._description:
                opened.set({names.GEN_AI_TOOL_DESCRIPTION: self._description})
        return opened

    def _arguments(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> object:
        """Arguments by name, without a method's own object. A call that doesn't fit is recorded
        as it is: Python itself raises the TypeError."""
        try:
            bound = self._signature.bind(*args, **kwargs).arguments
        except TypeError:
            return {"args": args, "kwargs": kwargs}
        first = next(iter(bound), "")
        return {
            name: value
            for name, value in bound.items()
            if name != first or name not in {"self", "cls"}
        }


def _record(function: Callable[P, R], kind: Kind, name: str) -> Callable[P, R]:
    call = _Call(function, kind, name)
    anything = cast("Callable[..., Any]", function)
    if inspect.isasyncgenfunction(function):
        wrapped = _async_generator(anything, call)
    elif inspect.iscoroutinefunction(function):
        wrapped = _async_function(anything, call)
    elif inspect.isgeneratorfunction(function):
        wrapped = _generator(anything, call)
    else:
        wrapped = _function(anything, call)
    return cast("Callable[P, R]", wraps(function)(wrapped))


def _function(function: Callable[..., object], call: _Call) -> Callable[..., object]:
    def recorded(*args: object, **kwargs: object) -> object:
        opened = call.open(args, kwargs)
        try:
            with opened.active():
                result = function(*args, **kwargs)
        except BaseException as error:
            opened.failed(error)
            raise
        else:
            opened.output(result)
            return result
        finally:
            opened.end()

    return recorded


def _async_function(function: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    async def recorded(*args: object, **kwargs: object) -> object:
        opened = call.open(args, kwargs)
        try:
            with opened.active():
                result = await function(*args, **kwargs)
        except BaseException as error:
            opened.failed(error)
            raise
        else:
            opened.output(result)
            return result
        finally:
            opened.end()

    return recorded


class _Yielded:
    """What a generator has yielded so far, as far as it will be recorded."""

    def __init__(self) -> None:
        self._items: list[object] = []
        self._room = MAX_CHARACTERS

    def append(self, item: object) -> None:
        if self._room > 0:
            self._items.append(item)
            self._room -= len(item) if isinstance(item, str) else 1

    @property
    def value(self) -> object:
        """Pieces of text joined, anything else as a list."""
        if self._items and all(isinstance(item, str) for item in self._items):
            return "".join(cast("list[str]", self._items))
        return self._items


def _generator(function: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    def recorded(*args: object, **kwargs: object) -> Generator[Any, Any, Any]:
        opened, yielded = call.open(args, kwargs), _Yielded()
        inner = function(*args, **kwargs)
        resume, given = inner.send, None
        try:
            while True:
                # Current while the generator works, not while its consumer does.
                with opened.active():
                    item = resume(given)
                yielded.append(item)
                resume, given = inner.send, None
                try:
                    given = yield item
                except Exception as error:  # noqa: BLE001 - handed on to the generator
                    resume, given = inner.throw, error
        except StopIteration as stop:
            return stop.value
        except BaseException as error:
            inner.close()
            opened.failed(error)
            raise
        finally:
            opened.output(yielded.value)
            opened.end()

    return recorded


def _async_generator(function: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    async def recorded(*args: object, **kwargs: object) -> AsyncGenerator[Any, Any]:
        opened, yielded = call.open(args, kwargs), _Yielded()
        inner = function(*args, **kwargs)
        resume, given = inner.asend, None
        try:
            while True:
                with opened.active():
                    item = await resume(given)
                yielded.append(item)
                resume, given = inner.asend, None
                try:
                    given = yield item
                except Exception as error:  # noqa: BLE001 - handed on to the generator
                    resume, given = inner.athrow, error
        except StopAsyncIteration:
            return
        except BaseException as error:
            await inner.aclose()
            opened.failed(error)
            raise
        finally:
            opened.output(yielded.value)
            opened.end()

    return recorded
