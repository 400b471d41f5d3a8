import { endOf, type Trace } from "./trace";
import type { Tree } from "./tree";

/** The stretches of time in which a node was what the run waited for, latest first. */
export interface Stretch {
  readonly node: number;
  readonly from_us: number;
  readonly to_us: number;
}

/**
 * The critical path: walking back from the end of a root, the time belongs to the child that ended
 * last before that moment, and what no child covers belongs to the node itself. The stretches of a
 * root cover it without gap or overlap. O(n log n).
 */
export function criticalPath(trace: Trace, tree: Tree): Stretch[] {
  const path: Stretch[] = [];
  const todo: Stretch[] = [];
  for (let root = 0; root < tree.length; root += tree.size[root]) {
    if (tree.span[root] >= 0) todo.push(whole(trace, tree, root));
  }
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) walkBack(trace, tree, at, path, todo);
  return path.sort((a, b) => b.from_us - a.from_us || a.node - b.node);
}

function whole(trace: Trace, tree: Tree, node: number): Stretch {
  const i = tree.span[node];
  return { node, from_us: trace.start_us[i], to_us: endOf(trace, i) };
}

/** Hand the time of one stretch to the node's children; keep the rest for the node. */
function walkBack(trace: Trace, tree: Tree, { node, from_us, to_us }: Stretch, path: Stretch[], todo: Stretch[]) {
  let until = to_us;
  for (const child of childrenByEnd(trace, tree, node)) {
    const i = tree.span[child];
    const from = Math.max(trace.start_us[i], from_us);
    const to = Math.min(endOf(trace, i), until);
    // A child that ended after `until` ran beside what was already chosen: only its time before counts.
    if (to <= from) continue;
    if (to < until) path.push({ node, from_us: to, to_us: until });
    todo.push({ node: child, from_us: from, to_us: to });
    until = from;
  }
  if (until > from_us) path.push({ node, from_us, to_us: until });
}

function childrenByEnd(trace: Trace, tree: Tree, node: number): number[] {
  const children: number[] = [];
  const end = node + tree.size[node];
  for (let child = node + 1; child < end; child += tree.size[child]) children.push(child);
  return children.sort((a, b) => endOf(trace, tree.span[b]) - endOf(trace, tree.span[a]));
}
