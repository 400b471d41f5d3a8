import { type CSSProperties, type RefObject, useLayoutEffect, useRef, useState } from "react";
import { ticks } from "../../trace/scale";
import { formatTick } from "../../ui/format";
import { useRun } from "./store";

const LABEL_WIDTH = 60;

/** The heads of the columns, with the time axis over the bars. */
export function Ruler() {
  const lane = useRef<HTMLDivElement>(null);
  const marks = useTicks(lane);
  return (
    <div className="timeline-grid h-6 shrink-0 items-center overflow-hidden border-b border-line text-xs text-faint [scrollbar-gutter:stable]">
      <span className="pl-3">Step</span>
      <div ref={lane} className="lane" aria-hidden>
        {marks.map(({ us, style, step_us, room }) => (
          <span key={us} className="tick border-transparent leading-6 whitespace-nowrap tabular-nums" style={style}>
            {room && <span className="pl-1">{formatTick(us, step_us)}</span>}
          </span>
        ))}
      </div>
      <span className="text-right">Duration</span>
      <span className="figure-minor text-right">Tokens</span>
      <span className="figure-minor text-right">Cost</span>
    </div>
  );
}

/** The lines of the axis behind all rows. */
export function TickLines() {
  const lane = useRef<HTMLDivElement>(null);
  const marks = useTicks(lane);
  return (
    <div className="timeline-grid pointer-events-none absolute inset-0 overflow-hidden [scrollbar-gutter:stable]" aria-hidden>
      <span />
      <div ref={lane} className="lane">
        {marks.map(({ us, style }) => (
          <span key={us} className="tick opacity-60" style={style} />
        ))}
      </div>
    </div>
  );
}

function useTicks(lane: RefObject<HTMLElement | null>) {
  const view = useRun((state) => state.view);
  const end_us = useRun((state) => state.run.trace.end_us);
  const width = useWidth(lane);
  const marks = ticks(view, Math.max(2, Math.floor(width / LABEL_WIDTH)));
  const step_us = marks.length > 1 ? marks[1] - marks[0] : view.to_us - view.from_us;
  return marks.map((us) => ({
    us,
    step_us,
    style: { "--x": us / Math.max(end_us, 1) } as CSSProperties,
    /** Whether a label fits between the tick and the end of the axis. */
    room: ((view.to_us - us) / (view.to_us - view.from_us)) * width > LABEL_WIDTH * 0.7,
  }));
}

export function useWidth(ref: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!ref.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
