import { criticalPath } from "./critical";
import { findFolds, type Folds } from "./folds";
import { countAgain, findRepeats, type Repeat } from "./repeats";
import { findRetries } from "./retries";
import { type Sums, sumTree } from "./sums";
import { buildTrace, findSpan, isError, type PackedTrace, packTrace, type Skeleton, type Trace, unpackTrace } from "./trace";
import { buildTree, type Tree } from "./tree";

/** A run, ready to be drawn: its columns, its tree, what it repeats and what it adds up to. */
export interface Run {
  readonly trace: Trace;
  readonly tree: Tree;
  readonly folds: Folds;
  readonly sums: Sums;
  /** By node: 1 for the steps without steps below them that the run waited for. */
  readonly critical: Uint8Array;
  /** The failed nodes without a failed node below them: where an error began, not where it passed through. */
  readonly errors: Int32Array;
  /** By node: which attempt at the same thing it is, 0 for the first and only one. */
  readonly attempt: Int32Array;
  /** What it does over and over, and by node which time the same call is made, 0 for the first. */
  readonly repeats: readonly Repeat[];
  readonly again: Int32Array;
}

/** A run as it is handed from a worker to the page. */
export type PackedRun = Omit<Run, "trace"> & { readonly trace: PackedTrace };

/** Build all that a drawing needs of a skeleton. 100,000 spans take about 0.3 s. */
export function openRun(skeleton: Skeleton): Run {
  const trace = buildTrace(skeleton);
  const tree = buildTree(trace);
  const sums = sumTree(trace, tree);
  const repeats = findRepeats(trace, tree, sums);
  return {
    trace,
    tree,
    sums,
    folds: findFolds(trace, tree),
    critical: findCritical(trace, tree),
    errors: findErrors(trace, tree, sums),
    attempt: findRetries(trace, tree),
    repeats,
    again: countAgain(tree, repeats),
  };
}

export function packRun(run: Run): PackedRun {
  return { ...run, trace: packTrace(run.trace) };
}

export function unpackRun(packed: PackedRun): Run {
  return { ...packed, trace: unpackTrace(packed.trace) };
}

/** What survives a reload: the id of a span or, for a marker, of the parent that is missing. */
export function idOf({ trace, tree }: Run, node: number): string {
  const i = tree.span[node];
  return i >= 0 ? trace.span_id.at(i) : `missing ${tree.missing.get(node)}`;
}

/** The node of a span, -1 when this run has no such span. */
export function nodeOf({ trace, tree }: Run, spanId: string): number {
  const i = findSpan(trace, spanId);
  return i < 0 ? -1 : tree.nodeOf[i];
}

/** What a row calls its span. */
export function nameOf({ trace, tree }: Run, node: number): string {
  const i = tree.span[node];
  if (i < 0) return "missing parent";
  return trace.display_name.at(i) || trace.name.at(i) || "unnamed";
}

function findCritical(trace: Trace, tree: Tree): Uint8Array {
  const critical = new Uint8Array(tree.length);
  for (const { node } of criticalPath(trace, tree)) if (tree.size[node] === 1) critical[node] = 1;
  return critical;
}

function findErrors(trace: Trace, tree: Tree, sums: Sums): Int32Array {
  const nodes: number[] = [];
  tree.span.forEach((i, node) => {
    if (i >= 0 && sums.errors[node] === 1 && isError(trace, i)) nodes.push(node);
  });
  return Int32Array.from(nodes);
}
