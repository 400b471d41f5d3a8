import "./timeline.css";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type CSSProperties, type RefObject, useCallback, useEffect, useEffectEvent, useRef } from "react";
import { spanQuery } from "../../api/queries";
import { pan, type Viewport, zoom } from "../../trace/scale";
import { useHeat } from "./colour";
import { Minimap } from "./Minimap";
import { Ruler, TickLines } from "./Ruler";
import { SpanRow } from "./SpanRow";
import { rowAt, useRun, useRunStore } from "./store";
import { Toolbar } from "./Toolbar";
import { useRowHeight } from "./density";
import { useTimelineKeys } from "./useTimelineKeys";
import { useWindow } from "../../ui/useWindow";

/** The tree and the waterfall in one list: about as many rows are mounted as there are in sight. */
export function Timeline() {
  const container = useRef<HTMLDivElement>(null);
  useViewVariables(container);
  return (
    <div ref={container} className="timeline flex min-h-0 flex-1 flex-col" data-testid="timeline">
      <Toolbar />
      <Minimap />
      <Ruler />
      <div className="relative flex min-h-0 flex-1 flex-col">
        <TickLines />
        <Rows container={container} />
      </div>
    </div>
  );
}

function Rows({ container }: { container: RefObject<HTMLDivElement | null> }) {
  const store = useRunStore();
  const prefetch = usePrefetch();
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useRun((state) => state.rows);
  const run = useRun((state) => state.run);
  const opening = useRun((state) => state.opening);
  const cursor = useRun((state) => state.cursor);
  const hits = useRun((state) => state.hits);
  const query = useRun((state) => state.found);
  const heat = useHeat();
  const rowHeight = useRowHeight();
  const [{ first, end }, reach] = useWindow(scroller, rows.length, rowHeight);
  const mounted = Array.from({ length: Math.max(0, Math.min(end, rows.length) - first) }, (_, k) => first + k);
  const chosen = rowAt(rows, cursor);
  useTimelineKeys(reach);
  useReachFromElsewhere(reach);
  useWheel(scroller, container);

  return (
    <div ref={scroller} className="relative min-h-0 flex-1 overflow-y-auto overscroll-contain [overflow-anchor:none] [scrollbar-gutter:stable]" data-testid="timeline-rows">
      <div
        role="tree"
        aria-label="Spans"
        tabIndex={0}
        aria-activedescendant={`row-${chosen}`}
        className="relative outline-none"
        style={{ height: rows.length * rowHeight, "--row-height": `${rowHeight}px` } as CSSProperties}
      >
        {mounted.map((row) => {
          const node = rows.node[row];
          const fold = rows.fold[row];
          return (
            <SpanRow
              key={row}
              store={store}
              run={run}
              row={row}
              node={node}
              fold={fold}
              depth={rows.depth[row]}
              top={row * rowHeight}
              open={fold >= 0 ? opening.unfolded[fold] === 1 : opening.collapsed[node] === 0}
              chosen={row === chosen}
              dim={query !== "" && !holds(hits, node, fold >= 0 ? run.folds.end[fold] : node + 1)}
              query={query}
              heat={heat}
              onNear={prefetch}
            />
          );
        })}
      </div>
    </div>
  );
}

const route = getRouteApi("/projects/$project/runs/$traceId");

/** Load a span when the pointer comes near it, so that it is there when it is chosen. */
function usePrefetch(): (node: number) => void {
  const store = useRunStore();
  const { project, traceId } = route.useParams();
  const queryClient = useQueryClient();
  return useCallback(
    (node) => {
      const { trace, tree } = store.getState().run;
      const i = tree.span[node];
      if (i >= 0) void queryClient.prefetchQuery(spanQuery(project, traceId, trace.span_id.at(i)));
    },
    [store, project, traceId, queryClient],
  );
}

/** Whether one of the sorted hits lies in [from, to). */
function holds(hits: Int32Array, from: number, to: number): boolean {
  let low = 0;
  let high = hits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (hits[middle] < from) low = middle + 1;
    else high = middle;
  }
  return low < hits.length && hits[low] < to;
}

/** Keep --from, --to and --zoom at what is in view, without drawing anything again. */
function useViewVariables(container: RefObject<HTMLDivElement | null>): void {
  const store = useRunStore();
  useEffect(() => {
    const apply = (view: Viewport, whole_us: number) => {
      const style = container.current?.style;
      style?.setProperty("--from", String(view.from_us / whole_us));
      style?.setProperty("--to", String(view.to_us / whole_us));
      style?.setProperty("--zoom", String(whole_us / (view.to_us - view.from_us)));
    };
    const update = () => {
      const { view, run } = store.getState();
      apply(view, Math.max(run.trace.end_us, 1));
    };
    update();
    return store.subscribe(update);
  }, [store, container]);
}

/** What jumps to a span from elsewhere (the minimap, a link, a search) brings it into sight, once. */
function useReachFromElsewhere(reach: (row: number) => void): void {
  const store = useRunStore();
  const latest = useEffectEvent(reach);
  useEffect(() => {
    const { rows, cursor } = store.getState();
    if (rowAt(rows, cursor) > 0) latest(rowAt(rows, cursor));
    return store.subscribe((now, before) => {
      if (now.cursor !== before.cursor && now.run === before.run) latest(rowAt(now.rows, now.cursor));
    });
  }, [store]);
}

const ZOOM_STEP = 0.0022;

/** Pinching (or the wheel with Ctrl) zooms at the pointer, moving sideways moves along the axis. */
function useWheel(scroller: RefObject<HTMLDivElement | null>, container: RefObject<HTMLDivElement | null>): void {
  const store = useRunStore();
  useEffect(() => {
    const element = scroller.current;
    const onWheel = (event: WheelEvent) => {
      const lane = container.current?.querySelector(".lane")?.getBoundingClientRect();
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      const zooming = event.ctrlKey || event.metaKey;
      if (!lane || (!zooming && Math.abs(sideways) <= Math.abs(event.shiftKey ? 0 : event.deltaY))) return;
      event.preventDefault();
      const { view, run, setView } = store.getState();
      const width_us = view.to_us - view.from_us;
      if (zooming) {
        const anchor_us = view.from_us + ((event.clientX - lane.left) / lane.width) * width_us;
        setView(zoom(view, Math.exp(-event.deltaY * ZOOM_STEP), anchor_us, run.trace.end_us));
      } else {
        setView(pan(view, (sideways / lane.width) * width_us, run.trace.end_us));
      }
    };
    // React's own wheel listeners are passive: they can't keep the browser from zooming the page.
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, [store, scroller, container]);
}
