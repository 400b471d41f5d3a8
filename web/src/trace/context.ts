/** What filled the context of each model call, and which content took most of it over the run. */
import type { Dialogue, Turn } from "./dialogue";
import { sentBy } from "./dialogue";
import type { Trace } from "./trace";
import type { Tree } from "./tree";

/** From where input comes, in the order in which a model reads it: what is cached is its beginning. */
export const PARTS = ["system", "tools", "history", "results", "new"] as const;
export type ContextPart = (typeof PARTS)[number];

/** The input of one call. */
export interface CallContext {
  readonly turn: Turn;
  readonly tokens: Readonly<Record<ContextPart, number>>;
  readonly total: number;
  /** Whether the sender told no tokens: they are then guessed from the size of what was sent. */
  readonly guessed: boolean;
  /** NaN where nothing is known of a cache. */
  readonly cached: number;
}

/** A content and what it took: how often it was sent, and the share of all input that it was. */
export interface ContentCost {
  readonly message: number;
  readonly times: number;
  readonly tokens: number;
}

export interface Context {
  readonly calls: readonly CallContext[];
  /** Dearest first. */
  readonly contents: readonly ContentCost[];
  readonly total: number;
}

/** A token of English text and JSON takes about so many bytes; used where no call of the run tells. */
const BYTES_PER_TOKEN = 4;

/**
 * Share the tokens of every call out among what it was sent, by size: providers tell one number a
 * call. O(messages sent).
 */
export function buildContext(dialogue: Dialogue, turns: readonly Turn[], trace: Trace, tree: Tree): Context {
  const sent = sentBy(dialogue);
  const sizes = turns.map((turn) => sizesOf(dialogue, turn, sent[turn.call]));
  const told = turns.map(({ node }) => (node < 0 ? Number.NaN : trace.input_tokens[tree.span[node]]));
  const perByte = tokensPerByte(sizes.map(totalOf), told);
  const taken = new Map<number, { times: number; tokens: number }>();
  const calls = turns.map((turn, k): CallContext => {
    const bytes = totalOf(sizes[k]);
    const guessed = Number.isNaN(told[k]);
    const total = guessed ? Math.round(bytes * perByte) : told[k];
    const share = bytes === 0 ? 0 : total / bytes;
    for (const message of contentsOf(dialogue, turn.call, sent)) {
      const so_far = taken.get(message) ?? { times: 0, tokens: 0 };
      taken.set(message, { times: so_far.times + 1, tokens: so_far.tokens + dialogue.messages.size_bytes[message] * share });
    }
    const tokens = Object.fromEntries(PARTS.map((part) => [part, sizes[k][part] * share])) as Record<ContextPart, number>;
    return { turn, tokens, total, guessed, cached: turn.node < 0 ? Number.NaN : trace.cache_read_tokens[tree.span[turn.node]] };
  });
  const contents = Array.from(taken, ([message, cost]) => ({ message, ...cost })).sort((a, b) => b.tokens - a.tokens);
  return { calls, contents, total: calls.reduce((sum, { total }) => sum + total, 0) };
}

function contentsOf({ calls }: Dialogue, call: number, sent: number[][]): number[] {
  return [...calls.system[call], ...calls.tools[call], ...sent[call]];
}

function sizesOf({ calls, messages }: Dialogue, turn: Turn, sent: readonly number[]): Record<ContextPart, number> {
  const size = (numbers: readonly number[]) => numbers.reduce((sum, message) => sum + messages.size_bytes[message], 0);
  const fresh = new Set(turn.fresh.map((place) => place + turn.same));
  const parts = { system: size(calls.system[turn.call]), tools: size(calls.tools[turn.call]), history: 0, results: 0, new: 0 };
  sent.forEach((message, place) => {
    const part = fresh.has(place) ? "new" : messages.origin[message] === "result" ? "results" : "history";
    parts[part] += messages.size_bytes[message];
  });
  return parts;
}

function totalOf(sizes: Record<ContextPart, number>): number {
  return PARTS.reduce((sum, part) => sum + sizes[part], 0);
}

function tokensPerByte(bytes: readonly number[], told: readonly number[]): number {
  let [known_bytes, tokens] = [0, 0];
  told.forEach((count, k) => {
    if (Number.isNaN(count)) return;
    known_bytes += bytes[k];
    tokens += count;
  });
  return known_bytes === 0 ? 1 / BYTES_PER_TOKEN : tokens / known_bytes;
}
