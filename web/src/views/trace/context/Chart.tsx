import { type PointerEvent, useRef, useState } from "react";
import { type CallContext, type Context, PARTS } from "../../../trace/context";
import { formatCount, formatShort } from "../../../ui/format";
import { useWidth } from "../Ruler";
import { useRun, useRunStore } from "../store";
import { PART_COLORS } from "./parts";

const HEIGHT = 180;
/** A bar is never wider, so that a run of three calls doesn't look like three walls. */
const WIDEST = 48;

/** A stacked bar a call. One path a part, however many calls there are; a click shows the call's span. */
export function Chart({ context }: { context: Context }) {
  const store = useRunStore();
  const chosen = useRun((state) => state.cursor.node);
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [hovered, setHovered] = useState(-1);
  const { calls } = context;
  const most = Math.max(1, ...calls.map(({ total }) => total));
  const step = Math.min(WIDEST, width / Math.max(1, calls.length));
  const at = (event: PointerEvent<SVGElement>) => {
    const call = Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left) / Math.max(step, 0.01));
    return call >= 0 && call < calls.length ? call : -1;
  };
  const shown = hovered >= 0 ? calls[hovered] : calls.find(({ turn }) => turn.node === chosen);
  const choose = (event: PointerEvent<SVGElement>) => {
    const call = at(event);
    if (call >= 0 && calls[call].turn.node >= 0) store.getState().setCursor({ node: calls[call].turn.node, fold: -1 });
  };
  return (
    <div className="px-3">
      <p className="text-right text-xs text-faint tabular-nums">{formatShort(most)} at most</p>
      <div ref={frame}>
        <svg
          role="img"
          aria-label={`Input tokens of ${formatCount(calls.length)} calls, ${formatShort(most)} at most`}
          width={width}
          height={HEIGHT}
          className="block border-b border-line-strong"
          data-testid="context-chart"
          onPointerMove={(event) => setHovered(at(event))}
          onPointerLeave={() => setHovered(-1)}
          onPointerDown={choose}
        >
          {PARTS.map((part, k) => (
            <path key={part} d={bars(calls, k, step, most)} fill={PART_COLORS[part]} />
          ))}
          <path d={cacheLine(calls, step, most)} fill="none" stroke="var(--text)" strokeWidth="1.5" strokeDasharray="4 3" />
          {shown && <rect x={calls.indexOf(shown) * step} y={0} width={step} height={HEIGHT} fill="var(--text)" opacity="0.08" />}
        </svg>
      </div>
      <Told call={shown} />
    </div>
  );
}

/** The rectangles of one part: each stands on what the parts before it take. */
function bars(calls: readonly CallContext[], part: number, step: number, most: number): string {
  const gap = step > 4 ? 1 : 0;
  return calls
    .map(({ tokens }, k) => {
      const below = PARTS.slice(0, part).reduce((sum, name) => sum + tokens[name], 0);
      const tall = (tokens[PARTS[part]] / most) * HEIGHT;
      const bottom = HEIGHT - (below / most) * HEIGHT;
      return tall > 0 ? `M${k * step} ${bottom}h${Math.max(step - gap, 0.5)}v${-tall}h${-Math.max(step - gap, 0.5)}z` : "";
    })
    .join("");
}

function cacheLine(calls: readonly CallContext[], step: number, most: number): string {
  return calls.map(({ cached }, k) => (cached > 0 ? `M${k * step} ${HEIGHT - (cached / most) * HEIGHT}h${step}` : "")).join("");
}

function Told({ call }: { call: CallContext | undefined }) {
  if (!call) return <p className="h-6 pt-1 text-sm text-faint">Point at a call to read its parts; a click shows its span.</p>;
  return (
    <p className="flex h-6 flex-wrap gap-x-3 overflow-hidden pt-1 text-sm text-muted tabular-nums" data-testid="context-call">
      <span className="text-text">
        call {formatCount(call.turn.call + 1)}
        {call.turn.agent && ` · ${call.turn.agent}`}: {formatCount(call.total)} tokens{call.guessed && ", guessed by size"}
      </span>
      {PARTS.map((part) => call.tokens[part] > 0 && <span key={part}>{`${part} ${formatShort(Math.round(call.tokens[part]))}`}</span>)}
      {call.cached > 0 && <span>{formatShort(call.cached)} from cache</span>}
    </p>
  );
}
