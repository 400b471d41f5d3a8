import type { Folds } from "./folds";
import { ancestors, type Tree } from "./tree";

/**
 * The rows on screen, top to bottom. Row `r` shows `node[r]`; where `fold[r]` is not -1 it shows
 * that whole fold, and `node[r]` is the fold's first member.
 */
export interface Rows {
  readonly length: number;
  readonly node: Int32Array;
  readonly fold: Int32Array;
  readonly depth: Int32Array;
}

/** Which nodes are collapsed and which folds are opened, one byte each. */
export interface Opening {
  readonly collapsed: Uint8Array;
  readonly unfolded: Uint8Array;
}

export function allOpen(tree: Tree, folds: Folds): Opening {
  return { collapsed: new Uint8Array(tree.length), unfolded: new Uint8Array(folds.length) };
}

export function allCollapsed(tree: Tree, folds: Folds): Opening {
  const collapsed = new Uint8Array(tree.length);
  for (let node = 0; node < tree.length; node++) if (tree.size[node] > 1) collapsed[node] = 1;
  return { collapsed, unfolded: new Uint8Array(folds.length) };
}

/** List the rows that are in sight. O(rows in sight): what is closed is stepped over. */
export function listRows(tree: Tree, folds: Folds, opening: Opening): Rows {
  const nodes = new Int32Array(tree.length + folds.length);
  const foldOf = new Int32Array(nodes.length);
  const depths = new Int32Array(nodes.length);
  let length = 0;
  const add = (node: number, fold: number, depth: number) => {
    nodes[length] = node;
    foldOf[length] = fold;
    depths[length++] = depth;
  };
  // The members of an opened fold are indented below its row, and so is all that is below them.
  let indentEnd = 0;
  let indent = 0;
  const outer: [number, number][] = [];
  for (let node = 0; node < tree.length; ) {
    while (node >= indentEnd && outer.length > 0) [indentEnd, indent] = outer.pop() as [number, number];
    const fold = folds.of[node];
    if (fold >= 0 && folds.first[fold] === node) {
      add(node, fold, tree.depth[node] + indent);
      if (!opening.unfolded[fold]) {
        node = folds.end[fold];
        continue;
      }
      outer.push([indentEnd, indent]);
      indentEnd = folds.end[fold];
      indent++;
    }
    add(node, -1, tree.depth[node] + indent);
    node += opening.collapsed[node] ? tree.size[node] : 1;
  }
  return { length, node: nodes.subarray(0, length), fold: foldOf.subarray(0, length), depth: depths.subarray(0, length) };
}

/** The row that shows `node` itself or, when it is folded or collapsed away, what stands for it. */
export function rowOf(rows: Rows, node: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rows.node[middle] <= node) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function toggleCollapsed(opening: Opening, node: number): Opening {
  return { ...opening, collapsed: withBit(opening.collapsed, node, opening.collapsed[node] ? 0 : 1) };
}

export function toggleFold(opening: Opening, fold: number): Opening {
  return { ...opening, unfolded: withBit(opening.unfolded, fold, opening.unfolded[fold] ? 0 : 1) };
}

/** Open whatever hides `node`: collapsed nodes above it and folds around it. Same value if none does. */
export function reveal(tree: Tree, folds: Folds, opening: Opening, node: number): Opening {
  const above = ancestors(tree, node);
  const closed = above.filter((at) => opening.collapsed[at]);
  const folded = [node, ...above].map((at) => folds.of[at]).filter((fold) => fold >= 0 && !opening.unfolded[fold]);
  if (closed.length === 0 && folded.length === 0) return opening;
  const collapsed = opening.collapsed.slice();
  const unfolded = opening.unfolded.slice();
  for (const at of closed) collapsed[at] = 0;
  for (const fold of folded) unfolded[fold] = 1;
  return { collapsed, unfolded };
}

/**
 * Take an opening over to a newer state of the same run, span by span: `idOf` and `nodeOf` name
 * nodes by what survives a reload.
 */
export function carryOpening(
  from: { tree: Tree; folds: Folds; opening: Opening; idOf: (node: number) => string },
  to: { tree: Tree; folds: Folds; nodeOf: (id: string) => number },
): Opening {
  const opening = allOpen(to.tree, to.folds);
  from.opening.collapsed.forEach((closed, node) => {
    const now = closed ? to.nodeOf(from.idOf(node)) : -1;
    if (now >= 0) opening.collapsed[now] = 1;
  });
  from.opening.unfolded.forEach((open, fold) => {
    const now = open ? to.nodeOf(from.idOf(from.folds.first[fold])) : -1;
    if (now >= 0 && to.folds.of[now] >= 0) opening.unfolded[to.folds.of[now]] = 1;
  });
  return opening;
}

function withBit(bits: Uint8Array, at: number, bit: 0 | 1): Uint8Array {
  const changed = bits.slice();
  changed[at] = bit;
  return changed;
}
