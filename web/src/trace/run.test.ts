import { expect, test } from "vitest";
import { makeSkeleton, type SpanRow } from "./make";
import { allOpen, listRows } from "./rows";
import { idOf, nameOf, nodeOf, openRun } from "./run";

/** An agent that calls models and tools for a long time, its spans in order of start. */
function longRun(count: number): SpanRow[] {
  return Array.from({ length: count }, (_, n) => ({
    span_id: `s${n}`,
    parent_id: n === 0 ? "" : n % 97 === 0 ? "never sent" : `s${Math.floor((n - 1) / 7)}`,
    display_name: n % 5 ? "search" : "chat",
    kind: n % 5 ? "tool" : "llm",
    start_us: n * 10,
    input_tokens: n,
  }));
}

test("a run of 100,000 spans opens in a moment", () => {
  const skeleton = makeSkeleton(longRun(100_000));
  const began = performance.now();
  const run = openRun(skeleton);
  const opened = performance.now();
  const rows = listRows(run.tree, run.folds, allOpen(run.tree, run.folds));
  const listed = performance.now();
  console.info(`open ${(opened - began).toFixed(0)} ms, list ${(listed - opened).toFixed(1)} ms, ${rows.length} rows`);
  expect(run.tree.length).toBe(100_001);
});

test("spans and markers have names and ids", () => {
  const run = openRun(makeSkeleton([{ span_id: "a", name: "chat" }, { span_id: "b", parent_id: "gone" }]));
  expect([0, 1, 2].map((node) => nameOf(run, node))).toEqual(["chat", "missing parent", "unnamed"]);
  expect([0, 1, 2].map((node) => idOf(run, node))).toEqual(["a", "missing gone", "b"]);
  expect(nodeOf(run, "b")).toBe(2);
  expect(nodeOf(run, "nobody")).toBe(-1);
});
