r"""A first trace with plain OpenTelemetry and its GenAI instrumentation of `openai`.

    pip install openai opentelemetry-sdk opentelemetry-exporter-otlp-proto-http \
        opentelemetry-instrumentation-genai-openai
    clew serve                                  # in another terminal
    python examples/quickstart_otel.py

Nothing here knows Clew: the exporter sends to port 4318, where Clew listens. Message content is off
by default in this instrumentation, hence the variable.
"""

import os

from openai import OpenAI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

os.environ.setdefault("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only")

provider = TracerProvider(resource=Resource.create({"service.name": "quickstart"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
OpenAIInstrumentor().instrument()

client = OpenAI()
answer = client.chat.completions.create(
    model="gpt-5-mini",
    messages=[{"role": "user", "content": "Name three places to see in Oslo."}],
)
print(answer.choices[0].message.content)
provider.shutdown()
