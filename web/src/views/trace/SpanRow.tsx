import { ChevronRight, CircleSlash2, ClockAlert, Repeat2, RotateCw } from "lucide-react";
import { memo, type MouseEvent } from "react";
import type { Outcome } from "../../api/types";
import { isError, isRunning, stoppedBy, type Trace } from "../../trace/trace";
import { members } from "../../trace/folds";
import { nameOf, type Run } from "../../trace/run";
import { startsBefore } from "../../trace/skew";
import { addKnown } from "../../trace/sums";
import { formatCount, formatDuration, formatOf, lastPart } from "../../ui/format";
import { Highlight } from "../Highlight";
import { Duration, Tokens, Usd } from "../figures";
import { KindIcon, OutcomeIcon } from "../marks";
import { Bars } from "./Bars";
import { type RunStore, viewOf } from "./store";

const INDENT = 14;
/** Deeper levels share the indent of this one: a chain of 10,000 must leave room for names. */
const DEEPEST = 24;

interface Props {
  store: RunStore;
  run: Run;
  row: number;
  node: number;
  fold: number;
  depth: number;
  top: number;
  open: boolean;
  chosen: boolean;
  dim: boolean;
  query: string;
  /** By node, where bars are coloured by what steps took. */
  heat: Float64Array | null;
  /** Called when the pointer comes near. */
  onNear: (node: number) => void;
}

/**
 * One row: a span, a fold of like spans, or the marker of a parent that never came. It takes all it
 * shows as properties: while one scrolls, dozens a frame are made, and each hook would cost.
 */
export const SpanRow = memo(function SpanRow({ store, run, row, node, fold, depth, top, open, chosen, dim, query, heat, onNear }: Props) {
  const expandable = fold >= 0 || run.tree.size[node] > 1;
  const i = run.tree.span[node];
  const toggle = (event: MouseEvent) => {
    event.stopPropagation();
    store.getState().toggle(row);
  };
  return (
    <div
      id={`row-${row}`}
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={chosen}
      aria-expanded={expandable ? open : undefined}
      data-testid="span-row"
      data-span-id={i >= 0 ? run.trace.span_id.at(i) : undefined}
      data-kind={i >= 0 ? run.trace.kind.at(i) : "missing"}
      data-dim={dim}
      className="timeline-grid timeline-row absolute inset-x-0"
      style={{ transform: `translateY(${top}px)`, height: "var(--row-height)" }}
      onPointerEnter={() => onNear(node)}
      onClick={() => store.getState().setCursor({ node, fold })}
      onDoubleClick={() => store.getState().setView(viewOf(run, node))}
    >
      <div className="flex h-full min-w-0 items-center gap-1.5 pl-2">
        <span className="timeline-indent" style={{ width: Math.min(depth, DEEPEST) * INDENT }} />
        {expandable ? (
          <button type="button" tabIndex={-1} aria-label={open ? "Collapse" : "Expand"} data-testid="toggle" className="-mx-1 flex size-5 shrink-0 items-center justify-center text-faint hover:text-text" onClick={toggle}>
            <ChevronRight size={13} className={open ? "rotate-90" : ""} />
          </button>
        ) : (
          <span className="w-3 shrink-0" />
        )}
        <Name run={run} node={node} fold={fold} query={query} closed={expandable && !open} />
      </div>
      <div className="lane">
        <Bars run={run} node={node} fold={fold} heat={heat} />
      </div>
      {fold >= 0 ? <FoldFigures run={run} fold={fold} /> : <SpanFigures run={run} node={node} />}
    </div>
  );
});

