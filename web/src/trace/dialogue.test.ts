import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildTurns, type Dialogue, findTurns, sentBy, stepTurn } from "./dialogue";
import { makeSkeleton } from "./make";
import { openRun } from "./run";

function shared(a: number[], b: number[]): number {
  let k = 0;
  while (k < a.length && k < b.length && a[k] === b[k]) k++;
  return k;
}

/** A dialogue of calls that each name all they were sent and the call they go on from. */
function dialogueOf(calls: { sent: number[]; before?: number; output?: number[]; system?: number[] }[]): Dialogue {
  const same = calls.map(({ sent, before = -1 }) => (before < 0 ? 0 : shared(calls[before].sent, sent)));
  return {
    messages: { hash: [], role: [], name: [], origin: [], size_bytes: [], preview: [] },
    calls: {
      span_id: calls.map((_, k) => `c${k}`),
      before: calls.map(({ before = -1 }) => before),
      same,
      system: calls.map(({ system = [] }) => system),
      tools: calls.map(() => []),
      input: calls.map(({ sent }, k) => sent.slice(same[k])),
      output: calls.map(({ output = [] }) => output),
    },
  };
}

const run = openRun(
  makeSkeleton([
    { span_id: "root", kind: "agent", name: "planner" },
    { span_id: "c0", parent_id: "root", kind: "llm", start_us: 1 },
    { span_id: "sub", parent_id: "root", kind: "agent", name: "researcher", start_us: 2 },
    { span_id: "c1", parent_id: "sub", kind: "llm", start_us: 3 },
  ]),
);

describe("turns", () => {
  it("name what is new: neither what was sent before nor the answer that comes back", () => {
    const [first, second] = buildTurns(dialogueOf([{ sent: [1, 2], output: [3] }, { sent: [1, 2, 3, 4], before: 0 }]), run);
    expect(first).toMatchObject({ sent: 2, repeated: 0, fresh: [0, 1], after: 1 });
    expect(second).toMatchObject({ sent: 4, repeated: 3, same: 2, fresh: [1], dropped: [] });
  });

  it("tell what a rewritten history no longer holds", () => {
    const [, second] = buildTurns(dialogueOf([{ sent: [1, 2, 3, 4] }, { sent: [1, 9, 4], before: 0 }]), run);
    expect(second).toMatchObject({ dropped: [2, 3], fresh: [0], repeated: 2 });
  });

  it("belong to the nearest agent, at its depth", () => {
    const turns = buildTurns(dialogueOf([{ sent: [1] }, { sent: [2] }]), run);
    expect(turns.map(({ agent, depth }) => [agent, depth])).toEqual([["planner", 0], ["researcher", 1]]);
  });

  it("show a system prompt where it is another one", () => {
    const turns = buildTurns(dialogueOf([{ sent: [1], system: [7] }, { sent: [1, 2], before: 0, system: [7] }, { sent: [1, 2, 3], before: 1, system: [8] }]), run);
    expect(turns.map(({ newSystem }) => newSystem)).toEqual([true, false, true]);
  });

  it("give back all that was sent, however histories change", () => {
    const sent = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(sent, { minLength: 1, maxLength: 6 }), (histories) => {
        const calls = histories.map((history, k) => ({ sent: history, before: k - 1 }));
        expect(sentBy(dialogueOf(calls))).toEqual(histories);
        for (const turn of buildTurns(dialogueOf(calls), run)) expect(turn.repeated + turn.fresh.length).toBe(turn.sent);
      }),
    );
  });
});

describe("finding", () => {
  const said = ["Hello", "Oslo, please", "Booked in Oslo"];
  const dialogue = dialogueOf([{ sent: [0, 1] }, { sent: [0, 1], before: 0, output: [2] }]);
  Object.assign(dialogue.messages, { name: ["", "", ""], preview: said });
  const turns = buildTurns(dialogue, run);

  it("names turns that say it first, not those that repeat it", () => {
    expect(findTurns(dialogue, turns, "oslo PLEASE", new Set())).toEqual([0]);
    expect(findTurns(dialogue, turns, "oslo", new Set())).toEqual([0, 1]);
    expect(findTurns(dialogue, turns, "hello booked", new Set())).toEqual([]);
    expect(findTurns(dialogue, turns, "", new Set(["c0"]))).toEqual([]);
  });

  it("names turns that are known to say it further on", () => {
    expect(findTurns(dialogue, turns, "bristol", new Set(["c1"]))).toEqual([1]);
  });

  it("goes from turn to turn and round, from a step between them too", () => {
    const [first, second] = turns.map(({ node }) => node);
    expect(stepTurn(turns, [0, 1], first, 1)).toBe(1);
    expect(stepTurn(turns, [0, 1], second, 1)).toBe(0);
    expect(stepTurn(turns, [0, 1], second - 1, -1)).toBe(0);
    expect(stepTurn(turns, [0, 1], 0, 1)).toBe(0);
    expect(stepTurn(turns, [], first, 1)).toBe(-1);
  });
});
