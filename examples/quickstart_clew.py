"""A first trace with Clew's own verbs, beside the OpenTelemetry instrumentation of `openai`.

pip install clew openai opentelemetry-instrumentation-genai-openai
clew serve                                  # in another terminal
python examples/quickstart_clew.py
"""

import os

from openai import OpenAI
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

import clew

os.environ.setdefault("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only")

clew.init(service="quickstart")
OpenAIInstrumentor().instrument()

client = OpenAI()


@clew.tool
def opening_hours(place: str) -> str:
    """When a place is open."""
    return f"{place}: 10:00 to 18:00"


@clew.agent
def guide(city: str) -> str:
    """Ask a model about a city and look up when its first sight is open."""
    answer = client.chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": f"Name one place to see in {city}."}],
    )
    place = answer.choices[0].message.content or ""
    return f"{place} ({opening_hours(place)})"


with clew.context(session="quickstart", user="you", prompt=("guide", "1"), tags=["first"]):
    print(guide("Oslo"))
clew.flush()