function Name({ run, node, fold, query, closed }: { run: Run; node: number; fold: number; query: string; closed: boolean }) {
  const { trace, tree, folds, sums } = run;
  const i = tree.span[node];
  if (i < 0) {
    return (
      <>
        <CircleSlash2 size={14} className="shrink-0 text-faint" />
        <span className="truncate text-muted italic" title={`No span ${tree.missing.get(node)} was received`}>
          missing parent <span className="font-mono text-sm not-italic">{tree.missing.get(node)}</span>
        </span>
      </>
    );
  }
  const failed = fold < 0 && isError(trace, i);
  const hidden = fold >= 0 ? foldErrors(run, fold) : closed ? sums.errors[node] - (failed ? 1 : 0) : 0;
  const name = nameOf(run, node);
  const model = fold < 0 && trace.kind.at(i) === "llm" && !name.includes(trace.model.at(i)) ? trace.model.at(i) : "";
  const handoff = trace.handoff_to.at(i) && trace.kind.at(i) === "handoff" ? ` → ${trace.handoff_to.at(i)}` : "";
  return (
    <>
      <KindIcon kind={trace.kind.at(i)} />
      <span className={`truncate ${failed ? "text-error-text" : ""} ${tree.size[node] > 1 ? "font-medium" : ""}`} title={trace.name.at(i)}>
        <Highlight text={name + handoff} query={query} />
      </span>
      {model && (
        <span className="min-w-0 shrink-[40] truncate text-sm text-faint">
          <Highlight text={model} query={query} />
        </span>
      )}
      {fold >= 0 && <span className="shrink-0 text-muted tabular-nums">×{formatCount(folds.count[fold])}</span>}
      {closed && fold < 0 && <span className="shrink-0 text-xs text-faint tabular-nums">+{formatCount(tree.size[node] - 1)}</span>}
      {failed && <ErrorBadge text={lastPart(trace.error_type.at(i)) || "error"} title={[trace.error_type.at(i), trace.error_message.at(i)].filter(Boolean).join("\n")} />}
      {fold < 0 && stoppedBy(trace, i) && <StoppedBadge outcome={stoppedBy(trace, i) as Outcome} title={trace.error_message.at(i)} />}
      <AgainBadge run={run} node={node} fold={fold} />
      {fold < 0 && <RetryBadge attempt={run.attempt[node]} retries={trace.retries[i]} />}
      {fold < 0 && <SkewBadge run={run} node={node} />}
      {hidden > 0 && <ErrorBadge text={`${formatCount(hidden)} failed`} />}
      {isRunning(trace, i) && <span className="size-1.5 shrink-0 animate-[breathe_1.6s_ease-in-out_infinite] rounded-full bg-accent" title="running" />}
    </>
  );
}

function ErrorBadge({ text, title = "" }: { text: string; title?: string }) {
  return (
    <span className="max-w-28 min-w-8 shrink-[4] truncate rounded-sm bg-error-soft px-1 text-xs leading-4 font-medium text-error-text" title={title}>
      {text}
    </span>
  );
}

/** A step that a guard, a person or the model itself stopped: said in words and by its shape, not in red. */
function StoppedBadge({ outcome, title }: { outcome: Outcome; title: string }) {
  return (
    <span className="flex shrink-0 items-center gap-1 rounded-sm bg-hover px-1 text-xs leading-4 text-muted" title={title || outcome} data-testid="stopped">
      <OutcomeIcon outcome={outcome} size={9} /> {outcome}
    </span>
  );
}

/** The same call with the same input was made before: in a fold, by some of its members. */
function AgainBadge({ run: { tree, folds, again }, node, fold }: { run: Run; node: number; fold: number }) {
  const times = fold < 0 ? again[node] : members(tree, folds, fold).filter((member) => again[member] > 0).length;
  if (times === 0) return null;
  const title = fold < 0 ? "The same call with the same input was made before" : `${formatOf(times, "call repeats", "calls repeat")} one with the same input`;
  return (
    <span className="flex shrink-0 items-center gap-0.5 text-xs text-faint tabular-nums" data-testid="again" title={title}>
      <Repeat2 size={11} /> {fold < 0 ? `${formatCount(times + 1)}.` : formatCount(times)}
    </span>
  );
}

