import fc from "fast-check";
import { expect, test } from "vitest";
import { quote, readTerms, saidOf, toggle, wanted } from "./terms";

test("terms are read with their values, quotes and all", () => {
  const [first, second] = readTerms('model:gpt-5,"a b" cost>1 -tag:"x,\\"y\\"" "rate limit: no"');
  expect(first).toMatchObject({ field: "model", values: ["gpt-5", "a b"], negated: false });
  expect(second).toMatchObject({ field: "tag", values: ['x,"y"'], negated: true });
});

test("a click adds a value, another one to the same term, and a second click takes it out", () => {
  const one = toggle("cost>1", "model", "gpt-5", "in");
  expect(one).toBe("cost>1 model:gpt-5");
  const two = toggle(one, "model", "o 3", "in");
  expect(two).toBe('cost>1 model:gpt-5,"o 3"');
  expect(toggle(two, "model", "gpt-5", "in")).toBe('cost>1 model:"o 3"');
  expect(toggle(one, "model", "gpt-5", "in")).toBe("cost>1");
});

test("a value that was wanted and is excluded changes sides", () => {
  const out = toggle('tag:beta "rate limit"', "tag", "beta", "out");
  expect(out).toBe('"rate limit" -tag:beta');
  expect(wanted(out, "tag", "beta")).toBe("out");
  expect(toggle(out, "tag", "beta", "in")).toBe('"rate limit" tag:beta');
});

test("running is an outcome with a word of its own, and excludes the others", () => {
  expect(toggle("outcome:error", "outcome", "running", "in")).toBe("is:running");
  expect(toggle("is:running", "outcome", "error", "in")).toBe("outcome:error");
  expect(toggle("outcome:error", "outcome", "running", "out")).toBe("outcome:error -is:running");
  expect(saidOf("is:running", "outcome")).toEqual(["running"]);
});

test("any value can be added, is read back, and leaves no trace when taken out", () => {
  const value = fc.string({ minLength: 1 }).filter((text) => text.trim() !== "");
  const before = fc.constantFrom("", "cost>1", 'agent:a,"b c"', '-model:x "two words"');
  fc.assert(
    fc.property(before, value, fc.constantFrom("in" as const, "out" as const), (text, said, want) => {
      const after = toggle(text, "user", said, want);
      expect(wanted(after, "user", said)).toBe(want);
      expect(toggle(after, "user", said, want)).toBe(text);
      expect(readTerms(`user:${quote(said)}`)[0]?.values).toEqual([said]);
    }),
  );
});
