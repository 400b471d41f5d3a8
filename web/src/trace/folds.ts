import type { Texts } from "./texts";
import type { Trace } from "./trace";
import type { Tree } from "./tree";

/**
 * Folds: a row of siblings with one name, shown as a single line "search ×12". By fold: its first
 * node, how many siblings it holds, and the node after its last subtree.
 */
export interface Folds {
  readonly length: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly end: Int32Array;
  /** From node to the fold that it is a member of, -1 for none. */
  readonly of: Int32Array;
}

/** Fewer repeats than this read better one by one. */
const FEWEST = 3;

/**
 * What an engineer follows step by step. A sibling with one of these below it is a part of the story
 * and is never folded away.
 */
const TELLING = new Set(["workflow", "agent", "plan", "step", "llm", "handoff", "human"]);

/** Find the folds: maximal rows of at least three neighbours that share parent, kind and name. O(n). */
export function findFolds(trace: Trace, tree: Tree): Folds {
  const plain = plainNodes(trace, tree);
  const of = new Int32Array(tree.length).fill(-1);
  const found: { first: number; count: number; end: number }[] = [];
  // The siblings that a row may still grow by are found by stepping over whole subtrees.
  for (let node = 0; node < tree.length; node++) {
    if (of[node] >= 0 || !plain[node]) continue;
    const row = growRow(trace, tree, plain, node);
    if (row.count < FEWEST) continue;
    for (let at = node; at < row.end; at += tree.size[at]) of[at] = found.length;
    found.push(row);
  }
  return {
    length: found.length,
    first: Int32Array.from(found, (fold) => fold.first),
    count: Int32Array.from(found, (fold) => fold.count),
    end: Int32Array.from(found, (fold) => fold.end),
    of,
  };
}

/** The nodes of a fold: its members, without what is below them. */
export function members(tree: Tree, folds: Folds, fold: number): number[] {
  const nodes: number[] = [];
  for (let at = folds.first[fold]; at < folds.end[fold]; at += tree.size[at]) nodes.push(at);
  return nodes;
}

function growRow(trace: Trace, tree: Tree, plain: Uint8Array, first: number) {
  let end = first;
  let count = 0;
  while (end < tree.length && tree.parent[end] === tree.parent[first] && plain[end] && alike(trace, tree, first, end)) {
    end += tree.size[end];
    count++;
  }
  return { first, count, end };
}

function alike(trace: Trace, tree: Tree, a: number, b: number): boolean {
  const i = tree.span[a];
  const j = tree.span[b];
  const same = (column: Texts) => column.codeAt(i) === column.codeAt(j);
  return same(trace.kind) && same(trace.display_name) && same(trace.name);
}

/** 1 for spans with nothing telling below them. Markers are never folded. */
function plainNodes(trace: Trace, tree: Tree): Uint8Array {
  const plain = new Uint8Array(tree.length);
  const telling = new Int32Array(tree.length);
  for (let node = tree.length - 1; node >= 0; node--) {
    const i = tree.span[node];
    plain[node] = i >= 0 && telling[node] === 0 ? 1 : 0;
    const above = tree.parent[node];
    if (above >= 0) telling[above] += telling[node] + (i >= 0 && TELLING.has(trace.kind.at(i)) ? 1 : 0);
  }
  return plain;
}
