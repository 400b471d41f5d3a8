import { type CSSProperties, memo } from "react";
import { members } from "../../trace/folds";
import { findGaps } from "../../trace/idle";
import type { Run } from "../../trace/run";
import { endOf, isError, isRunning } from "../../trace/trace";
import { formatDuration } from "../../ui/format";
import { heatColor, kindColor } from "../marks";

/** Kinds that do something themselves, whatever is recorded below them. */
const WORK = new Set(["llm", "embedding", "rerank", "retrieval", "memory", "tool", "mcp", "guardrail", "evaluation", "http", "db"]);

/** A fold with more members is drawn as one bar: at this density they touch anyway. */
const MOST_BARS = 120;

/** Shorter gaps are a part of the work: as a share of the run, and in microseconds. */
const SHORTEST_GAP = 0.01;
const SHORTEST_GAP_US = 1000;

interface Props {
  run: Run;
  node: number;
  /** By node, where bars are coloured by what steps took; null where they have the colour of their kind. */
  heat: Float64Array | null;
}

/** The bars of a row. */
export const Bars = memo(function Bars({ run, node, heat, fold }: Props & { fold: number }) {
  if (fold < 0) return run.tree.span[node] < 0 ? <Extent run={run} node={node} /> : <Bar run={run} node={node} heat={heat} />;
  const nodes = members(run.tree, run.folds, fold);
  if (nodes.length <= MOST_BARS) return nodes.map((member) => <Bar key={member} run={run} node={member} heat={heat} />);
  const last = nodes[nodes.length - 1];
  const to_us = Math.max(run.sums.to_us[last], run.sums.to_us[node]);
  return <div className="bar" style={place(run, run.sums.from_us[node], to_us, colorOf(run, node, heat))} />;
});

function Bar({ run, node, heat }: Props) {
  const { trace, tree } = run;
  const i = tree.span[node];
  const wait = trace.ttft_us[i] / trace.duration_us[i];
  const shape = shapeOf(run, node);
  return (
    <>
      <div
        className="bar"
        data-shape={shape}
        data-running={isRunning(trace, i)}
        data-critical={run.critical[node] === 1}
        style={place(run, trace.start_us[i], endOf(trace, i), colorOf(run, node, heat))}
      >
        {wait > 0 && wait < 1 && <div className="bar-wait" style={{ "--wait": `${wait * 100}%` } as CSSProperties} />}
      </div>
      {shape === "bracket" && <Gaps run={run} node={node} heat={heat} />}
    </>
  );
}

/** Where none of a step's own steps ran. */
function Gaps({ run, node, heat }: Props) {
  const least_us = Math.max(run.trace.end_us * SHORTEST_GAP, SHORTEST_GAP_US);
  return findGaps(run.trace, run.tree, node, least_us).map(({ from_us, to_us }) => (
    <div
      key={from_us}
      className="bar"
      data-shape="gap"
      title={`no step ran for ${formatDuration(to_us - from_us)}: it computed, queued or waited`}
      style={place(run, from_us, to_us, colorOf(run, node, heat))}
    />
  ));
}

/** Where the orphans of a missing parent happened. */
function Extent({ run, node }: { run: Run; node: number }) {
  return <div className="bar" data-shape="bracket" style={place(run, run.sums.from_us[node], run.sums.to_us[node], "var(--text-faint)")} />;
}

function place({ trace }: Run, from_us: number, to_us: number, color: string): CSSProperties {
  const whole = Math.max(trace.end_us, 1);
  return { "--x": from_us / whole, "--w": (to_us - from_us) / whole, "--color": color } as CSSProperties;
}

function colorOf({ trace, tree }: Run, node: number, heat: Float64Array | null): string {
  const i = tree.span[node];
  if (isError(trace, i)) return "var(--outcome-error)";
  return heat === null ? kindColor(trace.kind.at(i)) : heatColor(heat[node]);
}

function shapeOf({ trace, tree }: Run, node: number): "bracket" | "waiting" | "work" {
  const i = tree.span[node];
  // Around the step that waits its parents wait too, but what they did until then was work.
  if (trace.kind.at(i) === "human" || (trace.outcome.at(i) === "waiting" && tree.size[node] === 1)) return "waiting";
  return tree.size[node] > 1 && !WORK.has(trace.kind.at(i)) ? "bracket" : "work";
}
