/**
 * A trace as columns. A span is an index into them; everything else here speaks of indices.
 *
 * Numbers stand in typed arrays, with NaN for what is not known: a tree of 100,000 spans costs a few
 * allocations, and sums never mistake "unknown" for 0.
 */

/** The columns of a skeleton, as the server sends them: all of one length. */
export interface SpanColumns {
  span_id: string[];
  parent_id: string[];
  name: string[];
  display_name: string[];
  kind: string[];
  start_us: number[];
  duration_us: (number | null)[];
  status: string[];
  outcome: string[];
  error_type: string[];
  error_message: string[];
  level: string[];
  agent: string[];
  tool: string[];
  tool_call_id: string[];
  model: string[];
  provider: string[];
  prompt: string[];
  response_id: string[];
  input_tokens: (number | null)[];
  output_tokens: (number | null)[];
  cache_read_tokens: (number | null)[];
  reasoning_tokens: (number | null)[];
  cost_usd: (number | null)[];
  ttft_us: (number | null)[];
  retries: (number | null)[];
  input_preview: string[];
  output_preview: string[];
  service: string[];
  scope: string[];
  links: number[];
  events: number[];
  dropped: number[];
  handoff_from: string[];
  handoff_to: string[];
  input_hashes: string[][];
  output_hashes: string[][];
}

/** What `buildTrace` reads of a skeleton. */
export interface Skeleton {
  start_ns: string;
  uncounted: string[];
  spans: SpanColumns;
}

type Numeric =
  | "start_us"
  | "duration_us"
  | "input_tokens"
  | "output_tokens"
  | "cache_read_tokens"
  | "reasoning_tokens"
  | "cost_usd"
  | "ttft_us"
  | "retries";

/** A trace in memory. `start_us` counts from `start_ns`; `duration_us` is NaN while a span runs. */
export type Trace = Readonly<Omit<SpanColumns, Numeric>> &
  Readonly<Record<Numeric, Float64Array>> & {
    readonly length: number;
    readonly start_ns: bigint;
    /** Where the last known moment of the run lies, and the latest start while spans still run. */
    readonly end_us: number;
    /** 1 where a span's tokens and cost belong to the totals. */
    readonly counted: Uint8Array;
    /** From span id to index; for an id that was sent twice, the span that `buildTree` keeps. */
    readonly index: ReadonlyMap<string, number>;
  };

/** Build the columns of a trace from what the server sent. O(n). */
export function buildTrace(skeleton: Skeleton): Trace {
  const { spans } = skeleton;
  const numeric = {
    start_us: floats(spans.start_us),
    duration_us: floats(spans.duration_us),
    input_tokens: floats(spans.input_tokens),
    output_tokens: floats(spans.output_tokens),
    cache_read_tokens: floats(spans.cache_read_tokens),
    reasoning_tokens: floats(spans.reasoning_tokens),
    cost_usd: floats(spans.cost_usd),
    ttft_us: floats(spans.ttft_us),
    retries: floats(spans.retries),
  };
  const index = indexIds(spans.span_id, numeric.duration_us);
  return {
    ...spans,
    ...numeric,
    length: spans.span_id.length,
    start_ns: BigInt(skeleton.start_ns || "0"),
    end_us: latest(numeric.start_us, numeric.duration_us),
    counted: countedFlags(spans.span_id, index, skeleton.uncounted),
    index,
  };
}

/** The end of span `i` on the axis of its trace; a running span reaches to the end of the run. */
export function endOf(trace: Trace, i: number): number {
  const duration = trace.duration_us[i];
  return Number.isNaN(duration) ? Math.max(trace.end_us, trace.start_us[i]) : trace.start_us[i] + duration;
}

export function isRunning(trace: Trace, i: number): boolean {
  return Number.isNaN(trace.duration_us[i]);
}

export function isError(trace: Trace, i: number): boolean {
  return trace.status[i] === "error" || trace.outcome[i] === "error";
}

function floats(column: (number | null)[]): Float64Array {
  const values = new Float64Array(column.length);
  for (let i = 0; i < column.length; i++) values[i] = column[i] ?? Number.NaN;
  return values;
}

/** Of spans that share an id the finished one stands for all, else the first. */
function indexIds(ids: string[], duration_us: Float64Array): Map<string, number> {
  const index = new Map<string, number>();
  for (let i = 0; i < ids.length; i++) {
    const earlier = index.get(ids[i]);
    const replaces = earlier === undefined || (Number.isNaN(duration_us[earlier]) && !Number.isNaN(duration_us[i]));
    if (replaces) index.set(ids[i], i);
  }
  return index;
}

function countedFlags(ids: string[], index: ReadonlyMap<string, number>, uncounted: string[]): Uint8Array {
  const excluded = new Set(uncounted);
  const counted = new Uint8Array(ids.length);
  for (const [id, i] of index) if (!excluded.has(id)) counted[i] = 1;
  return counted;
}

function latest(start_us: Float64Array, duration_us: Float64Array): number {
  let end = 0;
  for (let i = 0; i < start_us.length; i++) end = Math.max(end, start_us[i] + (duration_us[i] || 0));
  return end;
}
