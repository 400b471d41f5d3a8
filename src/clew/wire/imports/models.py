"""Model names as files write them, and what a request may say besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from clew import conventions as names
from clew.span import Attributes
from clew.wire.providers import provider_of_model

_PARAMETERS = {
    "temperature": names.GEN_AI_REQUEST_TEMPERATURE,
    "top_p": names.GEN_AI_REQUEST_TOP_P,
    "max_tokens": names.GEN_AI_REQUEST_MAX_TOKENS,
    "max_completion_tokens": names.GEN_AI_REQUEST_MAX_TOKENS,
    "frequency_penalty": names.GEN_AI_REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": names.GEN_AI_REQUEST_PRESENCE_PENALTY,
    "seed": names.GEN_AI_REQUEST_SEED,
    "reasoning_effort": names.GEN_AI_REQUEST_REASONING_LEVEL,
}


class Model(NamedTuple):
    """A model's name at its provider; `provider` is empty where the name doesn't tell."""

    name: str
    provider: str


def model(written: str) -> Model:
    """`azure/gpt-4o`, as LiteLLM writes it, is gpt-4o at azure.ai.openai."""
    prefix, slash, name = written.partition("/")
    prefix = prefix.removesuffix("_chat")
    provider = provider_of_model(f"{prefix}/") if slash else ""
    return Model(name, provider) if provider else Model(written, provider_of_model(written))


def parameters(given: Mapping[str, object]) -> Attributes:
    """The parameters of a request, by the names that OpenAI and LiteLLM give them."""
    return {
        attribute: value
        for key, attribute in _PARAMETERS.items()
        if isinstance(value := given.get(key), str | int | float)
    }
