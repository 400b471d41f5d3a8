import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type PointerEvent, useMemo, useState } from "react";
import { type Noun, statsQuery } from "../../api/queries";
import type { Stats } from "../../api/types";
import { formatCount, formatMoment, formatOf } from "../../ui/format";
import { useListing, useProject } from "../frame/scope";
import { outcomeColor } from "../marks";

const HEIGHT = 40;
/** Runs that go on have no outcome yet. */
const RUNNING = "running";
/** From the ground up: what went well carries what did not. */
const STACK = ["success", RUNNING, "cancelled", "waiting", "refused", "blocked", "error"];

interface Bucket {
  time: number;
  total: number;
  parts: { outcome: string; count: number }[];
}

/** Runs (or steps) by time and outcome. Dragging over it narrows the range of time to what was drawn. */
export function Histogram({ of }: { of: Noun }) {
  const project = useProject();
  const { filter, from, to } = useListing();
  const { data } = useQuery(statsQuery(project, of === "runs" ? "traces" : "spans", "outcome", { filter, from, to }));
  const buckets = useMemo(() => (data ? stack(data) : []), [data]);
  const { range, handlers } = useDrag(buckets, data?.interval_s ?? 0);
  const most = Math.max(1, ...buckets.map(({ total }) => total));

  return (
    <div
      className="relative flex h-10 min-w-0 flex-1 touch-none items-end gap-px border-b border-line select-none"
      role="img"
      aria-label={`${of === "runs" ? "Runs" : "Steps"} by time and outcome`}
      data-testid="histogram"
      {...handlers}
    >
      {buckets.map((bucket, k) => (
        <div
          key={bucket.time}
          className={`flex h-full min-w-0 flex-1 flex-col-reverse rounded-[1px] ${range && k >= range[0] && k <= range[1] ? "bg-accent-soft" : "hover:bg-hover"}`}
          title={describe(bucket, of)}
        >
          {bucket.parts.map(({ outcome, count }) => (
            <div
              key={outcome}
              className="shrink-0"
              style={{
                height: Math.max(1, Math.round((count / most) * HEIGHT)),
                background: outcome === "success" ? "var(--line-strong)" : outcomeColor(outcome),
              }}
            />
          ))}
        </div>
      ))}
    </div>
  );
}

function stack({ series }: Stats): Bucket[] {
  const buckets = new Map<string, Bucket>();
  const ordered = series
    .map(({ group, points }) => ({ outcome: group["outcome"] || RUNNING, points }))
    .sort((a, b) => STACK.indexOf(a.outcome) - STACK.indexOf(b.outcome));
  for (const { outcome, points } of ordered) {
    for (const [iso, value] of points) {
      const bucket = buckets.get(iso) ?? { time: Date.parse(iso), total: 0, parts: [] };
      buckets.set(iso, bucket);
      if (!value) continue;
      bucket.total += value;
      bucket.parts.push({ outcome, count: value });
    }
  }
  return [...buckets.values()].sort((a, b) => a.time - b.time);
}

function describe({ time, total, parts }: Bucket, of: Noun): string {
  const lines = parts.toReversed().map(({ outcome, count }) => `${formatCount(count)} ${outcome}`);
  return [formatMoment(new Date(time).toISOString()), formatOf(total, of === "runs" ? "run" : "step"), ...lines].join("\n");
}

/** The buckets drawn over so far, first and last, and what to listen to. */
function useDrag(buckets: Bucket[], interval_s: number) {
  const navigate = useNavigate();
  const [drag, setDrag] = useState<{ start: number; end: number } | null>(null);
  const at = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(buckets.length - 1, Math.max(0, Math.floor(share * buckets.length)));
  };
  const finish = () => {
    setDrag(null);
    const [first, last] = drag ? [Math.min(drag.start, drag.end), Math.max(drag.start, drag.end)] : [0, 0];
    if (first === last) return;
    const from = new Date(buckets[first]!.time).toISOString();
    const to = new Date(buckets[last]!.time + interval_s * 1000).toISOString();
    void navigate({ to: ".", search: (search) => ({ ...search, from, to }) });
  };
  return {
    range: drag && ([Math.min(drag.start, drag.end), Math.max(drag.start, drag.end)] as const),
    handlers: {
      onPointerDown: (event: PointerEvent<HTMLElement>) => {
        if (event.button !== 0 || buckets.length === 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ start: at(event), end: at(event) });
      },
      onPointerMove: (event: PointerEvent<HTMLElement>) => drag && setDrag({ ...drag, end: at(event) }),
      onPointerUp: finish,
      onPointerCancel: () => setDrag(null),
    },
  };
}
