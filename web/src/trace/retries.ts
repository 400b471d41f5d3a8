import { isError, type Trace } from "./trace";
import type { Tree } from "./tree";

/**
 * By node: which attempt at the same thing it is, 0 for what was tried once or first. A step is tried
 * again when a sibling of its kind, name and input follows one that failed; other siblings may stand
 * between. O(n).
 */
export function findRetries(trace: Trace, tree: Tree): Int32Array {
  const attempt = new Int32Array(tree.length);
  /** By parent and what was done: the attempt that failed last. */
  const failed = new Map<string, number>();
  for (let node = 0; node < tree.length; node++) {
    const i = tree.span[node];
    // Most runs hold few failures: what can't have been tried before needn't be named.
    if (i < 0 || (failed.size === 0 && !isError(trace, i))) continue;
    const what = `${tree.parent[node]} ${signature(trace, i)}`;
    const before = failed.get(what);
    if (before !== undefined) attempt[node] = before + 1;
    if (isError(trace, i)) failed.set(what, attempt[node]);
    else failed.delete(what);
  }
  return attempt;
}

function signature(trace: Trace, i: number): string {
  return [trace.kind, trace.name, trace.tool, trace.model, trace.input_preview].map((column) => column.codeAt(i)).join(" ");
}
