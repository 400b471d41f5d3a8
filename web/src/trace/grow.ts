import type { Run } from "./run";
import { sumTree } from "./sums";
import { isRunning, type Trace } from "./trace";

/** A run that has told nothing for longer is not drawn as going on: its process may be gone. */
const SILENT_US = 600e6;

/** Whether some span of the run is unfinished and the run was heard of lately. */
export function isGrowing({ trace }: Run, now_us: number): boolean {
  if (now_us <= trace.end_us || now_us - lastHeard(trace) > SILENT_US) return false;
  for (let i = 0; i < trace.length; i++) if (isRunning(trace, i)) return true;
  return false;
}

/** The run as it stands at `now_us` after its start: what is unfinished reaches to there. */
export function growTo(run: Run, now_us: number): Run {
  const trace = { ...run.trace, end_us: now_us, growing: true };
  return { ...run, trace, sums: sumTree(trace, run.tree) };
}

function lastHeard({ start_us, duration_us }: Trace): number {
  let last = 0;
  for (let i = 0; i < start_us.length; i++) last = Math.max(last, start_us[i] + (duration_us[i] || 0));
  return last;
}
