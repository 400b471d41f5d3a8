import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeTrace, outline, type SpanRow } from "./make";
import { ancestors, buildTree, type Tree } from "./tree";
import type { Trace } from "./trace";

/** Any graph of parents: roots, chains, circles, parents that never came, ids sent twice. */
const spans: fc.Arbitrary<SpanRow[]> = fc.array(
  fc.record({
    span_id: fc.integer({ min: 0, max: 24 }).map((n) => `s${n}`),
    parent_id: fc.oneof(
      fc.constant(""),
      fc.integer({ min: 0, max: 30 }).map((n) => `s${n}`),
    ),
    start_us: fc.integer({ min: 0, max: 50 }),
    duration_us: fc.option(fc.integer({ min: 0, max: 50 }), { nil: null }),
  }),
  { maxLength: 30 },
);

function render(trace: Trace, tree: Tree): string[] {
  return Array.from(tree.span, (i, node) => {
    const label = i < 0 ? `missing ${tree.missing.get(node)}` : trace.span_id.at(i);
    return "  ".repeat(tree.depth[node]) + label;
  });
}

function children(tree: Tree, node: number): number[] {
  const found: number[] = [];
  for (let at = node + 1; at < node + tree.size[node]; at += tree.size[at]) found.push(at);
  return found;
}

describe("buildTree", () => {
  test("puts children below their parent, siblings in order of start", () => {
    const trace = makeTrace([
      { span_id: "root" },
      { span_id: "late", parent_id: "root", start_us: 9 },
      { span_id: "early", parent_id: "root", start_us: 2 },
      { span_id: "leaf", parent_id: "early", start_us: 3 },
    ]);
    expect(render(trace, buildTree(trace))).toEqual(["root", "  early", "    leaf", "  late"]);
  });

  test("collects the orphans of a parent nobody sent below one marker", () => {
    const trace = makeTrace([
      { span_id: "root" },
      { span_id: "a", parent_id: "gone", start_us: 1 },
      { span_id: "second root", start_us: 2 },
      { span_id: "b", parent_id: "gone", start_us: 3 },
    ]);
    expect(render(trace, buildTree(trace))).toEqual(["root", "missing gone", "  a", "  b", "second root"]);
  });

  test("cuts a circle above its earliest span", () => {
    const trace = makeTrace([
      { span_id: "a", parent_id: "c", start_us: 1 },
      { span_id: "b", parent_id: "a", start_us: 2 },
      { span_id: "c", parent_id: "b", start_us: 3 },
      { span_id: "outside", parent_id: "c", start_us: 4 },
    ]);
    const tree = buildTree(trace);
    expect(render(trace, tree)).toEqual(["a", "  b", "    c", "      outside"]);
    expect([...tree.cut]).toEqual([0]);
  });

  test("shows a span that is its own parent as a root", () => {
    const trace = makeTrace([{ span_id: "a", parent_id: "a" }]);
    expect(render(trace, buildTree(trace))).toEqual(["a"]);
  });

  test("shows an id that was sent twice once, finished if either is", () => {
    const trace = makeTrace([
      { span_id: "a", duration_us: null },
      { span_id: "a", duration_us: 5 },
    ]);
    const tree = buildTree(trace);
    expect(Array.from(tree.span)).toEqual([1]);
    expect(tree.repeated).toBe(1);
    expect(Array.from(tree.nodeOf)).toEqual([-1, 0]);
  });

  test("survives a chain of 50,000", () => {
    const trace = makeTrace(
      Array.from({ length: 50_000 }, (_, n) => ({ span_id: `s${n}`, parent_id: n ? `s${n - 1}` : "", start_us: n })),
    );
    const tree = buildTree(trace);
    expect(tree.depth[49_999]).toBe(49_999);
    expect(tree.size[0]).toBe(50_000);
  });

  test("shows every id exactly once and every missing parent exactly once", () => {
    fc.assert(
      fc.property(spans, (rows) => {
        const trace = makeTrace(rows);
        const tree = buildTree(trace);
        const shown = Array.from(tree.span).filter((i) => i >= 0);
        const ids = new Set(rows.map((row) => row.span_id));
        expect(shown.map((i) => trace.span_id.at(i)).sort()).toEqual([...ids].sort());
        const absent = new Set(rows.map((row) => row.parent_id ?? "").filter((id) => id && !ids.has(id)));
        for (const id of tree.missing.values()) expect(absent).toContain(id);
        expect(tree.length).toBe(ids.size + tree.missing.size);
      }),
    );
  });

  test("keeps the laws of a pre-order: parents before children, subtrees without gaps, sizes that add up", () => {
    fc.assert(
      fc.property(spans, (rows) => {
        const trace = makeTrace(rows);
        const tree = buildTree(trace);
        for (let node = 0; node < tree.length; node++) {
          const below = children(tree, node);
          expect(tree.size[node]).toBe(1 + below.reduce((sum, child) => sum + tree.size[child], 0));
          for (const child of below) {
            expect(tree.parent[child]).toBe(node);
            expect(tree.depth[child]).toBe(tree.depth[node] + 1);
          }
          expect(ancestors(tree, node)).toHaveLength(tree.depth[node]);
          if (tree.span[node] >= 0) expect(tree.nodeOf[tree.span[node]]).toBe(node);
        }
      }),
    );
  });

  test("keeps the parent that a span names unless the circle had to be cut there", () => {
    fc.assert(
      fc.property(spans, (rows) => {
        const trace = makeTrace(rows);
        const tree = buildTree(trace);
        for (let node = 0; node < tree.length; node++) {
          if (tree.span[node] < 0) continue;
          const named = trace.parent_id.at(tree.span[node]);
          const above = tree.parent[node];
          if (tree.cut.has(node) || named === "") expect(above).toBe(-1);
          else expect(tree.missing.get(above) ?? trace.span_id.at(tree.span[above])).toBe(named);
        }
      }),
    );
  });

  test("orders siblings by start", () => {
    fc.assert(
      fc.property(spans, (rows) => {
        const trace = makeTrace(rows);
        const tree = buildTree(trace);
        for (let node = 0; node < tree.length; node++) {
          const starts = children(tree, node).map((child) => trace.start_us[tree.span[child]]);
          expect(starts).toEqual(starts.toSorted((a, b) => a - b));
        }
      }),
    );
  });

  test("reads an outline back", () => {
    const trace = outline(`
planner
  chat
  search
    http
answer`);
    expect(buildTree(trace).length).toBe(5);
  });
});
