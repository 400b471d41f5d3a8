import { members } from "../../trace/folds";
import { nameOf } from "../../trace/run";
import { isError } from "../../trace/trace";
import { formatCount } from "../../ui/format";
import type { Outcome } from "../../api/types";
import { Duration } from "../figures";
import { KindIcon, OutcomeIcon } from "../marks";
import { useRun, useRunStore } from "./store";

/** As many lines as one reads; the rest is in the tree. */
const MOST = 300;

/** The repeats of a fold, one line each: what differed between them. */
export function FoldDetail({ fold }: { fold: number }) {
  const store = useRunStore();
  const run = useRun((state) => state.run);
  const { trace, tree, folds } = run;
  const nodes = members(tree, folds, fold);
  const first = tree.span[nodes[0]];
  const failed = nodes.filter((node) => isError(trace, tree.span[node])).length;
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-testid="fold-detail">
      <header className="flex shrink-0 items-center gap-2 border-b border-line px-3 py-2.5">
        <KindIcon kind={trace.kind.at(first)} size={15} />
        <h2 className="truncate text-lg font-semibold">{nameOf(run, nodes[0])}</h2>
        <span className="text-muted tabular-nums">×{formatCount(nodes.length)}</span>
        {failed > 0 && <span className="font-medium text-error-text">{formatCount(failed)} failed</span>}
      </header>
      <ol className="min-h-0 flex-1 overflow-y-auto py-1">
        {nodes.slice(0, MOST).map((node, k) => {
          const i = tree.span[node];
          const result = trace.error_message.at(i) || trace.output_preview.at(i);
          return (
            <li key={node}>
              <button type="button" className="grid h-7 w-full grid-cols-[36px_12px_minmax(0,1fr)_minmax(0,1fr)_60px] items-center gap-2 px-3 text-left hover:bg-hover" onClick={() => store.getState().goTo(node)}>
                <span className="num text-faint">{k + 1}</span>
                <OutcomeIcon outcome={trace.outcome.at(i) as Outcome} running={Number.isNaN(trace.duration_us[i])} />
                <span className="truncate">{trace.input_preview.at(i)}</span>
                <span className={`truncate ${isError(trace, i) ? "text-error-text" : "text-muted"}`}>{result}</span>
                <Duration us={trace.duration_us[i]} />
              </button>
            </li>
          );
        })}
        {nodes.length > MOST && <li className="px-3 py-1 text-sm text-faint">{formatCount(nodes.length - MOST)} more in the tree</li>}
      </ol>
    </div>
  );
}
