/** Builders for tests: traces from a few words. */
import { buildTrace, type Skeleton, type SpanColumns, type Trace } from "./trace";

/** A span as a test tells it; what is left out is empty or unknown. */
export type SpanRow = { [K in keyof SpanColumns]?: SpanColumns[K][number] } & { span_id: string };

const EMPTY: { [K in keyof SpanColumns]: SpanColumns[K][number] } = {
  span_id: "",
  parent_id: "",
  name: "",
  display_name: "",
  kind: "other",
  start_us: 0,
  duration_us: 1,
  status: "unset",
  outcome: "",
  error_type: "",
  error_message: "",
  agent: "",
  tool: "",
  tool_call_id: "",
  model: "",
  prompt: "",
  input_tokens: null,
  output_tokens: null,
  cost_usd: null,
  cache_read_tokens: null,
  ttft_us: null,
  retries: null,
  input_preview: "",
  output_preview: "",
  service: "",
  handoff_to: "",
  input_digest: "",
  output_digest: "",
};

export function makeSkeleton(rows: SpanRow[], uncounted: string[] = []): Skeleton {
  const filled = rows.map((row) => ({ ...EMPTY, ...row }));
  const names = Object.keys(EMPTY) as (keyof SpanColumns)[];
  const columns = Object.fromEntries(names.map((name) => [name, filled.map((row) => row[name])]));
  return { start_ns: "1795442531123456789", uncounted, spans: columns as unknown as SpanColumns };
}

export function makeTrace(rows: SpanRow[], uncounted: string[] = []): Trace {
  return buildTrace(makeSkeleton(rows, uncounted));
}

/** A run from an outline: one span a line, two spaces a level, "name" or "name:kind"; a second apart. */
export function outline(text: string): Trace {
  const rows: SpanRow[] = [];
  const path: string[] = [];
  for (const line of text.split("\n").filter((each) => each.trim() !== "")) {
    const level = (line.length - line.trimStart().length) / 2;
    const [name, kind = "other"] = line.trim().split(":");
    const span_id = `s${rows.length}`;
    path.length = level;
    rows.push({ span_id, parent_id: path.at(-1) ?? "", name, display_name: name, kind, start_us: rows.length * 1e6 });
    path.push(span_id);
  }
  return makeTrace(rows);
}
