/** A run as a graph: who did what, what came after it, and how often. */
import { nameOf, type Run } from "./run";
import { addKnown } from "./sums";
import { isError } from "./trace";

export interface GraphNode {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  /** The nodes of the run that it stands for, in order of start. */
  readonly nodes: readonly number[];
  readonly duration_us: number;
  readonly cost_usd: number;
  readonly errors: number;
}

/** From one to the other, so many times: a first step, a handing over, or what came after. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly form: "call" | "then" | "handoff";
  /** The nodes of the run at which it arrives. */
  readonly nodes: readonly number[];
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** What others happen within. */
const AROUND = new Set(["workflow", "agent", "plan", "step", "handoff", "other", "prompt"]);

/**
 * Fold a run by name: an agent, a model or a tool is one node however often it ran. A step is reached
 * from the one before it below the same parent, or from the parent. What a tool or a model does inside
 * is not shown. With `folded` off each step is a node of its own. O(n).
 */
export function buildGraph(run: Run, folded: boolean): Graph {
  const { trace, tree } = run;
  const steps: number[] = [];
  for (let node = 0; node < tree.length; ) {
    if (tree.span[node] >= 0) steps.push(node);
    const around = tree.span[node] < 0 || AROUND.has(trace.kind.at(tree.span[node]));
    node += around ? 1 : tree.size[node];
  }
  const idOf = (node: number) => (folded ? `${trace.kind.at(tree.span[node])} ${labelOf(run, node)}` : String(node));
  return { nodes: foldNodes(run, steps, idOf), edges: foldEdges(run, steps, idOf) };
}

function labelOf(run: Run, node: number): string {
  const i = run.tree.span[node];
  return (run.trace.kind.at(i) === "llm" && run.trace.model.at(i)) || nameOf(run, node);
}

function foldNodes(run: Run, steps: readonly number[], idOf: (node: number) => string): GraphNode[] {
  const { trace, tree, sums } = run;
  return groupBy(steps, idOf).map(([id, nodes]) => ({
    id,
    kind: trace.kind.at(tree.span[nodes[0]]),
    label: labelOf(run, nodes[0]),
    nodes,
    duration_us: nodes.reduce((sum, node) => addKnown(sum, trace.duration_us[tree.span[node]]), Number.NaN),
    cost_usd: nodes.reduce((sum, node) => addKnown(sum, sums.cost_usd[node]), Number.NaN),
    errors: nodes.filter((node) => isError(trace, tree.span[node])).length,
  }));
}

function foldEdges({ trace, tree }: Run, steps: readonly number[], idOf: (node: number) => string): GraphEdge[] {
  const last = new Map<number, number>();
  const from = new Map<number, { node: number; form: GraphEdge["form"] }>();
  for (const node of steps) {
    const parent = tree.parent[node];
    const before = last.get(parent);
    const above = before ?? (parent >= 0 && tree.span[parent] >= 0 ? parent : undefined);
    last.set(parent, node);
    if (above === undefined) continue;
    const handsOver = trace.kind.at(tree.span[above]) === "handoff" || trace.kind.at(tree.span[node]) === "handoff";
    from.set(node, { node: above, form: handsOver ? "handoff" : before === undefined ? "call" : "then" });
  }
  const arriving = steps.filter((node) => from.has(node));
  const origin = (node: number) => from.get(node) as { node: number; form: GraphEdge["form"] };
  return groupBy(arriving, (node) => JSON.stringify([idOf(origin(node).node), idOf(node), origin(node).form])).map(([, nodes]) => ({
    from: idOf(origin(nodes[0]).node),
    to: idOf(nodes[0]),
    form: origin(nodes[0]).form,
    nodes,
  }));
}

function groupBy(nodes: readonly number[], keyOf: (node: number) => string): [string, number[]][] {
  const groups = new Map<string, number[]>();
  for (const node of nodes) {
    const group = groups.get(keyOf(node));
    if (group) group.push(node);
    else groups.set(keyOf(node), [node]);
  }
  return [...groups];
}
