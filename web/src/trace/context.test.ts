import { describe, expect, it } from "vitest";
import { buildContext } from "./context";
import { buildTurns, type Dialogue } from "./dialogue";
import { makeSkeleton } from "./make";
import { openRun } from "./run";

/** A system prompt (0), a tool (1), a question (2), a call (3), its result (4). */
const dialogue: Dialogue = {
  messages: {
    hash: ["a", "b", "c", "d", "e"],
    role: ["system", "", "user", "assistant", "tool"],
    name: ["", "search", "", "", ""],
    origin: ["system", "tools", "user", "assistant", "result"],
    size_bytes: [100, 50, 50, 100, 200],
    preview: ["", "", "", "", ""],
  },
  calls: { span_id: ["c0", "c1"], before: [-1, 0], same: [0, 1], system: [[0], [0]], tools: [[1], [1]], input: [[2], [3, 4]], output: [[3], []] },
};

const contextOf = (tokens: (number | null)[]) => {
  const run = openRun(makeSkeleton(tokens.map((input_tokens, k) => ({ span_id: `c${k}`, kind: "llm", start_us: k, input_tokens, cache_read_tokens: k * 10 }))));
  return buildContext(dialogue, buildTurns(dialogue, run), run.trace, run.tree);
};

describe("context", () => {
  it("shares the tokens of a call out by size and origin", () => {
    const { calls, total } = contextOf([20, 50]);
    expect(calls[0].tokens).toEqual({ system: 10, tools: 5, history: 0, results: 0, new: 5 });
    expect(calls[1].tokens).toEqual({ system: 10, tools: 5, history: 15, results: 0, new: 20 });
    expect([calls[1].cached, total]).toEqual([10, 70]);
  });

  it("ranks contents by what they took over all calls", () => {
    const [first, second] = contextOf([20, 50]).contents;
    expect([first, second]).toEqual([
      { message: 0, times: 2, tokens: 20 },
      { message: 4, times: 1, tokens: 20 },
    ]);
  });

  it("guesses where no tokens are told, from the calls that tell them", () => {
    const { calls } = contextOf([20, null]);
    expect([calls[1].total, calls[1].guessed]).toEqual([50, true]);
    expect(contextOf([null, null]).calls[0].total).toBe(50);
  });
});
