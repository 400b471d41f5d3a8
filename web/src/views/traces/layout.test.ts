import fc from "fast-check";
import { expect, test } from "vitest";
import { type Chosen, type Column, moveColumn, place, readColumns, tracks, writeColumns } from "./layout";

const column = (id: string, more: Partial<Column<string>> = {}): Column<string> => ({ id, label: id, room: "narrow", width: "60px", render: () => id, ...more });
const columns = [column("time"), column("preview", { width: "minmax(0, 1fr)" }), column("score", { width: () => "" }), column("user", { extra: true })];

test("without a choice the usual columns stand that have something to show", () => {
  expect(place(columns, [], undefined).map(({ id }) => id)).toEqual(["time", "preview"]);
});

test("a choice stands as chosen, with what it leaves out left out and what isn't known passed over", () => {
  const placed = place(columns, [], [{ id: "user", width_px: 90 }, { id: "gone" }, { id: "score" }, { id: "time" }]);
  expect(placed.map(({ id, track }) => [id, track])).toEqual([
    ["user", "90px"],
    ["score", "minmax(40px, 64px)"],
    ["time", "60px"],
  ]);
  expect(tracks(placed, true, true)["--columns-narrow"]).toBe("14px 90px minmax(40px, 64px) 60px");
});

test("chosen columns are written and read back, each once and as wide as a screen at most", () => {
  const chosen = fc.uniqueArray(
    fc.record({ id: fc.stringMatching(/^[a-z_]{1,8}$/), width_px: fc.integer({ min: 28, max: 1600 }) }, { requiredKeys: ["id"] }),
    { selector: ({ id }) => id },
  );
  fc.assert(fc.property(chosen, (some) => {
      expect(readColumns(writeColumns(some as Chosen[]))).toEqual(some);
    }),
  );
  expect(readColumns("time,time.90,,x.1,y.99999,z.wide")).toEqual([{ id: "time" }, { id: "x", width_px: 28 }, { id: "y", width_px: 1600 }, { id: "z" }]);
});

test("a column goes to where another one stands", () => {
  const abc = readColumns("a,b,c");
  expect(writeColumns(moveColumn(abc, "a", "c"))).toBe("b,c,a");
  expect(writeColumns(moveColumn(abc, "c", "a"))).toBe("c,a,b");
  expect(writeColumns(moveColumn(abc, "c", "nowhere"))).toBe("a,b,c");
});
