import { expect, test } from "vitest";
import { fieldsFor, insert, wordAt } from "./complete";

test("the word at the caret is a field until its colon and a value after it", () => {
  expect(wordAt("status:error mod", 16)).toEqual({ start: 13, end: 16, field: "", prefix: "mod" });
  expect(wordAt("status:error model:gp", 21)).toEqual({ start: 19, end: 21, field: "model", prefix: "gp" });
  expect(wordAt("-tag:in", 7)).toEqual({ start: 5, end: 7, field: "tag", prefix: "in" });
  expect(wordAt("model:a,b", 9)).toEqual({ start: 8, end: 9, field: "model", prefix: "b" });
});

test("nothing is offered inside a phrase or a comparison", () => {
  expect(fieldsFor(wordAt('"rate li', 8).prefix)).toEqual([]);
  expect(fieldsFor(wordAt("cost>0", 6).prefix)).toEqual([]);
});

test("choosing a field leaves the caret behind its colon, choosing a value behind a space", () => {
  const field = wordAt("sta", 3);
  expect(insert("sta", field, "status")).toEqual({ text: "status:", caret: 7 });
  const value = wordAt("model:gp cost>1", 8);
  expect(insert("model:gp cost>1", value, "gpt-5")).toEqual({ text: "model:gpt-5 cost>1", caret: 12 });
  expect(insert("name:", wordAt("name:", 5), "plan a trip").text).toBe('name:"plan a trip" ');
});
