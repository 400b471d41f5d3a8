import { expect, test } from "vitest";
import type { Trace } from "../../api/types";
import { flatten, type Listing, weave } from "./weave";

const run = (trace_id: string, second: number, span_count = 1) =>
  ({ trace_id, start_time: `2026-11-23T14:00:0${second.toFixed(1)}Z`, span_count }) as Trace;

const listing: Listing = {
  pages: [
    { traces: [run("c", 3), run("b", 2)], next_cursor: "x" },
    { traces: [run("a", 1)], next_cursor: null },
  ],
  pageParams: ["", "x"],
};

test("a run that is in the list is replaced where it stands", () => {
  const { listing: woven, added } = weave(listing, [run("a", 1, 7)]);
  expect(added).toEqual([]);
  expect(woven.pages[1]?.traces[0]?.span_count).toBe(7);
});

test("runs that are new go where they belong", () => {
  const { listing: woven, added } = weave(listing, [run("x", 1.5), run("d", 4), run("e", 5), run("b", 2)]);
  expect(flatten(woven.pages).map((trace) => trace.trace_id)).toEqual(["e", "d", "c", "b", "x", "a"]);
  expect(added).toEqual([0, 1, 4]);
  expect(woven.pages[0]?.next_cursor).toBe("x");
});

test("what is older than the loaded pages comes with its page", () => {
  const [first] = listing.pages;
  const begun: Listing = { ...listing, pages: first ? [first] : [] };
  expect(weave(begun, [run("a", 1)]).added).toEqual([]);
  expect(weave(listing, [run("z", 0)]).added).toEqual([3]);
});

test("a run on two pages is shown once", () => {
  expect(flatten([...listing.pages, ...listing.pages])).toHaveLength(3);
});
