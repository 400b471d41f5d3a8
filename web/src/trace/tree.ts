import { findSpan, type Trace } from "./trace";

/**
 * The tree of a trace, flattened: node `k` is the k-th row of the fully opened tree, and its
 * descendants are the `size[k] - 1` nodes after it. Collapsing a node is skipping `size[k]`.
 *
 * A node is a span, or a marker that stands for a parent nobody sent. A marker has span -1 and its
 * orphans below it, so nothing that arrived is out of sight.
 */
export interface Tree {
  readonly length: number;
  /** Index into the trace, -1 for a marker. */
  readonly span: Int32Array;
  /** Nodes in the subtree, the node itself included. */
  readonly size: Int32Array;
  readonly depth: Int32Array;
  /** Node of the parent, -1 for a root. */
  readonly parent: Int32Array;
  /** From index in the trace to node; -1 for a repeated span that another one stands for. */
  readonly nodeOf: Int32Array;
  /** From a marker's node to the span id that its orphans name as parent. */
  readonly missing: ReadonlyMap<number, string>;
  /** Nodes whose parent was their own descendant: the circle was cut above them. */
  readonly cut: ReadonlySet<number>;
  /** Spans left out because another one with their id is shown. */
  readonly repeated: number;
}

const NONE = -1;

/**
 * Parents while the tree is built, by number: spans have their index, the marker of the m-th missing
 * parent has `trace.length + m`.
 */
interface Parents {
  parent: Int32Array;
  missing: string[];
}

/**
 * Build the tree. Siblings stand in order of their start, then of their index. O(n log n), and O(n)
 * when spans arrive in order of their start.
 */
export function buildTree(trace: Trace): Tree {
  const order = orderByStart(trace);
  const parents = findParents(trace, order);
  const cut = cutCircles(trace, parents.parent, order);
  return flatten(trace, order, parents, cut);
}

/** The nodes above `node`, nearest first. */
export function ancestors(tree: Tree, node: number): number[] {
  const above: number[] = [];
  for (let at = tree.parent[node]; at !== NONE; at = tree.parent[at]) above.push(at);
  return above;
}

/** The spans that are shown, in order of start: of an id that came twice, one. */
function orderByStart(trace: Trace): Int32Array {
  const order = trace.shown.slice();
  const before = (a: number, b: number) => trace.start_us[a] - trace.start_us[b] || a - b;
  const sorted = order.every((i, k) => k === 0 || before(order[k - 1], i) < 0);
  return sorted ? order : order.sort(before);
}

const UNSEEN = -2;

function findParents(trace: Trace, order: Int32Array): Parents {
  const parent = new Int32Array(trace.length).fill(NONE);
  const missing: string[] = [];
  // Children of one parent name it by one number: each parent is looked up once.
  const known = new Int32Array(trace.parent_id.different).fill(UNSEEN);
  for (const i of order) {
    const code = trace.parent_id.codeAt(i);
    if (known[code] === UNSEEN) known[code] = findParent(trace, trace.parent_id.text(code), missing);
    parent[i] = known[code];
  }
  return { parent, missing };
}

function findParent(trace: Trace, id: string, missing: string[]): number {
  if (id === "") return NONE;
  const found = findSpan(trace, id);
  return found >= 0 ? found : trace.length + missing.push(id) - 1;
}

/**
 * Make the earliest span of every circle a root; gives those spans. `walk` remembers which walk
 * first met a span: meeting one's own footprints is a circle. O(n) over all circles.
 */
function cutCircles(trace: Trace, parent: Int32Array, order: Int32Array): Set<number> {
  const cut = new Set<number>();
  const walk = new Int32Array(trace.length).fill(NONE);
  for (const start of order) {
    let at = start;
    while (at !== NONE && at < trace.length && walk[at] === NONE) {
      walk[at] = start;
      at = parent[at];
    }
    if (at === NONE || at >= trace.length || walk[at] !== start) continue;
    const first = earliestOfCircle(trace, parent, at);
    parent[first] = NONE;
    cut.add(first);
  }
  return cut;
}

function earliestOfCircle(trace: Trace, parent: Int32Array, entry: number): number {
  let first = entry;
  for (let at = parent[entry]; at !== entry; at = parent[at]) {
    const earlier = trace.start_us[at] - trace.start_us[first] || at - first;
    if (earlier < 0) first = at;
  }
  return first;
}

/** Child lists with the latest first, as a stack wants them; roots in order, markers among them. */
function linkChildren(trace: Trace, order: Int32Array, { parent, missing }: Parents) {
  const count = trace.length + missing.length;
  const last = new Int32Array(count).fill(NONE);
  const before = new Int32Array(count).fill(NONE);
  const roots: number[] = [];
  for (const i of order) {
    const above = parent[i];
    if (above === NONE) {
      roots.push(i);
      continue;
    }
    if (above >= trace.length && last[above] === NONE) roots.push(above);
    before[i] = last[above];
    last[above] = i;
  }
  return { last, before, roots };
}

/** Number the nodes in pre-order. A stack, since recursion would not survive a chain of 10,000. */
function flatten(trace: Trace, order: Int32Array, parents: Parents, cutSpans: Set<number>): Tree {
  const { last, before, roots } = linkChildren(trace, order, parents);
  const length = order.length + parents.missing.length;
  const span = new Int32Array(length).fill(NONE);
  const depth = new Int32Array(length);
  const parent = new Int32Array(length).fill(NONE);
  const nodeOf = new Int32Array(trace.length + parents.missing.length).fill(NONE);
  const missing = new Map<number, string>();
  const stack = roots.reverse();
  for (let node = 0; node < length; node++) {
    const at = stack.pop() as number;
    nodeOf[at] = node;
    if (at < trace.length) {
      span[node] = at;
      const above = parents.parent[at];
      if (above !== NONE) {
        parent[node] = nodeOf[above];
        depth[node] = depth[parent[node]] + 1;
      }
    } else {
      missing.set(node, parents.missing[at - trace.length]);
    }
    for (let child = last[at]; child !== NONE; child = before[child]) stack.push(child);
  }
  const cut = new Set(Array.from(cutSpans, (i) => nodeOf[i]));
  const repeated = trace.length - order.length;
  return { length, span, size: sizes(parent), depth, parent, nodeOf: nodeOf.subarray(0, trace.length), missing, cut, repeated };
}

function sizes(parent: Int32Array): Int32Array {
  const size = new Int32Array(parent.length).fill(1);
  for (let node = parent.length - 1; node >= 0; node--) {
    if (parent[node] !== NONE) size[parent[node]] += size[node];
  }
  return size;
}
