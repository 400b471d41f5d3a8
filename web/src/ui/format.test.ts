import { expect, test } from "vitest";
import { formatAgo, formatDuration, formatMoment, formatOf, formatPercent, formatShort, formatTick, formatUsd, lastPart } from "./format";

test.each([
  [0, "0"],
  [999, "999"],
  [9100, "9.1k"],
  [12_400, "12.4k"],
  [88_000, "88k"],
  [99_960, "100k"],
  [999_600, "1M"],
  [1_234_567, "1.2M"],
])("formatShort(%d) is %s", (n, text) => expect(formatShort(n)).toBe(text));

test.each([
  [0, "$0"],
  [0.031, "$0.031"],
  [0.412, "$0.412"],
  [41.2, "$41.20"],
  [0.00042, "$0.00042"],
  [1234.5, "$1,235"],
])("formatUsd(%d) is %s", (usd, text) => expect(formatUsd(usd)).toBe(text));

test.each([
  [0, "0 µs"],
  [340_000, "340 ms"],
  [999_600, "1 s"],
  [8_200_400, "8.2 s"],
  [61e6, "61 s"],
  [125e6, "2 m 05 s"],
  [3_599_900_000, "1 h 00 m"],
  [11_520e6, "3 h 12 m"],
  [187_200e6, "2 d 4 h"],
])("formatDuration(%d) is %s", (us, text) => expect(formatDuration(us)).toBe(text));

test("moments are clock times today and dates before", () => {
  const now = new Date(2026, 10, 23, 18, 0, 0);
  expect(formatMoment(new Date(2026, 10, 23, 14, 2, 11).toISOString(), now)).toBe("14:02:11");
  expect(formatMoment(new Date(2026, 10, 20, 14, 2, 11).toISOString(), now)).toBe("Nov 20 14:02");
  expect(formatMoment(new Date(2025, 0, 5, 4, 2).toISOString(), now)).toBe("2025-01-05 04:02");
  expect(formatAgo(new Date(2026, 10, 23, 17, 57).toISOString(), now)).toBe("3 m ago");
});

test("a type is named by its end", () => {
  expect(["openai.RateLimitError", "KeyError", "", "odd."].map(lastPart)).toEqual(["RateLimitError", "KeyError", "", "odd."]);
});

test("one is one, and all else many", () => {
  expect([0, 1, 2, 1284].map((n) => formatOf(n, "step"))).toEqual(["0 steps", "1 step", "2 steps", "1,284 steps"]);
  expect(formatOf(1, "call has", "calls have")).toBe("1 call has");
});

test("shares keep one digit while they are small", () => {
  expect([0, 0.061, 0.42].map(formatPercent)).toEqual(["0%", "6.1%", "42%"]);
});

test.each([
  [0, 1e6, "0"],
  [28_500_000, 500_000, "28.5 s"],
  [29_000_000, 500_000, "29.0 s"],
  [2e6, 1e6, "2 s"],
  [250_000, 50_000, "250 ms"],
  [1500, 500, "1.5 ms"],
  [90e6, 30e6, "1 m 30 s"],
  [5_400e6, 1_800e6, "1 h 30 m"],
])("formatTick(%d, %d) is %s", (us, step, text) => expect(formatTick(us, step)).toBe(text));
