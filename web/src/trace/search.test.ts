import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeTrace } from "./make";
import { buildHaystack, findRanges, search, splitWords } from "./search";
import { buildTree } from "./tree";

describe("search", () => {
  test("finds the nodes that hold every word, in any column and any case", () => {
    const trace = makeTrace([
      { span_id: "a", display_name: "Planner" },
      { span_id: "b", parent_id: "a", tool: "search_orders", error_message: "429 Too Many Requests" },
      { span_id: "c", parent_id: "gone", start_us: 1 },
    ]);
    const haystack = buildHaystack(trace, buildTree(trace));
    expect(Array.from(search(haystack, "orders 429"))).toEqual([1]);
    expect(Array.from(search(haystack, '"too many"'))).toEqual([1]);
    expect(Array.from(search(haystack, "gone"))).toEqual([2]);
    expect(Array.from(search(haystack, "  "))).toEqual([]);
  });

  test("splits at spaces and keeps phrases", () => {
    expect(splitWords('Rate "too MANY" x"y')).toEqual(["rate", "too many", "x", "y"]);
  });
});

describe("findRanges", () => {
  test("marks what matches, merged where matches meet", () => {
    expect(findRanges("search_orders", ["search", "ch_or", "s"])).toEqual([
      [0, 9],
      [12, 13],
    ]);
  });

  test("marks nothing where lower case moves the letters", () => {
    expect(findRanges("İstanbul x", ["x"])).toEqual([]);
  });

  test("gives sorted, separate ranges, each inside the text", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string({ minLength: 1, maxLength: 3 })), (text, words) => {
        const ranges = findRanges(text, words.map((word) => word.toLowerCase()));
        let end = -1;
        for (const [from, to] of ranges) {
          expect(from).toBeGreaterThan(end);
          expect(to).toBeGreaterThan(from);
          expect(to).toBeLessThanOrEqual(text.length);
          end = to;
        }
      }),
    );
  });
});
