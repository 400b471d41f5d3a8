import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packTexts, Texts } from "./texts";

const column = fc.array(fc.oneof(fc.constantFrom("", "chat", "search"), fc.string({ unit: "grapheme" })), { maxLength: 40 });

describe("Texts", () => {
  test("gives every text back, and equal numbers for equal texts", () => {
    fc.assert(
      fc.property(column, (values) => {
        const texts = new Texts(packTexts(values));
        expect(values.map((_, i) => texts.at(i))).toEqual(values);
        expect(texts.different).toBe(new Set(values).size);
        values.forEach((value, i) => {
          expect(texts.codeAt(i) === texts.codeAt(0)).toBe(value === values[0]);
        });
      }),
    );
  });

  test("finds the number of each text it holds and of no other", () => {
    fc.assert(
      fc.property(column, fc.string(), (values, other) => {
        const texts = new Texts(packTexts(values));
        values.forEach((value, i) => expect(texts.find(value)).toBe(texts.codeAt(i)));
        if (!values.includes(other)) expect(texts.find(other)).toBe(-1);
      }),
    );
  });

  test("has nothing outside of its rows", () => {
    const texts = new Texts(packTexts(["a"]));
    expect([texts.at(-1), texts.at(1)]).toEqual(["", ""]);
    expect(new Texts(packTexts([])).find("")).toBe(-1);
  });
});
