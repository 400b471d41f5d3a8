import { type RefObject, useLayoutEffect, useState } from "react";

/** Rows mounted above and below those in sight. */
const BEYOND = 14;
/** After a jump, of more than is in sight, the rows beyond are mounted once the list rests for so long. */
const REST_MS = 80;
/** The window moves in steps of so many rows: between them scrolling draws nothing. */
const STEP = 6;

interface Window {
  readonly first: number;
  /** The row after the last. */
  readonly end: number;
}

/**
 * The rows to mount of a list whose rows are all equally tall, and how to bring one into sight. With
 * one height nothing is measured and nothing kept for each row, which a list of 100,000 would pay for.
 */
export function useWindow(scroller: RefObject<HTMLElement | null>, count: number, rowHeight: number): [Window, (row: number) => void] {
  const [window, setWindow] = useState<Window>({ first: 0, end: 0 });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    let top = element.scrollTop;
    let resting: ReturnType<typeof setTimeout> | undefined;
    const mount = (beyond: number) => {
      const next = windowAt(element.scrollTop, element.clientHeight, count, rowHeight, beyond);
      setWindow((now) => (now.first === next.first && now.end === next.end ? now : next));
    };
    const move = () => {
      const jumped = Math.abs(element.scrollTop - top) > element.clientHeight;
      top = element.scrollTop;
      clearTimeout(resting);
      if (jumped) resting = setTimeout(() => mount(BEYOND), REST_MS);
      mount(jumped ? 0 : BEYOND);
    };
    move();
    element.addEventListener("scroll", move, { passive: true });
    const observer = new ResizeObserver(move);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", move);
      observer.disconnect();
      clearTimeout(resting);
    };
  }, [scroller, count, rowHeight]);

  const reach = (row: number) => {
    const element = scroller.current;
    if (!element) return;
    const top = row * rowHeight;
    const lowest = top + rowHeight - element.clientHeight;
    if (top < element.scrollTop) element.scrollTo({ top });
    else if (lowest > element.scrollTop) element.scrollTo({ top: lowest });
  };
  return [window, reach];
}

/** Exported for its test. */
export function windowAt(scrollTop: number, height: number, count: number, rowHeight: number, beyond: number): Window {
  const first = Math.floor((scrollTop / rowHeight - beyond) / STEP) * STEP;
  const end = Math.ceil(((scrollTop + height) / rowHeight + beyond) / STEP) * STEP;
  return { first: Math.min(Math.max(0, first), Math.max(0, count - 1)), end: Math.min(count, end) };
}
