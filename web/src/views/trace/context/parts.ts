import type { ContextPart } from "../../../trace/context";

export const PART_COLORS: Record<ContextPart, string> = {
  system: "var(--kind-guardrail)",
  tools: "var(--kind-tool)",
  history: "var(--kind-other)",
  results: "var(--kind-retrieval)",
  new: "var(--kind-llm)",
};
