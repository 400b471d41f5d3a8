import type { Trace } from "./trace";
import type { Tree } from "./tree";

/** Clocks of one machine differ by less: rounding, and threads that start before they are told. */
const NOTABLE_US = 1000;

/**
 * By how many microseconds a node starts before its parent, 0 where it doesn't: an effect before its
 * cause is told by another clock.
 */
export function startsBefore(trace: Trace, tree: Tree, node: number): number {
  const i = tree.span[node];
  const above = tree.parent[node] < 0 ? -1 : tree.span[tree.parent[node]];
  if (i < 0 || above < 0) return 0;
  const early_us = trace.start_us[above] - trace.start_us[i];
  return early_us > NOTABLE_US ? early_us : 0;
}
