import { ChevronRight, Repeat2 } from "lucide-react";
import { useState } from "react";
import type { Outcome } from "../../../api/types";
import type { Repeat } from "../../../trace/repeats";
import type { Run } from "../../../trace/run";
import { isError, isRunning } from "../../../trace/trace";
import { formatCount, formatDuration } from "../../../ui/format";
import { Duration, Usd } from "../../figures";
import { OutcomeIcon } from "../../marks";
import { useRun, useRunStore } from "../store";

/** As many of them as one reads; the rest is in the tree. */
const MOST = 200;

/** What the run did over and over, what took longest in front: loops are found without reading. */
export function Repeats() {
  const run = useRun((state) => state.run);
  const again_us = run.repeats.reduce((sum, { form, again_us: us }) => sum + (form === "same" ? us : 0), 0);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto pb-10" data-testid="repeats">
      {again_us > 0 && (
        <p className="border-b border-line px-3 py-2.5 text-muted">
          Making the same calls again took <span className="text-text">{formatDuration(again_us)}</span>.
        </p>
      )}
      {run.repeats.map((repeat, k) => (
        <RepeatItem key={`${repeat.form} ${repeat.nodes[0]}`} run={run} repeat={repeat} first={k === 0} />
      ))}
    </div>
  );
}

const FORMS: Record<Repeat["form"], string> = {
  same: "the same input",
  similar: "nearly the same input",
  pattern: "in this order",
};

function RepeatItem({ run, repeat, first }: { run: Run; repeat: Repeat; first: boolean }) {
  const [open, setOpen] = useState(first);
  return (
    <section className="border-b border-line" data-testid="repeat" data-form={repeat.form}>
      <button type="button" className="flex h-9 w-full items-center gap-2 px-3 text-left hover:bg-hover" aria-expanded={open} onClick={() => setOpen(!open)}>
        <ChevronRight size={13} className={`shrink-0 text-faint ${open ? "rotate-90" : ""}`} />
        <Repeat2 size={14} className="shrink-0 text-faint" />
        <span className="truncate font-medium">{repeat.names.join(" → ")}</span>
        <span className="shrink-0 tabular-nums">×{formatCount(repeat.times)}</span>
        <span className="truncate text-muted">
          {FORMS[repeat.form]}
          {repeat.sameResult && ", the same result"}
        </span>
        {repeat.failed > 0 && <span className="shrink-0 font-medium text-error-text">{formatCount(repeat.failed)} failed</span>}
        <span className="flex-1" />
        <span className="shrink-0 text-sm text-faint">all but the first</span>
        <Duration us={repeat.again_us} className="w-14 shrink-0" />
        <Usd usd={Number.isNaN(repeat.again_usd) ? null : repeat.again_usd} className="w-16 shrink-0" />
      </button>
      {open && <Occurrences run={run} nodes={repeat.nodes} />}
    </section>
  );
}

/** As they began: of agents that work side by side the tree tells one after the other. */
function inOrder(trace: Run["trace"], tree: Run["tree"], nodes: readonly number[]): number[] {
  return nodes.toSorted((a, b) => trace.start_us[tree.span[a]] - trace.start_us[tree.span[b]]);
}

function Occurrences({ run: { trace, tree }, nodes }: { run: Run; nodes: readonly number[] }) {
  const store = useRunStore();
  const chosen = useRun((state) => state.cursor.node);
  return (
    <ol className="pb-2">
      {inOrder(trace, tree, nodes).slice(0, MOST).map((node) => {
        const i = tree.span[node];
        return (
          <li key={node}>
            <button
              type="button"
              aria-current={node === chosen}
              className="grid h-7 w-full grid-cols-[64px_12px_minmax(0,1fr)_minmax(0,1fr)_56px] items-center gap-2 pr-3 pl-8 text-left hover:bg-hover aria-[current=true]:bg-accent-soft"
              onClick={() => store.getState().setCursor({ node, fold: -1 })}
            >
              <span className="num text-faint">+{formatDuration(trace.start_us[i])}</span>
              <OutcomeIcon outcome={trace.outcome.at(i) as Outcome} running={isRunning(trace, i)} />
              <span className="truncate">{trace.input_preview.at(i)}</span>
              <span className={`truncate ${isError(trace, i) ? "text-error-text" : "text-muted"}`}>{trace.error_message.at(i) || trace.output_preview.at(i)}</span>
              <Duration us={trace.duration_us[i]} />
            </button>
          </li>
        );
      })}
      {nodes.length > MOST && <li className="pl-8 text-sm text-faint">{formatCount(nodes.length - MOST)} more in the tree</li>}
    </ol>
  );
}
