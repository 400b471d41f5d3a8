import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fit, focus, fullView, pan, ticks, zoom } from "./scale";

const END = 8_200_400;
const views = fc
  .tuple(fc.integer({ min: 0, max: END }), fc.integer({ min: 0, max: END }))
  .map(([a, b]) => fit({ from_us: Math.min(a, b), to_us: Math.max(a, b) }, END));

describe("zoom", () => {
  test("keeps the moment under the pointer where it is, inside the run", () => {
    const view = zoom(fullView(100_000), 2, 50_000, 100_000);
    expect(view).toEqual({ from_us: 25_000, to_us: 75_000 });
  });

  test("zooming in and out at one place gives the view back", () => {
    fc.assert(
      fc.property(views, fc.double({ min: 0, max: 1, noNaN: true }), (view, share) => {
        fc.pre(view.to_us - view.from_us > 1000);
        const anchor = view.from_us + share * (view.to_us - view.from_us);
        const back = zoom(zoom(view, 4, anchor, END), 0.25, anchor, END);
        expect(back.from_us).toBeCloseTo(view.from_us, 3);
        expect(back.to_us).toBeCloseTo(view.to_us, 3);
      }),
    );
  });

  test("never leaves the run, however it is zoomed and moved", () => {
    fc.assert(
      fc.property(views, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), fc.integer({ min: -END, max: END }), (view, factor, by) => {
        for (const next of [zoom(view, factor, view.from_us, END), pan(view, by, END), focus(view.from_us, view.to_us, END)]) {
          expect(next.from_us).toBeGreaterThanOrEqual(0);
          expect(next.to_us).toBeLessThanOrEqual(END + 1e-6);
          expect(next.to_us - next.from_us).toBeGreaterThan(9.99);
        }
      }),
    );
  });

  test("a run without length has an axis", () => {
    expect(fullView(0).to_us).toBeGreaterThan(0);
    expect(ticks(fullView(0), 5).every(Number.isFinite)).toBe(true);
  });
});

describe("ticks", () => {
  test("are round", () => {
    expect(ticks({ from_us: 0, to_us: 8_200_400 }, 6)).toEqual([0, 2e6, 4e6, 6e6, 8e6]);
    expect(ticks({ from_us: 0, to_us: 130e6 }, 5)).toEqual([0, 30e6, 60e6, 90e6, 120e6]);
  });

  test("stand in the view, in order, and are not more than asked for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), fc.integer({ min: 10, max: 1e12 }), fc.integer({ min: 2, max: 20 }), (from, width, most) => {
        const view = { from_us: from, to_us: from + width };
        const marks = ticks(view, most);
        expect(marks.length).toBeLessThanOrEqual(most + 1);
        marks.forEach((mark, k) => {
          expect(mark).toBeGreaterThanOrEqual(view.from_us);
          expect(mark).toBeLessThanOrEqual(view.to_us);
          if (k > 0) expect(mark).toBeGreaterThan(marks[k - 1]);
        });
      }),
    );
  });
});
