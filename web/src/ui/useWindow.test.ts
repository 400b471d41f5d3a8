import fc from "fast-check";
import { expect, test } from "vitest";
import { windowAt } from "./useWindow";

test("every row in sight is mounted, and never many more", () => {
  const list = fc.record({ count: fc.integer({ min: 1, max: 100_000 }), height: fc.integer({ min: 0, max: 1400 }), row: fc.constantFrom(20, 28), beyond: fc.constantFrom(0, 14), share: fc.double({ min: 0, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(list, ({ count, height, row, share, beyond }) => {
      const scrollTop = share * Math.max(0, count * row - height);
      const { first, end } = windowAt(scrollTop, height, count, row, beyond);
      expect(first).toBeLessThanOrEqual(Math.floor(scrollTop / row));
      expect(end).toBeGreaterThanOrEqual(Math.min(count, Math.ceil((scrollTop + height) / row)));
      expect(end - first).toBeLessThanOrEqual(Math.ceil(height / row) + 2 * beyond + 14);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(end).toBeLessThanOrEqual(count);
    }),
  );
});
