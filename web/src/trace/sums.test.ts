import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { criticalPath } from "./critical";
import { makeTrace, type SpanRow } from "./make";
import { addKnown, sumTree } from "./sums";
import { endOf, stoppedBy } from "./trace";
import { buildTree } from "./tree";

const runs: fc.Arbitrary<SpanRow[]> = fc
  .array(
    fc.record({
      above: fc.nat(),
      start_us: fc.integer({ min: 0, max: 100 }),
      duration_us: fc.option(fc.integer({ min: 0, max: 100 }), { nil: null }),
      input_tokens: fc.option(fc.integer({ min: 0, max: 1000 }), { nil: null }),
      status: fc.constantFrom("ok", "error"),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((spans) =>
    spans.map(({ above, ...span }, n) => ({ ...span, span_id: `s${n}`, parent_id: n === 0 ? "" : `s${above % n}` })),
  );

describe("sumTree", () => {
  test("counts a call once where an aggregate repeats it", () => {
    const trace = makeTrace(
      [
        { span_id: "agent", input_tokens: 100, cost_usd: 0.5 },
        { span_id: "call", parent_id: "agent", input_tokens: 100, cost_usd: 0.5 },
      ],
      ["agent"],
    );
    const sums = sumTree(trace, buildTree(trace));
    expect(sums.input_tokens[0]).toBe(100);
    expect(sums.cost_usd[0]).toBe(0.5);
  });

  test("what a guard stopped is no error, whatever its status", () => {
    const trace = makeTrace([
      { span_id: "blocked", status: "error", outcome: "blocked" },
      { span_id: "broken", parent_id: "blocked", status: "unset", outcome: "error" },
      { span_id: "running", parent_id: "blocked", status: "error", outcome: "", duration_us: null },
    ]);
    expect(sumTree(trace, buildTree(trace)).errors[0]).toBe(2);
    expect([0, 1, 2].map((i) => stoppedBy(trace, i))).toEqual(["blocked", "", ""]);
  });

  test("an unknown value stays unknown and never turns into 0", () => {
    const trace = makeTrace([{ span_id: "a" }, { span_id: "b", parent_id: "a" }]);
    expect(sumTree(trace, buildTree(trace)).cost_usd[0]).toBeNaN();
    expect(addKnown(Number.NaN, 0)).toBe(0);
  });

  test("the roots add up to the counted spans, whatever the tree", () => {
    fc.assert(
      fc.property(runs, fc.array(fc.nat(29)), (rows, skipped) => {
        const uncounted = new Set(skipped.map((n) => `s${n}`));
        const trace = makeTrace(rows, [...uncounted]);
        const tree = buildTree(trace);
        const sums = sumTree(trace, tree);
        let total = Number.NaN;
        for (let root = 0; root < tree.length; root += tree.size[root]) total = addKnown(total, sums.input_tokens[root]);
        const counted = rows.filter((row) => !uncounted.has(row.span_id)).map((row) => row.input_tokens ?? Number.NaN);
        expect(total).toEqual(counted.reduce(addKnown, Number.NaN));
        expect(sums.errors[0]).toBe(rows.filter((row) => row.status === "error").length);
      }),
    );
  });

  test("a subtree spans all that happens in it", () => {
    fc.assert(
      fc.property(runs, (rows) => {
        const trace = makeTrace(rows);
        const tree = buildTree(trace);
        const sums = sumTree(trace, tree);
        for (let node = 0; node < tree.length; node++) {
          for (let at = node; at < node + tree.size[node]; at++) {
            expect(sums.from_us[node]).toBeLessThanOrEqual(trace.start_us[tree.span[at]]);
            expect(sums.to_us[node]).toBeGreaterThanOrEqual(endOf(trace, tree.span[at]));
          }
        }
      }),
    );
  });
});

describe("criticalPath", () => {
  test("follows the child that ended last", () => {
    const trace = makeTrace([
      { span_id: "root", duration_us: 100 },
      { span_id: "fast", parent_id: "root", start_us: 10, duration_us: 20 },
      { span_id: "slow", parent_id: "root", start_us: 10, duration_us: 70 },
    ]);
    expect(criticalPath(trace, buildTree(trace))).toEqual([
      { node: 0, from_us: 80, to_us: 100 },
      { node: 2, from_us: 10, to_us: 80 },
      { node: 0, from_us: 0, to_us: 10 },
    ]);
  });

  test("covers a root without gap or overlap", () => {
    fc.assert(
      fc.property(runs, (rows) => {
        const trace = makeTrace(rows);
        const tree = buildTree(trace);
        const path = criticalPath(trace, tree);
        const root = tree.span[0];
        fc.pre(endOf(trace, root) > trace.start_us[root]);
        expect(path[0].to_us).toBe(endOf(trace, root));
        expect(path.at(-1)?.from_us).toBe(trace.start_us[root]);
        for (let k = 1; k < path.length; k++) expect(path[k].to_us).toBe(path[k - 1].from_us);
      }),
    );
  });
});
