import { endOf, type Trace } from "./trace";
import type { Tree } from "./tree";

/** A stretch of a node's time in which none of its children ran: it computed, queued or waited. */
export interface Gap {
  readonly from_us: number;
  readonly to_us: number;
}

/**
 * The gaps of a node between its start and end that no child covers and that last at least
 * `least_us`, in order. A node without children has none. O(children log children).
 */
export function findGaps(trace: Trace, tree: Tree, node: number, least_us: number): Gap[] {
  const i = tree.span[node];
  if (i < 0 || tree.size[node] === 1) return [];
  const gaps: Gap[] = [];
  const end_us = endOf(trace, i);
  let covered = trace.start_us[i];
  const add = (to_us: number) => {
    if (to_us - covered >= least_us) gaps.push({ from_us: covered, to_us });
  };
  // Siblings stand in order of their start.
  const end = node + tree.size[node];
  for (let child = node + 1; child < end; child += tree.size[child]) {
    const k = tree.span[child];
    if (k < 0) continue;
    add(Math.min(trace.start_us[k], end_us));
    covered = Math.max(covered, endOf(trace, k));
  }
  add(end_us);
  return gaps;
}
