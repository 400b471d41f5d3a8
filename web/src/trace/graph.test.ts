import { describe, expect, it } from "vitest";
import { buildGraph } from "./graph";
import { makeSkeleton } from "./make";
import { openRun } from "./run";

const step = (span_id: string, name: string, kind: string, start_us: number, parent_id = "root") => ({ span_id, parent_id, name, display_name: name, kind, start_us });
const run = openRun(
  makeSkeleton([
    { ...step("root", "planner", "agent", 0, ""), duration_us: 100 },
    { ...step("a", "chat", "llm", 1), model: "gpt-5" },
    step("b", "search", "tool", 2),
    step("inside", "GET", "http", 3, "b"),
    { ...step("c", "chat", "llm", 4), model: "gpt-5" },
    { ...step("d", "search", "tool", 5), outcome: "error" },
    step("e", "researcher", "agent", 6),
  ]),
);

describe("graph", () => {
  it("folds steps by name, without what tools do inside", () => {
    const { nodes } = buildGraph(run, true);
    expect(nodes.map(({ id, nodes: held }) => [id, held.length])).toEqual([
      ["agent planner", 1],
      ["llm gpt-5", 2],
      ["tool search", 2],
      ["agent researcher", 1],
    ]);
    expect(nodes[2].errors).toBe(1);
  });

  it("counts what came after what: a loop is an edge back", () => {
    const { edges } = buildGraph(run, true);
    expect(edges.map(({ from, to, form, nodes }) => [from, to, form, nodes.length])).toEqual([
      ["agent planner", "llm gpt-5", "call", 1],
      ["llm gpt-5", "tool search", "then", 2],
      ["tool search", "llm gpt-5", "then", 1],
      ["tool search", "agent researcher", "then", 1],
    ]);
  });

  it("shows every step by itself where it is unfolded", () => {
    const { nodes, edges } = buildGraph(run, false);
    expect([nodes.length, edges.length]).toEqual([6, 5]);
  });
});
