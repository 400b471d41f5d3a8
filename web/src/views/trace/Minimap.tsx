import { type PointerEvent, useEffect, useRef, useSyncExternalStore } from "react";
import type { Run } from "../../trace/run";
import { fit } from "../../trace/scale";
import { endOf, isError } from "../../trace/trace";
import { kindColor } from "../marks";
import { useWidth } from "./Ruler";
import { useRun, useRunStore } from "./store";

const HEIGHT = 36;

/** The whole run on one canvas: errors are seen from afar, dragging chooses what is in view. */
export function Minimap() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const run = useRun((state) => state.run);
  const width = useWidth(frame);
  const theme = useDocumentTheme();
  const drag = useDrag();
  const whole = useRun(({ view, run: { trace } }) => view.to_us - view.from_us >= trace.end_us);
  useEffect(() => {
    if (canvas.current && width > 0 && theme) draw(canvas.current, run, width);
  }, [run, width, theme]);
  return (
    <div ref={frame} className="relative h-9 shrink-0 touch-none overflow-hidden border-b border-line bg-sunken select-none" data-testid="minimap" title="Drag to zoom, double-click to see all" {...drag}>
      <canvas ref={canvas} className="absolute inset-0" style={{ width, height: HEIGHT }} />
      <div className="minimap-shade" data-side="left" hidden={whole} />
      <div className="minimap-shade" data-side="right" hidden={whole} />
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, { trace, tree }: Run, width: number): void {
  const ratio = devicePixelRatio;
  const hidden = hiddenBehind(width * ratio, HEIGHT * ratio);
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(ratio, ratio);
  const color = resolveColors();
  const perRow = HEIGHT / Math.max(tree.length, 8);
  const perUs = width / Math.max(trace.end_us, 1);
  const bar = (node: number, fill: string, alpha: number, least: number) => {
    const i = tree.span[node];
    const from = trace.start_us[i] * perUs;
    const length = Math.max(least, (endOf(trace, i) - trace.start_us[i]) * perUs);
    if (hidden(fill, node * perRow * ratio, from * ratio, (from + length) * ratio)) return;
    context.globalAlpha = alpha;
    context.fillStyle = color(fill);
    context.fillRect(from, node * perRow, length, Math.max(least, perRow * 0.8));
  };
  for (let node = 0; node < tree.length; node++) {
    const i = tree.span[node];
    if (i >= 0 && !isError(trace, i)) bar(node, kindColor(trace.kind.at(i)), tree.size[node] > 1 ? 0.25 : 0.85, 0.6);
  }
  // Errors last and never thinner than an eye can find.
  for (let node = 0; node < tree.length; node++) {
    if (tree.span[node] >= 0 && isError(trace, tree.span[node])) bar(node, "var(--outcome-error)", 1, 2);
  }
}

/**
 * Of 100,000 bars most fall on pixels that one of their colour has filled: whether this one does, by the
 * line of pixels it stands in and where the last one there that was drawn begins and ends.
 */
function hiddenBehind(width: number, height: number) {
  const drawn = new Map<string, Int32Array>();
  return (color: string, y: number, from: number, to: number): boolean => {
    let lines = drawn.get(color);
    if (!lines) drawn.set(color, (lines = new Int32Array(2 * (Math.ceil(height) + 1)).fill(-1)));
    const line = 2 * Math.floor(y);
    const [left, right] = [Math.floor(from), Math.min(Math.ceil(to), width)];
    if (lines[line] >= 0 && lines[line] <= left && lines[line + 1] >= right) return true;
    lines[line] = left;
    lines[line + 1] = right;
    return false;
  };
}

/** A canvas doesn't know CSS variables: look each one up once. */
function resolveColors(): (variable: string) => string {
  const style = getComputedStyle(document.documentElement);
  const known = new Map<string, string>();
  return (variable) => {
    let color = known.get(variable);
    if (color === undefined) {
      color = style.getPropertyValue(variable.slice(4, -1)).trim();
      known.set(variable, color);
    }
    return color;
  };
}

/** A hand that clicks moves a little, too: less than this share of the width is no drag. */
const CLICK = 0.004;

function share(event: PointerEvent<HTMLElement>): number {
  const box = event.currentTarget.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
}

function useDrag() {
  const store = useRunStore();
  const start = useRef<number | null>(null);
  return {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      start.current = share(event);
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const [a, b] = [start.current, share(event)];
      const { run, setView } = store.getState();
      if (a === null || Math.abs(a - b) < CLICK) return;
      setView(fit({ from_us: Math.min(a, b) * run.trace.end_us, to_us: Math.max(a, b) * run.trace.end_us }, run.trace.end_us));
    },
    onPointerUp: () => {
      start.current = null;
    },
    onDoubleClick: () => store.getState().showAll(),
  };
}

function useDocumentTheme(): string {
  return useSyncExternalStore(subscribeToTheme, () => document.documentElement.dataset["theme"] ?? "");
}

function subscribeToTheme(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}
