/**
 * What was said in a run, call by call: what is new to each model call, what it repeats of the call
 * before it, and what it no longer holds.
 */
import { nameOf, nodeOf, type Run } from "./run";
import { splitWords } from "./search";
import { ancestors } from "./tree";

export type Origin = "system" | "tools" | "user" | "assistant" | "result";

/** What the server tells of a run: every message once, and by call their numbers. */
export interface Dialogue {
  messages: {
    hash: string[];
    role: string[];
    name: string[];
    origin: Origin[];
    size_bytes: number[];
    preview: string[];
  };
  calls: {
    span_id: string[];
    before: number[];
    same: number[];
    system: number[][];
    tools: number[][];
    input: number[][];
    output: number[][];
  };
}

/** One model call as a turn of the dialogue. */
export interface Turn {
  readonly call: number;
  readonly spanId: string;
  /** Of the run; -1 where the run doesn't show the span. */
  readonly node: number;
  /** The call that it goes on from and the one that goes on from it, -1 for none. */
  readonly before: number;
  readonly after: number;
  /** How many messages at its start stand as in the call before, for asking what else it says. */
  readonly same: number;
  /** How many messages it was sent in all, and how many of them were said before. */
  readonly sent: number;
  readonly repeated: number;
  /** The places of new messages among those after `same`. */
  readonly fresh: readonly number[];
  /** What the call before held and this one doesn't: the history was rewritten. */
  readonly dropped: readonly number[];
  /** Whether its system prompt or its tools are other ones than before. */
  readonly newSystem: boolean;
  readonly newTools: boolean;
  /** Whose call it is: the nearest agent above it, and how many agents stand above that one. */
  readonly agent: string;
  readonly depth: number;
}

/** All that each call was sent, as numbers of messages. O(messages sent). */
export function sentBy({ calls }: Dialogue): number[][] {
  const sent: number[][] = [];
  calls.input.forEach((input, call) => {
    const before = calls.before[call];
    sent.push(before < 0 ? input : [...sent[before].slice(0, calls.same[call]), ...input]);
  });
  return sent;
}

/** The turns of a run, in order of their start. */
export function buildTurns(dialogue: Dialogue, run: Run): Turn[] {
  const { calls } = dialogue;
  const sent = sentBy(dialogue);
  const after = new Int32Array(sent.length).fill(-1);
  calls.before.forEach((before, call) => {
    if (before >= 0 && after[before] < 0) after[before] = call;
  });
  return sent.map((all, call) => {
    const before = calls.before[call];
    const changes = before < 0 ? startOf(all) : compare(sent[before], calls.output[before], all, calls.same[call]);
    const node = nodeOf(run, calls.span_id[call]);
    return {
      call,
      spanId: calls.span_id[call],
      node,
      before,
      after: after[call],
      same: calls.same[call],
      sent: all.length,
      repeated: all.length - changes.fresh.length,
      ...changes,
      newSystem: calls.system[call].length > 0 && !(before >= 0 && equal(calls.system[before], calls.system[call])),
      newTools: calls.tools[call].length > 0 && !(before >= 0 && equal(calls.tools[before], calls.tools[call])),
      ...whose(run, node),
    };
  });
}

/**
 * The places of the turns that say every word of `query` for the first time in the run, going by
 * what messages begin with; and the turns whose span is `known` to say them.
 */
export function findTurns(dialogue: Dialogue, turns: readonly Turn[], query: string, known: ReadonlySet<string>): number[] {
  const words = splitWords(query);
  if (words.length === 0) return [];
  const { name, preview } = dialogue.messages;
  return turns.flatMap((turn, place) => {
    const messages = newIn(dialogue, turn);
    const text = [turn.agent, ...messages.flatMap((message) => [name[message], preview[message]])].join("\n").toLowerCase();
    return words.every((word) => text.includes(word)) || known.has(turn.spanId) ? [place] : [];
  });
}

/** What a turn shows: the messages new to it and its answer. */
function newIn({ calls }: Dialogue, { call, fresh }: Turn): number[] {
  return [...fresh.map((place) => calls.input[call][place]), ...calls.output[call]];
}

/** The turn after the one at `node`, or with -1 before it, of those at `places`; round at the ends, -1 for none. */
export function stepTurn(turns: readonly Turn[], places: readonly number[], node: number, by: 1 | -1): number {
  const at = turns.findIndex((turn) => turn.node === node);
  const later = turns.findIndex((turn) => turn.node > node);
  // A step that is no turn stands between two of them.
  const from = at >= 0 ? at : (later < 0 ? turns.length : later) - 0.5;
  const next = by === 1 ? places.find((place) => place > from) : places.findLast((place) => place < from);
  return next ?? (by === 1 ? places[0] : places.at(-1)) ?? -1;
}

function startOf(all: readonly number[]) {
  return { fresh: all.map((_, place) => place), dropped: [] };
}

/** The answer of the call before comes back with the history: it isn't new. */
function compare(earlier: readonly number[], answer: readonly number[], all: readonly number[], same: number) {
  const known = new Set([...earlier.slice(same), ...answer]);
  const rest = all.slice(same);
  const kept = new Set(rest);
  return {
    fresh: rest.flatMap((message, place) => (known.has(message) ? [] : [place])),
    dropped: earlier.slice(same).filter((message) => !kept.has(message)),
  };
}

function whose(run: Run, node: number): { agent: string; depth: number } {
  if (node < 0) return { agent: "", depth: 0 };
  const { trace, tree } = run;
  const agents = ancestors(tree, node).filter((at) => tree.span[at] >= 0 && trace.kind.at(tree.span[at]) === "agent");
  const agent = agents.length > 0 ? nameOf(run, agents[0]) : trace.agent.at(tree.span[node]);
  return { agent, depth: Math.max(0, agents.length - 1) };
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, k) => value === b[k]);
}
