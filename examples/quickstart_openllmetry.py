"""A first trace with OpenLLMetry and the decorators of traceloop-sdk.

pip install openai traceloop-sdk
clew serve                                  # in another terminal
python examples/quickstart_openllmetry.py
"""

import os

# The SDK's own metrics would go to the same address; only the trace is wanted here.
os.environ.setdefault("TRACELOOP_METRICS_ENABLED", "false")

from openai import OpenAI
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import agent, tool
from traceloop.sdk.instruments import Instruments

Traceloop.init(
    app_name="quickstart",
    api_endpoint=os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
    instruments={Instruments.OPENAI},
)
Traceloop.set_association_properties({"session_id": "quickstart", "user_id": "you"})

client = OpenAI()


@tool(name="opening_hours")
def opening_hours(place: str) -> str:
    """When a place is open."""
    return f"{place}: 10:00 to 18:00"


@agent(name="guide")
def guide(city: str) -> str:
    """Ask a model about a city and look up when its first sight is open."""
    answer = client.chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": f"Name one place to see in {city}."}],
    )
    place = answer.choices[0].message.content or ""
    return f"{place} ({opening_hours(place)})"


print(guide("Oslo"))
