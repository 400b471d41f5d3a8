import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { infoQuery, projectsQuery } from "../../api/queries";
import { CopyButton } from "../../ui/Copy";
import { Tabs } from "../../ui/Tabs";
import { useLiveTraces } from "../frame/live";
import { useProject } from "../frame/scope";

/** Where to send, and the header that says for which project. */
interface Target {
  endpoint: string;
  project: string;
  /** A key decides the project by itself; without keys the sender names it. */
  header: readonly [name: string, value: string];
}

interface Way {
  value: string;
  label: string;
  says: string;
  lines: (target: Target) => string;
}

const WAYS: readonly Way[] = [
  {
    value: "otel",
    label: "OpenTelemetry",
    says: "Any program with an OpenTelemetry SDK: set these before it starts.",
    lines: ({ endpoint, header: [name, value] }) => `export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_EXPORTER_OTLP_HEADERS=${name}=${value}
export OTEL_SERVICE_NAME=my-agent`,
  },
  {
    value: "openinference",
    label: "OpenInference",
    says: "For OpenAI; there is an instrumentor for each framework.",
    lines: ({ endpoint, header: [name, value] }) => `# pip install openinference-instrumentation-openai opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
exporter = OTLPSpanExporter("${endpoint}/v1/traces", headers={"${name}": "${value}"})
provider.add_span_processor(BatchSpanProcessor(exporter))
OpenAIInstrumentor().instrument(tracer_provider=provider)`,
  },
  {
    value: "openllmetry",
    label: "OpenLLMetry",
    says: "Traceloop's SDK instruments what it finds.",
    lines: ({ endpoint, header: [name, value] }) => `# pip install traceloop-sdk
from traceloop.sdk import Traceloop

Traceloop.init(
    app_name="my-agent",
    api_endpoint="${endpoint}",
    headers={"${name}": "${value}"},
)`,
  },
  {
    value: "sdk",
    label: "Clew SDK",
    says: "For what no instrumentor sees: your own agents, steps and tools.",
    lines: ({ endpoint, project, header: [name, value] }) => `import clew

clew.init(service="my-agent", url="${endpoint}", ${name === KEY_HEADER ? `key="${value}"` : `project="${project}"`})

@clew.agent
def planner(question: str) -> str:
    return f"An answer to {question}"

planner("Does this arrive?")
clew.flush()`,
  },
  {
    value: "curl",
    label: "curl",
    says: "One span by hand, to see that the way is open.",
    lines: ({ endpoint, header: [name, value] }) => `curl ${endpoint}/v1/traces -H 'content-type: application/json' -H '${name}: ${value}' -d '{"resourceSpans":[{"scopeSpans":[{"spans":[{
  "traceId":"'$(openssl rand -hex 16)'","spanId":"'$(openssl rand -hex 8)'","name":"hello",
  "startTimeUnixNano":"'$(date +%s)000000000'","endTimeUnixNano":"'$(date +%s)500000000'"}]}]}]}'`,
  },
];

const KEY_HEADER = "x-api-key";

/** How to send the first trace; gives way to the list by itself when one arrives. */
export function FirstTrace() {
  const project = useProject();
  const queryClient = useQueryClient();
  const { data: info } = useQuery(infoQuery());
  const [way, setWay] = useState("otel");
  useLiveTraces(() => {
    void queryClient.invalidateQueries({ queryKey: projectsQuery().queryKey });
    void queryClient.invalidateQueries({ queryKey: ["traces", project] });
    void queryClient.invalidateQueries({ queryKey: ["stats", project] });
  });
  const endpoint = info ? `${location.protocol}//${location.hostname}:${info.otlp_http_port}` : location.origin;
  const chosen = WAYS.find(({ value }) => value === way) as Way;
  const keyed = info?.auth === "keys";
  const lines = chosen.lines({ endpoint, project, header: keyed ? [KEY_HEADER, "sk-clew-…"] : ["x-clew-project", project] });

  return (
    <div className="mx-auto mt-[9vh] w-full max-w-2xl px-4" data-testid="first-trace">
      <h2 className="text-xl font-semibold">Send the first trace</h2>
      <p className="mt-1 mb-4 text-muted">
        Runs of <strong className="font-medium text-text">{project}</strong> appear here as they happen. Any OpenTelemetry exporter can send
        them.
        {keyed && " Each needs a key with the scope ingest, made in Settings."}
      </p>
      <Tabs label="Ways to send" tabs={WAYS} value={way} onChange={setWay}>
        <p className="mt-3 mb-2 text-muted">{chosen.says}</p>
        <div className="relative">
          <pre className="overflow-x-auto rounded-md border border-line bg-sunken p-3 pr-10 font-mono text-sm leading-5">{lines}</pre>
          <CopyButton text={lines} label="Copy" className="absolute top-2 right-2" />
        </div>
      </Tabs>
      <p className="mt-5 flex items-center gap-2 text-muted" role="status">
        <span className="size-2 animate-[breathe_1.6s_ease-in-out_infinite] rounded-full bg-accent" />
        Waiting for the first span …
      </p>
    </div>
  );
}
