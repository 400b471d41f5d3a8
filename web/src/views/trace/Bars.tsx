import { type CSSProperties, memo } from "react";
import { members } from "../../trace/folds";
import type { Run } from "../../trace/run";
import { endOf, isError, isRunning } from "../../trace/trace";
import { kindColor } from "../marks";

/** Kinds that do something themselves, whatever is recorded below them. */
const WORK = new Set(["llm", "embedding", "rerank", "retrieval", "memory", "tool", "mcp", "guardrail", "evaluation", "http", "db"]);

/** A fold with more members is drawn as one bar: at this density they touch anyway. */
const MOST_BARS = 120;

/** The bars of a row. */
export const Bars = memo(function Bars({ run, node, fold }: { run: Run; node: number; fold: number }) {
  if (fold < 0) return run.tree.span[node] < 0 ? <Extent run={run} node={node} /> : <Bar run={run} node={node} />;
  const nodes = members(run.tree, run.folds, fold);
  if (nodes.length <= MOST_BARS) return nodes.map((member) => <Bar key={member} run={run} node={member} />);
  const last = nodes[nodes.length - 1];
  const to_us = Math.max(run.sums.to_us[last], run.sums.to_us[node]);
  return <div className="bar" style={place(run, run.sums.from_us[node], to_us, colorOf(run, node))} />;
});

function Bar({ run, node }: { run: Run; node: number }) {
  const { trace, tree } = run;
  const i = tree.span[node];
  const wait = trace.ttft_us[i] / trace.duration_us[i];
  return (
    <div
      className="bar"
      data-shape={shapeOf(run, node)}
      data-running={isRunning(trace, i)}
      data-critical={run.critical[node] === 1}
      style={place(run, trace.start_us[i], endOf(trace, i), colorOf(run, node))}
    >
      {wait > 0 && wait < 1 && <div className="bar-wait" style={{ "--wait": `${wait * 100}%` } as CSSProperties} />}
    </div>
  );
}

/** Where the orphans of a missing parent happened. */
function Extent({ run, node }: { run: Run; node: number }) {
  return <div className="bar" data-shape="bracket" style={place(run, run.sums.from_us[node], run.sums.to_us[node], "var(--text-faint)")} />;
}

function place({ trace }: Run, from_us: number, to_us: number, color: string): CSSProperties {
  const whole = Math.max(trace.end_us, 1);
  return { "--x": from_us / whole, "--w": (to_us - from_us) / whole, "--color": color } as CSSProperties;
}

function colorOf({ trace, tree }: Run, node: number): string {
  const i = tree.span[node];
  return isError(trace, i) ? "var(--outcome-error)" : kindColor(trace.kind.at(i));
}

function shapeOf({ trace, tree }: Run, node: number): "bracket" | "waiting" | "work" {
  const i = tree.span[node];
  if (trace.outcome.at(i) === "waiting" || trace.kind.at(i) === "human") return "waiting";
  return tree.size[node] > 1 && !WORK.has(trace.kind.at(i)) ? "bracket" : "work";
}
