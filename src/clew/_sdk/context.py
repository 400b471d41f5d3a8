"""What every span inside gets: session, user, tags, metadata and the prompt that runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, cast

from opentelemetry import context as otel_context

from clew import conventions as names
from clew._sdk.guard import guard
from clew._sdk.payload import encode

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from opentelemetry.context import Context

AttributeValue: TypeAlias = (
    "str | bool | int | float | Sequence[str] | Sequence[bool] | Sequence[int] | Sequence[float]"
)

_KEY = otel_context.create_key("clew")


@contextmanager
def context(  # noqa: PLR0913 - each is one thing that a run belongs to
    *,
    session: str = "",
    user: str = "",
    tags: Sequence[str] = (),
    metadata: Mapping[str, object] | None = None,
    prompt: tuple[str, str | int] | None = None,
    variables: Mapping[str, object] | None = None,
) -> Generator[None]:
    """Attach these to every span that starts inside, also to spans of other instrumentations.

    `prompt` is the name and the version of the prompt that runs, `variables` what it was filled
    with. Contexts nest: an inner one adds to the outer one and replaces what both name; tags
    gather. Also works as a decorator.
    """
    merged = attached()
    with guard("attach the context"):
        given = _attributes(session, user, metadata or {}, prompt, variables or {})
        merged = {**merged, **given, **_gathered(merged, tags)}
    token = otel_context.attach(otel_context.set_value(_KEY, merged))
    try:
        yield
    finally:
        otel_context.detach(token)


def attached(context: Context | None = None) -> Mapping[str, AttributeValue]:
    """The attributes that `context` (by default the current one) gives to spans."""
    found = otel_context.get_value(_KEY, context)
    return cast("Mapping[str, AttributeValue]", found or {})


def giving(below: Mapping[str, str], context: Context) -> Context:
    """`context`, in which spans get `below` as well."""
    if not below:
        return context
    return otel_context.set_value(_KEY, {**attached(context), **below}, context)


def _gathered(outer: Mapping[str, AttributeValue], tags: Sequence[str]) -> Mapping[str, list[str]]:
    """Tags of the outer context and of this one, each once."""
    gathered = [*cast("Sequence[str]", outer.get(names.CLEW_TAGS, ())), *tags]
    return {names.CLEW_TAGS: list(dict.fromkeys(gathered))} if gathered else {}


def _attributes(
    session: str,
    user: str,
    metadata: Mapping[str, object],
    prompt: tuple[str, str | int] | None,
    variables: Mapping[str, object],
) -> dict[str, AttributeValue]:
    given: dict[str, AttributeValue] = {}
    if session:
        given[names.SESSION_ID] = session
    if user:
        given[names.USER_ID] = user
    if prompt is not None:
        given[names.GEN_AI_PROMPT_NAME] = prompt[0]
        given[names.GEN_AI_PROMPT_VERSION] = str(prompt[1])
    for prefix, values in (
        (names.CLEW_METADATA, metadata),
        (names.GEN_AI_PROMPT_VARIABLE, variables),
    ):
        given |= {f"{prefix}{key}": encode(value).text for key, value in values.items()}
    return given
