import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { growTo, isGrowing } from "./grow";
import { heatOf } from "./heat";
import { findGaps } from "./idle";
import { makeSkeleton, makeTrace } from "./make";
import { findRetries } from "./retries";
import { openRun } from "./run";
import { startsBefore } from "./skew";
import { buildTree } from "./tree";

const open = (...rows: Parameters<typeof makeSkeleton>[0]) => openRun(makeSkeleton(rows));

describe("gaps", () => {
  it("are the time of a parent that no child covers", () => {
    const { trace, tree } = open(
      { span_id: "root", start_us: 0, duration_us: 100 },
      { span_id: "a", parent_id: "root", start_us: 10, duration_us: 20 },
      { span_id: "b", parent_id: "root", start_us: 20, duration_us: 30 },
    );
    expect(findGaps(trace, tree, 0, 1)).toEqual([
      { from_us: 0, to_us: 10 },
      { from_us: 50, to_us: 100 },
    ]);
    expect(findGaps(trace, tree, 1, 1)).toEqual([]);
  });

  it("and children cover the parent together, whatever their times", () => {
    const child = fc.record({ start_us: fc.integer({ min: 0, max: 99 }), duration_us: fc.integer({ min: 0, max: 50 }) });
    fc.assert(
      fc.property(fc.array(child, { minLength: 1, maxLength: 8 }), (children) => {
        const rows = children.map((times, k) => ({ span_id: `c${k}`, parent_id: "root", ...times }));
        const { trace, tree } = open({ span_id: "root", start_us: 0, duration_us: 100 }, ...rows);
        const gaps = findGaps(trace, tree, 0, 1);
        for (let us = 0; us < 100; us++) {
          const covered = children.some(({ start_us, duration_us }) => us >= start_us && us < start_us + duration_us);
          expect(gaps.some(({ from_us, to_us }) => us >= from_us && us < to_us)).toBe(!covered);
        }
      }),
    );
  });
});

describe("skew", () => {
  it("is told where a child starts before its parent", () => {
    const trace = makeTrace([
      { span_id: "root", start_us: 5000, duration_us: 10_000 },
      { span_id: "early", parent_id: "root", start_us: 0, duration_us: 100 },
      { span_id: "late", parent_id: "root", start_us: 6000, duration_us: 20_000 },
    ]);
    const tree = buildTree(trace);
    expect([0, 1, 2].map((node) => startsBefore(trace, tree, node))).toEqual([0, 5000, 0]);
  });
});

describe("retries", () => {
  it("are counted from the attempt that failed first", () => {
    const tool = { parent_id: "root", kind: "tool", name: "search", input_preview: "oslo" };
    const run = open(
      { span_id: "root" },
      { ...tool, span_id: "1", start_us: 1, outcome: "error" },
      { ...tool, span_id: "2", start_us: 2, outcome: "error" },
      { ...tool, span_id: "other", start_us: 3, input_preview: "bergen", outcome: "success" },
      { ...tool, span_id: "3", start_us: 4, outcome: "success" },
      { ...tool, span_id: "again", start_us: 5, outcome: "success" },
    );
    expect([...findRetries(run.trace, run.tree)]).toEqual([0, 0, 1, 0, 2, 0]);
  });
});

describe("heat", () => {
  it("is a share of what the hottest leaf took, and unknown where nothing is known", () => {
    const run = open(
      { span_id: "root", duration_us: 100 },
      { span_id: "a", parent_id: "root", duration_us: 40, cost_usd: 0.2 },
      { span_id: "b", parent_id: "root", duration_us: 10 },
    );
    expect([...heatOf(run, "duration")]).toEqual([1, 1, 0.25]);
    expect([...heatOf(run, "cost")]).toEqual([1, 1, Number.NaN]);
    expect([...heatOf(run, "tokens")]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe("a run that goes on", () => {
  it("reaches to now while it was heard of lately", () => {
    const run = open({ span_id: "root", duration_us: null }, { span_id: "a", parent_id: "root", duration_us: 1e6 });
    expect(isGrowing(run, 5e6)).toBe(true);
    expect(growTo(run, 5e6).sums.to_us[0]).toBe(5e6);
    expect(isGrowing(run, 5000e6)).toBe(false);
    expect(isGrowing(open({ span_id: "root", duration_us: 1e6 }), 5e6)).toBe(false);
  });
});
