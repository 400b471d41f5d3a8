import type { Run } from "./run";
import { addKnown } from "./sums";

/** What rows can be coloured by: their kind, or how much they took of something. */
export type Heat = "kind" | "duration" | "cost" | "tokens";

/**
 * How hot each node is, from 0 to 1: its share of the largest value that a node without children
 * has. A node with children is as hot as what it sums up, 1 at most; NaN where nothing is known.
 */
export function heatOf(run: Run, by: Exclude<Heat, "kind">): Float64Array {
  const { tree } = run;
  const values = measure(run, by);
  let most = 0;
  for (let node = 0; node < tree.length; node++) if (tree.size[node] === 1) most = Math.max(most, values[node] || 0);
  return values.map((value) => (most === 0 ? Number.NaN : Math.min(1, value / most)));
}

function measure({ trace, tree, sums }: Run, by: Exclude<Heat, "kind">): Float64Array {
  if (by === "cost") return sums.cost_usd.slice();
  return Float64Array.from(tree.span, (i, node) => {
    if (by === "tokens") return addKnown(sums.input_tokens[node], sums.output_tokens[node]);
    return i < 0 ? Number.NaN : trace.duration_us[i];
  });
}
