import type { Sums } from "./sums";
import { isError, type Trace } from "./trace";
import type { Tree } from "./tree";

/**
 * What a run does again: the same call with the same input, calls of one tool whose inputs hardly
 * differ, and steps that come in the same order over and over.
 */
export interface Repeat {
  readonly form: "same" | "similar" | "pattern";
  /** What repeats, by name: one step, or those of the pattern in order. */
  readonly names: readonly string[];
  /** In order of start. */
  readonly nodes: readonly number[];
  readonly times: number;
  /** Whether each of them gave the same. */
  readonly sameResult: boolean;
  readonly failed: number;
  /** What all but the first took; NaN where no cost is known. */
  readonly again_us: number;
  readonly again_usd: number;
}

/** Steps that act: what groups them repeats when they do. */
const ACTING = new Set(["tool", "mcp", "retrieval", "memory", "embedding", "rerank", "http", "db", "llm"]);

/** So alike are two inputs, as a share of their words, that one is a variation of the other. */
const ALIKE = 0.7;
/** Inputs of one tool, and of all, that are compared with each other: it takes the square of the first. */
const MOST_OF_TOOL = 60;
const MOST_COMPARED = 3000;
const LONGEST_PATTERN = 4;
/** Twice nearly the same is no loop; nor can inputs of fewer words be told to be alike. */
const FEWEST_ROUNDS = 3;

/** Find what repeats, what took longest in front. O(n), and the square of the variations of a tool. */
export function findRepeats(trace: Trace, tree: Tree, sums: Sums): Repeat[] {
  const acting = actingNodes(trace, tree);
  const make = (form: Repeat["form"], nodes: number[], size: number) => describe(trace, tree, sums, form, nodes, size);
  const inputs = trace.input_digest.different + trace.input_preview.different;
  const same = [...groupBy(acting, (node) => nameKey(trace, tree, node) * inputs + inputKey(trace, tree.span[node])).values()];
  const patterns = [...groupBy(acting, (node) => tree.parent[node]).values()].flatMap((siblings) => findPatterns(trace, tree, siblings));
  return [
    ...same.filter((nodes) => nodes.length > 1).map((nodes) => make("same", nodes, 1)),
    ...findSimilar(trace, tree, same).map((nodes) => make("similar", nodes, 1)),
    ...patterns.map(({ nodes, size }) => make("pattern", nodes, size)),
  ].sort((a, b) => b.again_us - a.again_us);
}

/** By node: which time the same call is made, 0 for the first. */
export function countAgain(tree: Tree, repeats: readonly Repeat[]): Int32Array {
  const again = new Int32Array(tree.length);
  for (const { form, nodes } of repeats) {
    if (form === "same") for (const [k, node] of nodes.entries()) again[node] = k;
  }
  return again;
}

function actingNodes(trace: Trace, tree: Tree): number[] {
  const nodes: number[] = [];
  tree.span.forEach((i, node) => {
    if (i >= 0 && ACTING.has(trace.kind.at(i)) && (trace.input_digest.at(i) || trace.input_preview.at(i))) nodes.push(node);
  });
  return nodes;
}

function nameKey(trace: Trace, tree: Tree, node: number): number {
  const i = tree.span[node];
  return trace.name.codeAt(i) * trace.kind.different + trace.kind.codeAt(i);
}

/** Equal where the same went in: by its digest or, where nothing was kept of it, by its preview. */
function inputKey(trace: Trace, i: number): number {
  return trace.input_digest.at(i) === "" ? trace.input_digest.different + trace.input_preview.codeAt(i) : trace.input_digest.codeAt(i);
}

function groupBy<Key>(nodes: readonly number[], keyOf: (node: number) => Key): Map<Key, number[]> {
  const groups = new Map<Key, number[]>();
  for (const node of nodes) {
    const key = keyOf(node);
    const group = groups.get(key);
    if (group) group.push(node);
    else groups.set(key, [node]);
  }
  return groups;
}

/** Of each tool the groups of calls whose inputs share most of their words. A model's inputs always do. */
function findSimilar(trace: Trace, tree: Tree, same: readonly number[][]): number[][] {
  const tools = same.filter(([node]) => trace.kind.at(tree.span[node]) !== "llm");
  const byName = new Map<number, number[][]>();
  for (const nodes of tools.slice(0, MOST_COMPARED)) {
    const name = nameKey(trace, tree, nodes[0]);
    const groups = byName.get(name);
    if (groups) groups.push(nodes);
    else byName.set(name, [nodes]);
  }
  return [...byName.values()].filter(({ length }) => length > 1).flatMap((groups) => cluster(trace, tree, groups.slice(0, MOST_OF_TOOL)));
}

function cluster(trace: Trace, tree: Tree, groups: readonly number[][]): number[][] {
  const clusters: { words: Set<string>; groups: number[][] }[] = [];
  for (const nodes of groups) {
    const words = wordsOf(trace.input_preview.at(tree.span[nodes[0]]));
    const found = clusters.find((one) => likeness(one.words, words) >= ALIKE);
    if (found) found.groups.push(nodes);
    else clusters.push({ words, groups: [nodes] });
  }
  const varied = clusters.filter((one) => one.groups.length > 1).map((one) => one.groups.flat().sort((a, b) => a - b));
  return varied.filter(({ length }) => length >= FEWEST_ROUNDS);
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []);
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size < FEWEST_ROUNDS || b.size < FEWEST_ROUNDS) return 0;
  let shared = 0;
  for (const word of a) if (b.has(word)) shared++;
  return shared / (a.size + b.size - shared);
}

/** Stretches of siblings in which two to four different steps come in the same order at least three times. */
function findPatterns(trace: Trace, tree: Tree, siblings: readonly number[]): { nodes: number[]; size: number }[] {
  const names = siblings.map((node) => nameKey(trace, tree, node));
  const found: { nodes: number[]; size: number }[] = [];
  for (let at = 0; at < names.length; ) {
    const best = longestFrom(names, at);
    if (best === undefined) {
      at++;
      continue;
    }
    found.push({ nodes: siblings.slice(at, at + best.length), size: best.size });
    at += best.length;
  }
  return found;
}

function longestFrom(names: readonly number[], at: number): { size: number; length: number } | undefined {
  for (let size = 2; size <= LONGEST_PATTERN; size++) {
    let end = at + size;
    while (end < names.length && names[end] === names[end - size]) end++;
    const rounds = Math.floor((end - at) / size);
    const different = new Set(names.slice(at, at + size)).size > 1;
    if (rounds >= FEWEST_ROUNDS && different) return { size, length: rounds * size };
  }
  return undefined;
}

function describe(trace: Trace, tree: Tree, sums: Sums, form: Repeat["form"], nodes: number[], size: number): Repeat {
  const again = nodes.slice(size);
  const results = new Set(nodes.map((node) => trace.output_digest.at(tree.span[node]) || trace.output_preview.at(tree.span[node])));
  return {
    form,
    names: nodes.slice(0, size).map((node) => trace.display_name.at(tree.span[node]) || trace.name.at(tree.span[node])),
    nodes,
    times: nodes.length / size,
    sameResult: form === "same" && results.size === 1 && !results.has(""),
    failed: nodes.filter((node) => isError(trace, tree.span[node])).length,
    again_us: again.reduce((sum, node) => sum + (trace.duration_us[tree.span[node]] || 0), 0),
    again_usd: again.reduce((sum, node) => addCost(sum, sums.cost_usd[node]), Number.NaN),
  };
}

function addCost(sum: number, usd: number): number {
  if (Number.isNaN(usd)) return sum;
  return Number.isNaN(sum) ? usd : sum + usd;
}
