import { describe, expect, it } from "vitest";
import { makeSkeleton, type SpanRow } from "./make";
import { countAgain, findRepeats } from "./repeats";
import { openRun } from "./run";

const steps = (...told: Partial<SpanRow>[]) =>
  openRun(
    makeSkeleton([
      { span_id: "root", kind: "agent" },
      ...told.map((step, k) => ({ kind: "tool", duration_us: 10, start_us: k * 10, parent_id: "root", span_id: `s${k}`, ...step })),
    ]),
  );
const repeatsOf = (run: ReturnType<typeof steps>) => findRepeats(run.trace, run.tree, run.sums);

describe("repeats", () => {
  it("are calls with the same input, with what all but the first took", () => {
    const look = { name: "search", input_digest: "a1", output_digest: "b1", cost_usd: 0.5 };
    const run = steps(look, { name: "other", input_digest: "a1" }, look, look);
    const [repeat, ...others] = repeatsOf(run);
    expect(others).toEqual([]);
    expect(repeat).toMatchObject({ form: "same", names: ["search"], nodes: [1, 3, 4], times: 3, sameResult: true, again_us: 20, again_usd: 1 });
    expect([...countAgain(run.tree, [repeat])]).toEqual([0, 0, 0, 1, 2]);
  });

  it("are told where inputs hardly differ", () => {
    const asked = ["hotels in Oslo for two nights", "hotels in Oslo for three nights", "hotels in Oslo for four nights", "trains to Bergen"];
    const run = steps(...asked.map((input_preview, k) => ({ name: "search", input_preview, input_digest: `${k}` })));
    expect(repeatsOf(run)).toMatchObject([{ form: "similar", nodes: [1, 2, 3], sameResult: false }]);
  });

  it("are patterns of steps that alternate", () => {
    const names = ["plan", "edit", "test", "edit", "test", "edit", "test", "done"];
    const run = steps(...names.map((name, k) => ({ name, input_digest: `${k}` })));
    expect(repeatsOf(run)).toMatchObject([{ form: "pattern", names: ["edit", "test"], nodes: [2, 3, 4, 5, 6, 7], times: 3, again_us: 40 }]);
  });

  it("need an input: steps that were given nothing can't be told apart", () => {
    expect(repeatsOf(steps({ name: "ping" }, { name: "ping" }))).toEqual([]);
  });
});
