import "./graph.css";
import { type CSSProperties, useEffect, useMemo, useState } from "react";
import { buildGraph, type Graph, type GraphEdge, type GraphNode } from "../../../trace/graph";
import { formatCount, formatDuration, formatOf, formatUsd } from "../../../ui/format";
import { ListSkeleton } from "../../../ui/States";
import { KindIcon, kindColor } from "../../marks";
import { useRun, useRunStore } from "../store";
import { type Layout, NODE } from "./layout";

/** So many steps by themselves can still be looked at. */
const MOST_UNFOLDED = 300;

/** What the run went through: agents, models and tools, and the ways between them with how often. */
export function GraphView() {
  const run = useRun((state) => state.run);
  const [folded, setFolded] = useState(true);
  const graph = useMemo(() => buildGraph(run, folded), [run, folded]);
  const layout = useLayout(graph);
  const unfoldable = run.tree.length <= MOST_UNFOLDED;
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-testid="graph">
      <div className="flex h-9 shrink-0 items-center gap-4 border-b border-line px-3 text-sm text-muted">
        <span>{formatOf(graph.nodes.length, "node")}, a click goes through its steps</span>
        <span className="flex-1" />
        {unfoldable && (
          <label className="flex items-center gap-1.5">
            <input type="checkbox" checked={folded} onChange={() => setFolded(!folded)} /> fold repetition
          </label>
        )}
      </div>
      {layout ? <Drawing graph={graph} layout={layout} /> : <ListSkeleton rows={10} />}
    </div>
  );
}

/** Laid out in a worker; undefined until that is done. */
function useLayout(graph: Graph): Layout | undefined {
  const [laid, setLaid] = useState<{ graph: Graph; layout: Layout }>();
  useEffect(() => {
    const worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Layout>) => setLaid({ graph, layout: data }));
    worker.postMessage(graph, []);
    return () => worker.terminate();
  }, [graph]);
  return laid?.graph === graph ? laid.layout : undefined;
}

function Drawing({ graph, layout }: { graph: Graph; layout: Layout }) {
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <div className="relative mx-auto" style={{ width: layout.width, height: layout.height }}>
        <svg width={layout.width} height={layout.height} className="absolute inset-0" aria-hidden>
          <defs>
            <marker id="graph-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto">
              <path d="M0 0L8 4L0 8z" fill="context-stroke" />
            </marker>
          </defs>
          {graph.edges.map((edge, k) => (
            <path key={k} d={pathOf(layout.edges[k].points)} className="graph-edge" data-form={edge.form} style={{ strokeWidth: thickness(edge) }} markerEnd="url(#graph-arrow)" />
          ))}
        </svg>
        {graph.edges.map((edge, k) => (
          <EdgeCount key={k} edge={edge} at={layout.edges[k].label} />
        ))}
        {graph.nodes.map((node, k) => (
          <NodeBox key={node.id} node={node} at={layout.nodes[k]} />
        ))}
      </div>
    </div>
  );
}

/** Each click goes to the next of the nodes, after the last to the first. */
function useVisit(nodes: readonly number[]): () => void {
  const store = useRunStore();
  return () => {
    const at = store.getState().cursor.node;
    store.getState().setCursor({ node: nodes[(nodes.indexOf(at) + 1) % nodes.length], fold: -1 });
  };
}

function NodeBox({ node, at }: { node: GraphNode; at: { x: number; y: number } }) {
  const visit = useVisit(node.nodes);
  const chosen = useRun((state) => node.nodes.includes(state.cursor.node));
  const times = node.nodes.length;
  const figures = [formatDuration(node.duration_us || 0), Number.isNaN(node.cost_usd) ? "" : formatUsd(node.cost_usd)].filter(Boolean).join(" · ");
  return (
    <button
      type="button"
      className="graph-node"
      data-testid="graph-node"
      aria-pressed={chosen}
      title={node.label}
      style={{ left: at.x, top: at.y, ...NODE, "--color": kindColor(node.kind) } as CSSProperties}
      onClick={visit}
    >
      <span className="flex w-full items-center gap-1.5">
        <KindIcon kind={node.kind} size={13} />
        <span className="min-w-0 flex-1 truncate font-medium">{node.label}</span>
        {times > 1 && <span className="text-sm text-muted tabular-nums">×{formatCount(times)}</span>}
      </span>
      <span className="flex w-full gap-2 text-xs text-muted tabular-nums">
        {figures}
        {node.errors > 0 && <span className="ml-auto font-medium text-error-text">{formatCount(node.errors)} failed</span>}
      </span>
    </button>
  );
}

function EdgeCount({ edge, at }: { edge: GraphEdge; at: { x: number; y: number } }) {
  const visit = useVisit(edge.nodes);
  if (edge.nodes.length === 1 && edge.form !== "handoff") return null;
  return (
    <button type="button" className="graph-count" data-testid="graph-edge" style={{ left: at.x, top: at.y }} title="To the steps at its end" onClick={visit}>
      {edge.form === "handoff" ? "handoff" : ""} {edge.nodes.length > 1 ? `×${formatCount(edge.nodes.length)}` : ""}
    </button>
  );
}

function thickness({ nodes }: GraphEdge): number {
  return 1 + Math.min(3, Math.log2(nodes.length) / 2);
}

function pathOf(points: readonly { x: number; y: number }[]): string {
  return points.map(({ x, y }, k) => `${k === 0 ? "M" : "L"}${x} ${y}`).join("");
}
