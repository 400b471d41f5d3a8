"""Names of model providers and agent frameworks, and which of the two a sender meant.

Providers have the names of the OpenTelemetry GenAI conventions. Frameworks often name themselves
where the provider belongs; the provider is then inferred from the host or the model.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PROVIDERS = {
    "vertex_ai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "google": "gcp.gen_ai",
    "google_genai": "gcp.gen_ai",
    "gcp": "gcp.gen_ai",
    "az.ai.inference": "azure.ai.inference",
    "azure_ai": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "xai": "x_ai",
    "x-ai": "x_ai",
    "aws": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "amazon-bedrock": "aws.bedrock",
    "google.generative-ai": "gcp.gemini",
    "google.vertex": "gcp.vertex_ai",
    "aws_bedrock": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "together": "together_ai",
    "watsonx": "ibm.watsonx.ai",
    "huggingface": "hugging_face",
}
"""Older and foreign names → current names; matched in lower case."""

_FRAMEWORKS = {
    "langchain": "langchain",
    "langgraph": "langgraph",
    "crewai": "crewai",
    "strands-agents": "strands",
    "strands_agents": "strands",
    "strands": "strands",
    "autogen": "autogen",
    "autogen-core": "autogen",
    "autogen_agentchat": "autogen",
    "microsoft.agent_framework": "agent_framework",
    "agent_framework": "agent_framework",
    "semantic_kernel": "semantic_kernel",
    "gcp.vertex.agent": "google_adk",
    "google_adk": "google_adk",
    "openai_agents": "openai_agents",
    "openai-agents": "openai_agents",
    "llama_index": "llama_index",
    "llamaindex": "llama_index",
    "llama-index": "llama_index",
    "pydantic-ai": "pydantic_ai",
    "pydantic_ai": "pydantic_ai",
    "haystack": "haystack",
    "agno": "agno",
    "dspy": "dspy",
    "smolagents": "smolagents",
    "beeai": "beeai",
    "mcp": "mcp",
    "litellm": "litellm",
    "guardrails": "guardrails",
    "instructor": "instructor",
}
_API_SUFFIX = re.compile(r"\.(?:chat|responses|completion|messages|embedding|image)$")
"""Which API of a provider was called, as Vercel's AI SDK adds it to its name."""
_SCOPE_PREFIXES = (
    "openinference.instrumentation.",
    "opentelemetry.instrumentation.genai.",
    "opentelemetry.instrumentation.",
)

_HOSTS = (
    ("openai.azure.com", "azure.ai.openai"),
    ("api.openai.com", "openai"),
    ("api.anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("bedrock", "aws.bedrock"),
    ("services.ai.azure.com", "azure.ai.inference"),
    ("models.ai.azure.com", "azure.ai.inference"),
    ("models.inference.ai.azure.com", "azure.ai.inference"),
    ("api.groq.com", "groq"),
    ("api.mistral.ai", "mistral_ai"),
    ("api.deepseek.com", "deepseek"),
    ("api.x.ai", "x_ai"),
    ("api.perplexity.ai", "perplexity"),
    ("api.cohere.", "cohere"),
    ("api.moonshot.", "moonshot_ai"),
    ("api.together.", "together_ai"),
    ("api.fireworks.ai", "fireworks"),
    ("openrouter.ai", "openrouter"),
    ("ml.cloud.ibm.com", "ibm.watsonx.ai"),
)

_BEDROCK_MODEL = re.compile(
    r"(?:arn:aws[^:]*:bedrock:|(?:[a-z]{2,6}\.)?(?:anthropic|amazon|meta|cohere|mistral|ai21|"
    r"deepseek|stability|writer|openai|qwen)\.[a-z])"
)
_MODELS = (
    (re.compile(r"(?:ft:)?(?:gpt-|chatgpt|o[1-9](?:-|$)|text-embedding-|davinci|babbage|whisper|"
                r"tts-|dall-e|codex-|omni-moderation|computer-use)"), "openai"),
    (re.compile(r"claude"), "anthropic"),
    (re.compile(r"gemini|gemma|learnlm|imagen|veo-"), "gcp.gen_ai"),
    (re.compile(r"mistral|mixtral|codestral|ministral|magistral|devstral|pixtral"), "mistral_ai"),
    (re.compile(r"command-|rerank-|embed-(?:english|multilingual|v)"), "cohere"),
    (re.compile(r"deepseek-"), "deepseek"),
    (re.compile(r"grok-"), "x_ai"),
    (re.compile(r"sonar"), "perplexity"),
    (re.compile(r"kimi-|moonshot-"), "moonshot_ai"),
)  # fmt: skip
_PREFIXES = frozenset(
    {
        "openai",
        "anthropic",
        "cohere",
        "deepseek",
        "groq",
        "perplexity",
        "openrouter",
        "fireworks",
        "ollama",
        "cerebras",
    }
)
"""Providers that may stand before a model's name, as in `openai/gpt-4o`, beside `_PROVIDERS`."""


@lru_cache(maxsize=4096)
def provider_and_framework(said: str) -> tuple[str, str]:
    """The provider and the framework in what a sender called its provider; one of them is empty."""
    name = _API_SUFFIX.sub("", said.strip().lower())
    framework = _FRAMEWORKS.get(name)
    if framework:
        return "", framework
    return _PROVIDERS.get(name, name), ""


@lru_cache(maxsize=4096)
def framework_of_scope(scope: str) -> str:
    """The agent framework whose instrumentation scope this is; empty for clients of models."""
    name = scope
    for prefix in _SCOPE_PREFIXES:
        if scope.startswith(prefix):
            name = scope.removeprefix(prefix).split(".")[0]
            break
    else:
        if scope.startswith("strands."):
            name = "strands"
    return _FRAMEWORKS.get(name.lower(), "")


@lru_cache(maxsize=4096)
def provider_of_host(host: str) -> str:
    """The provider that serves models under a host name or URL, else empty."""
    return next((provider for part, provider in _HOSTS if part in host), "")


@lru_cache(maxsize=4096)
def provider_of_model(model: str) -> str:
    """The provider that a model's name stands for, else empty: many serve open models."""
    name = model.lower()
    prefix, slash, _ = name.partition("/")
    if slash and (prefix in _PREFIXES or prefix in _PROVIDERS):
        return _PROVIDERS.get(prefix, prefix)
    if _BEDROCK_MODEL.match(name):
        return "aws.bedrock"
    bare = name.rpartition("/")[2]
    return next((provider for pattern, provider in _MODELS if pattern.match(bare)), "")
