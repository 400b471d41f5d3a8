import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findFolds, members } from "./folds";
import { makeTrace, outline } from "./make";
import { allCollapsed, allOpen, carryOpening, listRows, type Opening, reveal, rowOf, type Rows, toggleCollapsed, toggleFold } from "./rows";
import { buildTree, type Tree } from "./tree";
import type { Trace } from "./trace";

function open(text: string) {
  const trace = outline(text);
  const tree = buildTree(trace);
  const folds = findFolds(trace, tree);
  return { trace, tree, folds, opening: allOpen(tree, folds) };
}

function render(trace: Trace, tree: Tree, folds: ReturnType<typeof findFolds>, rows: Rows): string[] {
  return Array.from(rows.node, (node, r) => {
    const repeats = rows.fold[r] >= 0 ? ` ×${folds.count[rows.fold[r]]}` : "";
    return "  ".repeat(rows.depth[r]) + trace.display_name.at(tree.span[node]) + repeats;
  });
}

const LOOP = `
planner:agent
  chat:llm
  search:tool
  search:tool
  search:tool
    http
  chat:llm`;

/** A random tree with few names, so that it holds folds inside folds. */
const trees = fc
  .array(fc.record({ above: fc.nat(), name: fc.constantFrom("a", "b"), kind: fc.constantFrom("tool", "llm") }), {
    minLength: 1,
    maxLength: 40,
  })
  .map((spans) =>
    makeTrace(
      spans.map(({ above, name, kind }, n) => ({
        span_id: `s${n}`,
        parent_id: n === 0 || above % 7 === 0 ? "" : `s${above % n}`,
        display_name: name,
        kind,
        start_us: n,
      })),
    ),
  );

describe("findFolds", () => {
  test("folds three or more neighbours of one name and leaves the steps between them", () => {
    const { tree, folds } = open(LOOP);
    expect(folds.length).toBe(1);
    expect(members(tree, folds, 0)).toEqual([2, 3, 4]);
  });

  test("leaves two repeats alone", () => {
    expect(open("a\n  b:tool\n  b:tool").folds.length).toBe(0);
  });

  test("never folds a step that has a model call below it", () => {
    const turn = "  turn:step\n    chat:llm\n";
    expect(open(`agent:agent\n${turn}${turn}${turn}`).folds.length).toBe(0);
  });

  test("makes rows of siblings: same parent, same name, no gap, at least three", () => {
    fc.assert(
      fc.property(trees, (trace) => {
        const tree = buildTree(trace);
        const folds = findFolds(trace, tree);
        for (let fold = 0; fold < folds.length; fold++) {
          const nodes = members(tree, folds, fold);
          expect(nodes).toHaveLength(folds.count[fold]);
          expect(nodes.length).toBeGreaterThanOrEqual(3);
          expect(new Set(nodes.map((node) => tree.parent[node])).size).toBe(1);
          expect(new Set(nodes.map((node) => trace.display_name.at(tree.span[node]))).size).toBe(1);
          for (const node of nodes) expect(folds.of[node]).toBe(fold);
        }
      }),
    );
  });
});

describe("listRows", () => {
  test("shows a fold as one row until it is opened, its members indented below it then", () => {
    const { trace, tree, folds, opening } = open(LOOP);
    expect(render(trace, tree, folds, listRows(tree, folds, opening))).toEqual([
      "planner",
      "  chat",
      "  search ×3",
      "  chat",
    ]);
    expect(render(trace, tree, folds, listRows(tree, folds, toggleFold(opening, 0)))).toEqual([
      "planner",
      "  chat",
      "  search ×3",
      "    search",
      "    search",
      "    search",
      "      http",
      "  chat",
    ]);
  });

  test("skips what is below a collapsed node", () => {
    const { trace, tree, folds, opening } = open(LOOP);
    expect(render(trace, tree, folds, listRows(tree, folds, toggleCollapsed(opening, 0)))).toEqual(["planner"]);
  });

  test("shows every node when nothing is closed and roots only when all is", () => {
    fc.assert(
      fc.property(trees, (trace) => {
        const tree = buildTree(trace);
        const folds = findFolds(trace, tree);
        const every: Opening = { collapsed: new Uint8Array(tree.length), unfolded: new Uint8Array(folds.length).fill(1) };
        const rows = listRows(tree, folds, every);
        const nodes = Array.from(rows.node).filter((_, r) => rows.fold[r] < 0);
        expect(nodes).toEqual(Array.from({ length: tree.length }, (_, node) => node));
        const closed = listRows(tree, folds, allCollapsed(tree, folds));
        for (let r = 0; r < closed.length; r++) expect(tree.parent[closed.node[r]]).toBe(-1);
      }),
    );
  });

  test("closing and opening again changes nothing", () => {
    fc.assert(
      fc.property(trees, fc.nat(), (trace, pick) => {
        const tree = buildTree(trace);
        const folds = findFolds(trace, tree);
        const opening = allOpen(tree, folds);
        const node = pick % tree.length;
        expect(toggleCollapsed(toggleCollapsed(opening, node), node)).toEqual(opening);
      }),
    );
  });
});

describe("reveal", () => {
  test("brings any node into sight, and rowOf finds its row", () => {
    fc.assert(
      fc.property(trees, fc.nat(), (trace, pick) => {
        const tree = buildTree(trace);
        const folds = findFolds(trace, tree);
        const node = pick % tree.length;
        const rows = listRows(tree, folds, reveal(tree, folds, allCollapsed(tree, folds), node));
        const row = rowOf(rows, node);
        expect(rows.node[row]).toBe(node);
        expect(rows.fold[row]).toBe(-1);
      }),
    );
  });

  test("rowOf gives the row that stands for a node out of sight", () => {
    const { tree, folds, opening } = open(LOOP);
    const rows = listRows(tree, folds, opening);
    expect(rowOf(rows, 5)).toBe(2);
    expect(rowOf(listRows(tree, folds, toggleCollapsed(opening, 0)), 5)).toBe(0);
  });
});

describe("carryOpening", () => {
  test("keeps what was closed and unfolded when spans arrive", () => {
    const before = open(LOOP);
    const after = open(`early\n${LOOP.replace("  chat:llm", "  greet:llm\n  chat:llm")}`);
    const opening = toggleFold(toggleCollapsed(before.opening, 4), 0);
    const byName = new Map([["s4", 6], ["s2", 4]]);
    const carried = carryOpening(
      { ...before, opening, idOf: (node) => before.trace.span_id.at(before.tree.span[node]) },
      { ...after, nodeOf: (id) => byName.get(id) ?? -1 },
    );
    expect(Array.from(carried.collapsed)).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 0]);
    expect(Array.from(carried.unfolded)).toEqual([1]);
  });
});