/** Done again because it failed before, or tried more than once within the step. */
function RetryBadge({ attempt, retries }: { attempt: number; retries: number }) {
  if (attempt === 0 && !(retries > 0)) return null;
  const text = attempt > 0 ? `retry ${formatCount(attempt)}` : formatOf(retries, "retry", "retries");
  return (
    <span className="flex shrink-0 items-center gap-0.5 rounded-sm bg-hover px-1 text-xs leading-4 text-muted" data-testid="retry" title={`${text}: ${attempt > 0 ? "the same was tried before, and failed" : "tried again within the step"}`}>
      <RotateCw size={9} /> <span className="badge-words">{text}</span>
    </span>
  );
}

/** An effect before its cause: the clocks of two machines differ, and the bars can't be read against each other. */
function SkewBadge({ run: { trace, tree }, node }: { run: Run; node: number }) {
  const early_us = startsBefore(trace, tree, node);
  if (early_us === 0) return null;
  const [own, above] = [trace.service.at(tree.span[node]), trace.service.at(tree.span[tree.parent[node]])];
  const whose = own && above && own !== above ? `the clocks of ${own} and ${above} differ` : "its clock differs from its parent's";
  return (
    <span className="flex shrink-0 text-waiting" data-testid="skew" title={`Starts ${formatDuration(early_us)} before its parent: ${whose}`}>
      <ClockAlert size={12} aria-label="clock skew" />
    </span>
  );
}

function SpanFigures({ run: { trace, tree, sums }, node }: { run: Run; node: number }) {
  const i = tree.span[node];
  const counted = i < 0 || trace.counted[i] === 1 || tree.size[node] > 1;
  if (counted) {
    return (
      <>
        {i < 0 ? <span /> : <Took trace={trace} i={i} />}
        <Figures input={sums.input_tokens[node]} output={sums.output_tokens[node]} usd={sums.cost_usd[node]} />
      </>
    );
  }
  return (
    <>
      <Duration us={trace.duration_us[i]} />
      <span className="figure-minor num text-faint line-through" title="Not in the totals: another span tells of the same call">
        <Tokens input={orNull(trace.input_tokens[i])} output={orNull(trace.output_tokens[i])} />
      </span>
      <span className="figure-minor" />
    </>
  );
}

/** A step that goes on has taken so long by now, while the run is heard of. */
function Took({ trace, i }: { trace: Trace; i: number }) {
  if (!trace.growing || !isRunning(trace, i)) return <Duration us={trace.duration_us[i]} />;
  const so_far_us = Math.floor((trace.end_us - trace.start_us[i]) / 1e6) * 1e6;
  return <Duration us={so_far_us} className="text-muted" />;
}

function FoldFigures({ run, fold }: { run: Run; fold: number }) {
  const { trace, tree, folds, sums } = run;
  const total = members(tree, folds, fold).reduce(
    (sum, node) => ({
      duration: addKnown(sum.duration, trace.duration_us[tree.span[node]]),
      input: addKnown(sum.input, sums.input_tokens[node]),
      output: addKnown(sum.output, sums.output_tokens[node]),
      usd: addKnown(sum.usd, sums.cost_usd[node]),
    }),
    { duration: Number.NaN, input: Number.NaN, output: Number.NaN, usd: Number.NaN },
  );
  return (
    <>
      <Duration us={total.duration} />
      <Figures input={total.input} output={total.output} usd={total.usd} />
    </>
  );
}

/** Most steps have neither tokens nor a price: their cells stay empty instead of filling with dashes. */
function Figures({ input, output, usd }: { input: number; output: number; usd: number }) {
  return (
    <>
      {Number.isNaN(input) && Number.isNaN(output) ? <span className="figure-minor" /> : <Tokens className="figure-minor" input={orNull(input)} output={orNull(output)} />}
      {Number.isNaN(usd) ? <span className="figure-minor" /> : <Usd className="figure-minor" usd={usd} />}
    </>
  );
}

function foldErrors({ tree, folds, sums }: Run, fold: number): number {
  return members(tree, folds, fold).reduce((sum, node) => sum + sums.errors[node], 0);
}

function orNull(n: number): number | null {
  return Number.isNaN(n) ? null : n;
}
