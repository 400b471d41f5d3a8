import { expect, test } from "vitest";
import { renderPath } from "./Json";

test("a path reads as one would write it in code", () => {
  expect(renderPath(["messages", 0, "content", "gen_ai.system", 2])).toBe('messages[0].content["gen_ai.system"][2]');
});
