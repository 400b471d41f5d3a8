import { criticalPath } from "../../trace/critical";
import type { Run } from "../../trace/run";

const known = new WeakMap<Run, ReadonlySet<number>>();

/** The steps without steps below them that the run waited for; found once a run. */
export function criticalNodes(run: Run): ReadonlySet<number> {
  let nodes = known.get(run);
  if (!nodes) {
    const path = criticalPath(run.trace, run.tree);
    nodes = new Set(path.map(({ node }) => node).filter((node) => run.tree.size[node] === 1));
    known.set(run, nodes);
  }
  return nodes;
}
