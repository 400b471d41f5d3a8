// The weather desk on Vercel's AI SDK, told by its OpenTelemetry package or, before the seventh
// version, by the SDK itself.
import { appendFileSync } from "node:fs";
import { createRequire } from "node:module";

const load = (name) => import(createRequire(`${process.env.CLEW_CORPUS_MODULES}/x.js`).resolve(name));
const { createOpenAI } = await load("@ai-sdk/openai");
const { OTLPTraceExporter } = await load("@opentelemetry/exporter-trace-otlp-proto");
const { resourceFromAttributes } = await load("@opentelemetry/resources");
const { SimpleSpanProcessor } = await load("@opentelemetry/sdk-trace-base");
const { NodeTracerProvider } = await load("@opentelemetry/sdk-trace-node");
const { generateText, stepCountIs, isStepCount, streamText, tool, ...ai } = await load("ai");
const { z } = await load("zod");

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "corpus" }),
  spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
if (ai.registerTelemetry) {
  const { OpenTelemetry } = await load("@ai-sdk/otel");
  ai.registerTelemetry(new OpenTelemetry());
}

const SYSTEM = "You are a weather desk. Answer briefly.";
let failed = false;

function told(name, city, result, fails = false) {
  const said = { name, arguments: { city }, result, failed: fails };
  appendFileSync(process.env.CLEW_CORPUS_TOOLS, `${JSON.stringify(said)}\n`);
  return result;
}

const inputSchema = z.object({ city: z.string() });
const tools = {
  get_weather: tool({
    description: "The weather in a city.",
    inputSchema,
    execute: async ({ city }) => told("get_weather", city, `Sunny, 20 degrees in ${city}.`),
  }),
  get_alerts: tool({
    description: "The weather alerts for a city.",
    inputSchema,
    execute: async ({ city }) => {
      if (!failed) {
        failed = true;
        throw new Error(told("get_alerts", city, "station offline", true));
      }
      return told("get_alerts", city, `No alerts for ${city}.`);
    },
  }),
};
const telemetry = {
  isEnabled: true,
  functionId: "weather_desk",
  metadata: { sessionId: "session-1", userId: "user-1" },
};
const options = {
  model: createOpenAI({ baseURL: process.env.OPENAI_BASE_URL }).chat("gpt-4o-mini"),
  tools,
  temperature: 0.2,
  maxRetries: 0,
  stopWhen: (stepCountIs ?? isStepCount)(5),
  ...(ai.registerTelemetry
    ? { instructions: SYSTEM, telemetry }
    : { system: SYSTEM, experimental_telemetry: telemetry }),
};

const messages = [{ role: "user", content: "What is the weather in Zürich?" }];
const first = await generateText({ ...options, messages });
messages.push(...first.response.messages);
messages.push({ role: "user", content: "Are there alerts for Zürich?" });
await generateText({ ...options, messages });
const streamed = streamText({ ...options, prompt: "Think, then write a line about rain." });
for await (const _ of streamed.textStream);
await generateText({ ...options, prompt: "Please break." }).catch(() => undefined);
await provider.shutdown();
