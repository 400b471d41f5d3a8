/**
 * A trace as columns. A span is an index into them; everything else here speaks of indices.
 *
 * Numbers stand in typed arrays, with NaN for what is not known, and texts as bytes: a tree of 100,000
 * spans costs a few allocations, crosses from a worker without a copy, and sums never mistake "unknown"
 * for 0.
 */
import { type PackedTexts, packTexts, Texts } from "./texts";

const TEXTUAL = [
  "span_id",
  "parent_id",
  "name",
  "display_name",
  "kind",
  "status",
  "outcome",
  "error_type",
  "error_message",
  "agent",
  "tool",
  "tool_call_id",
  "model",
  "prompt",
  "input_preview",
  "output_preview",
  "service",
  "handoff_to",
  "input_digest",
  "output_digest",
] as const;

const NUMERIC = ["start_us", "duration_us", "input_tokens", "output_tokens", "cost_usd", "cache_read_tokens", "ttft_us", "retries"] as const;

type Textual = (typeof TEXTUAL)[number];
type Numeric = (typeof NUMERIC)[number];

/** Those columns of a skeleton that are drawn or searched, as the server sends them: all of one length. */
export type SpanColumns = Record<Textual, string[]> & Record<Numeric, (number | null)[]>;

/** What `buildTrace` reads of a skeleton. */
export interface Skeleton {
  start_ns: string;
  uncounted: string[];
  spans: SpanColumns;
}

/** What a trace has beside its columns of texts. */
interface Figures extends Readonly<Record<Numeric, Float64Array>> {
  readonly length: number;
  readonly start_ns: bigint;
  /** Where the last known moment of the run lies, and a little further while spans still run. */
  readonly end_us: number;
  /** Whether `end_us` is the reader's present and moves on. */
  readonly growing: boolean;
  /** 1 where a span's tokens and cost belong to the totals. */
  readonly counted: Uint8Array;
  /** The spans that are shown, by the number of their id: of an id that came twice, one. */
  readonly shown: Int32Array;
}

/** A trace in memory. `start_us` counts from `start_ns`; `duration_us` is NaN while a span runs. */
export type Trace = Readonly<Record<Textual, Texts>> & Figures;

/** A trace as it is handed from a worker to the page. */
export interface PackedTrace {
  texts: PackedTexts[];
  figures: Figures;
}

/** Build the columns of a trace from what the server sent. O(n). */
export function buildTrace({ start_ns, uncounted, spans }: Skeleton): Trace {
  const texts = fromNames(TEXTUAL, (name) => new Texts(packTexts(spans[name])));
  const numbers = fromNames(NUMERIC, (name) => floats(spans[name]));
  const shown = chooseShown(texts.span_id, numbers.duration_us);
  return {
    ...texts,
    ...numbers,
    length: texts.span_id.length,
    start_ns: BigInt(start_ns || "0"),
    end_us: latest(numbers.start_us, numbers.duration_us),
    growing: false,
    counted: countedFlags(texts.span_id, shown, uncounted),
    shown,
  };
}

/** Take a trace apart into what a structured clone can carry. */
export function packTrace(trace: Trace): PackedTrace {
  const texts = TEXTUAL.map((name) => trace[name].packed);
  const figures = Object.entries(trace).filter(([name]) => !(TEXTUAL as readonly string[]).includes(name));
  return { texts, figures: Object.fromEntries(figures) as unknown as Figures };
}

export function unpackTrace({ texts, figures }: PackedTrace): Trace {
  const columns = TEXTUAL.map((name, k) => [name, new Texts(texts[k])]);
  return { ...(Object.fromEntries(columns) as Record<Textual, Texts>), ...figures };
}

/** The index of the span with this id, -1 when there is none. */
export function findSpan(trace: Trace, spanId: string): number {
  const code = trace.span_id.find(spanId);
  return code < 0 ? -1 : trace.shown[code];
}

/** The end of span `i` on the axis of its trace; a running span reaches to the end of the run. */
export function endOf(trace: Trace, i: number): number {
  const duration = trace.duration_us[i];
  return Number.isNaN(duration) ? Math.max(trace.end_us, trace.start_us[i]) : trace.start_us[i] + duration;
}

export function isRunning(trace: Trace, i: number): boolean {
  return Number.isNaN(trace.duration_us[i]);
}

/**
 * Whether a span failed. A guard that stops a run leaves its spans by an exception: what was blocked,
 * refused or cancelled is no error, whatever its status. A status alone speaks while a span runs.
 */
export function isError(trace: Trace, i: number): boolean {
  const outcome = trace.outcome.at(i);
  return outcome === "error" || (outcome === "" && trace.status.at(i) === "error");
}

/** How a span ended that neither failed nor did what it was asked for: "" for all others. */
export function stoppedBy(trace: Trace, i: number): string {
  const outcome = trace.outcome.at(i);
  return outcome === "success" || outcome === "error" ? "" : outcome;
}

function floats(column: (number | null)[]): Float64Array {
  const values = new Float64Array(column.length);
  for (let i = 0; i < column.length; i++) values[i] = column[i] ?? Number.NaN;
  return values;
}

function fromNames<Name extends string, Column>(names: readonly Name[], make: (name: Name) => Column): Record<Name, Column> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, Column>;
}

/** Of spans that share an id the finished one stands for all, else the first. */
function chooseShown(ids: Texts, duration_us: Float64Array): Int32Array {
  const shown = new Int32Array(ids.different).fill(-1);
  for (let i = 0; i < ids.length; i++) {
    const earlier = shown[ids.codeAt(i)];
    if (earlier < 0 || (Number.isNaN(duration_us[earlier]) && !Number.isNaN(duration_us[i]))) shown[ids.codeAt(i)] = i;
  }
  return shown;
}

function countedFlags(ids: Texts, shown: Int32Array, uncounted: string[]): Uint8Array {
  const counted = new Uint8Array(ids.length);
  for (const i of shown) counted[i] = 1;
  for (const id of uncounted) {
    const code = ids.find(id);
    if (code >= 0) counted[shown[code]] = 0;
  }
  return counted;
}

/** How much longer than its last known moment a run is drawn that goes on: what began last is seen, too. */
const AHEAD = 1.04;

function latest(start_us: Float64Array, duration_us: Float64Array): number {
  let end = 0;
  let running = false;
  for (let i = 0; i < start_us.length; i++) {
    end = Math.max(end, start_us[i] + (duration_us[i] || 0));
    running ||= Number.isNaN(duration_us[i]);
  }
  return running ? Math.ceil(end * AHEAD) : end;
}
