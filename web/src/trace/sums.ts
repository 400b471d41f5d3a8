import { endOf, isError, type Trace } from "./trace";
import type { Tree } from "./tree";

/**
 * What a subtree adds up to, by node. Tokens and cost come from counted spans only, so that a sum
 * never holds the same call twice. A value is NaN where no counted span below says one.
 */
export interface Sums {
  readonly input_tokens: Float64Array;
  readonly output_tokens: Float64Array;
  readonly cost_usd: Float64Array;
  readonly errors: Int32Array;
  /** Earliest start and latest end in the subtree: a child may outlive its parent. */
  readonly from_us: Float64Array;
  readonly to_us: Float64Array;
}

/** Sum every subtree, from the leaves up. O(n). */
export function sumTree(trace: Trace, tree: Tree): Sums {
  return {
    input_tokens: sumCounted(trace, tree, trace.input_tokens),
    output_tokens: sumCounted(trace, tree, trace.output_tokens),
    cost_usd: sumCounted(trace, tree, trace.cost_usd),
    errors: countErrors(trace, tree),
    ...spread(trace, tree),
  };
}

/** NaN means unknown: it gives way to any number and adds nothing to one. */
export function addKnown(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : a + b;
}

function sumCounted(trace: Trace, tree: Tree, column: Float64Array): Float64Array {
  const sum = new Float64Array(tree.length).fill(Number.NaN);
  for (let node = tree.length - 1; node >= 0; node--) {
    const i = tree.span[node];
    if (i >= 0 && trace.counted[i]) sum[node] = addKnown(sum[node], column[i]);
    const above = tree.parent[node];
    if (above >= 0) sum[above] = addKnown(sum[above], sum[node]);
  }
  return sum;
}

function countErrors(trace: Trace, tree: Tree): Int32Array {
  const errors = new Int32Array(tree.length);
  for (let node = tree.length - 1; node >= 0; node--) {
    const i = tree.span[node];
    if (i >= 0 && isError(trace, i)) errors[node]++;
    const above = tree.parent[node];
    if (above >= 0) errors[above] += errors[node];
  }
  return errors;
}

function spread(trace: Trace, tree: Tree) {
  const from_us = new Float64Array(tree.length).fill(Number.POSITIVE_INFINITY);
  const to_us = new Float64Array(tree.length).fill(Number.NEGATIVE_INFINITY);
  for (let node = tree.length - 1; node >= 0; node--) {
    const i = tree.span[node];
    if (i >= 0) {
      from_us[node] = Math.min(from_us[node], trace.start_us[i]);
      to_us[node] = Math.max(to_us[node], endOf(trace, i));
    }
    const above = tree.parent[node];
    if (above < 0) continue;
    from_us[above] = Math.min(from_us[above], from_us[node]);
    to_us[above] = Math.max(to_us[above], to_us[node]);
  }
  return { from_us, to_us };
}
