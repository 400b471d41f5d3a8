/** The part of the time axis that is in view, in microseconds from the start of the run. */
export interface Viewport {
  readonly from_us: number;
  readonly to_us: number;
}

/** Closer than this no two bars differ on any screen. */
const NARROWEST_US = 10;

/** The whole run; a run without length still gets an axis. */
export function fullView(end_us: number): Viewport {
  return { from_us: 0, to_us: Math.max(end_us, NARROWEST_US) };
}

/** Zoom by `factor` (> 1 shows less) with the moment `anchor_us` staying where it is on screen. */
export function zoom(view: Viewport, factor: number, anchor_us: number, end_us: number): Viewport {
  const from_us = anchor_us - (anchor_us - view.from_us) / factor;
  const to_us = anchor_us + (view.to_us - anchor_us) / factor;
  return fit({ from_us, to_us }, end_us);
}

export function pan(view: Viewport, delta_us: number, end_us: number): Viewport {
  return fit({ from_us: view.from_us + delta_us, to_us: view.to_us + delta_us }, end_us);
}

/** Hold a view inside the run: not wider than it, not narrower than an eye can use, not beside it. */
export function fit(view: Viewport, end_us: number): Viewport {
  const full = fullView(end_us);
  const width = Math.min(Math.max(view.to_us - view.from_us, NARROWEST_US), full.to_us);
  const from_us = Math.min(Math.max(view.from_us, 0), full.to_us - width);
  return { from_us, to_us: from_us + width };
}

/** A view that shows the span from `from_us` to `to_us` with a little air on both sides. */
export function focus(from_us: number, to_us: number, end_us: number): Viewport {
  const air = (to_us - from_us) * 0.05;
  return fit({ from_us: from_us - air, to_us: to_us + air }, end_us);
}

/**
 * Round moments to label, at most `most + 1` of them: steps are 1, 2 or 5 times a power of ten below
 * a second, and what a clock shows above it.
 */
export function ticks(view: Viewport, most: number): number[] {
  const step = tickStep((view.to_us - view.from_us) / Math.max(1, most));
  const marks: number[] = [];
  for (let k = Math.ceil(view.from_us / step); k * step <= view.to_us; k++) marks.push(k * step);
  return marks;
}

const SECOND = 1e6;
const DAY = 86_400 * SECOND;
const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200].map(
  (seconds) => seconds * SECOND,
);

function tickStep(least_us: number): number {
  if (least_us > SECOND / 2) {
    return CLOCK_STEPS.find((step) => step >= least_us) ?? Math.ceil(least_us / DAY) * DAY;
  }
  const power = 10 ** Math.floor(Math.log10(Math.max(least_us, 1)));
  return ([1, 2, 5].find((times) => times * power >= least_us) ?? 10) * power;
}
