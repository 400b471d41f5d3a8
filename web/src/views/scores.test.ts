import { expect, test } from "vitest";
import { rankScores, renderScore, verdictOf } from "./scores";

test.each([
  [{ name: "answered", value: 1, label: "true" }, true, "true"],
  [{ name: "answered", value: 0, label: "False" }, false, "False"],
  [{ name: "reward", value: 0 }, false, "0"],
  [{ name: "helpful", value: 0.90000000001, label: "" }, true, "0.9"],
  [{ name: "words", value: 212 }, undefined, "212"],
  [{ name: "tone", value: null, label: "friendly" }, undefined, "friendly"],
])("%o is %s and reads %s", (score, verdict, text) => {
  expect(verdictOf(score)).toBe(verdict);
  expect(renderScore(score)).toBe(text);
});

test("what was found wanting stands in front, the rest as it came", () => {
  const scores = ["a", "b", "c"].map((name, k) => ({ name, value: k === 1 ? 0 : 1 }));
  expect(rankScores(scores).map(({ name }) => name)).toEqual(["b", "a", "c"]);
});
