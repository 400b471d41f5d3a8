r"""A first trace with OpenInference, the instrumentation that Phoenix uses too.

pip install openai openinference-instrumentation-openai \
        opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
clew serve                                  # in another terminal
python examples/quickstart_openinference.py
"""

from openai import OpenAI
from openinference.instrumentation import OITracer, TraceConfig, using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource.create({"service.name": "quickstart"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = OITracer(provider.get_tracer("quickstart"), config=TraceConfig())

client = OpenAI()


@tracer.tool
def opening_hours(place: str) -> str:
    """When a place is open."""
    return f"{place}: 10:00 to 18:00"


@tracer.agent
def guide(city: str) -> str:
    """Ask a model about a city and look up when its first sight is open."""
    answer = client.chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": f"Name one place to see in {city}."}],
    )
    place = answer.choices[0].message.content or ""
    return f"{place} ({opening_hours(place)})"


with using_attributes(session_id="quickstart", user_id="you"):
    print(guide("Oslo"))
provider.shutdown()
