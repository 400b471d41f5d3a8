import dagre from "@dagrejs/dagre";
import type { Graph } from "../../../trace/graph";

export const NODE = { width: 190, height: 46 };

/** Where everything stands: nodes by their upper left corner, edges by the points they go through. */
export interface Layout {
  width: number;
  height: number;
  nodes: { x: number; y: number }[];
  edges: { points: { x: number; y: number }[]; label: { x: number; y: number } }[];
}

/** Lay a graph out from top to bottom, in layers. */
export function layOut(graph: Graph): Layout {
  const laid = new dagre.graphlib.Graph({ multigraph: true });
  laid.setGraph({ rankdir: "TB", nodesep: 36, ranksep: 44, edgesep: 18, marginx: 24, marginy: 24 });
  for (const { id } of graph.nodes) laid.setNode(id, { ...NODE });
  graph.edges.forEach((edge, k) => laid.setEdge(edge.from, edge.to, { width: 28, height: 14, labelpos: "c" }, String(k)));
  dagre.layout(laid);
  const { width = 0, height = 0 } = laid.graph();
  return {
    width,
    height,
    nodes: graph.nodes.map(({ id }) => {
      const { x, y } = laid.node(id) as { x: number; y: number };
      return { x: x - NODE.width / 2, y: y - NODE.height / 2 };
    }),
    edges: graph.edges.map((edge, k) => {
      if (edge.from === edge.to) return loopAt(laid.node(edge.to) as { x: number; y: number });
      const { points = [], x, y } = laid.edge(edge.from, edge.to, String(k)) as { points?: { x: number; y: number }[]; x: number; y: number };
      return { points, label: { x, y } };
    }),
  };
}

/** How far a loop stands out: what the layout keeps free beside its node. */
const LOOP = 22;

/** An edge back to its own node, out of its right side and in again below. */
function loopAt({ x, y }: { x: number; y: number }): Layout["edges"][number] {
  const [side, out] = [x + NODE.width / 2, x + NODE.width / 2 + LOOP];
  return {
    points: [
      { x: side, y: y - 10 },
      { x: out, y: y - 10 },
      { x: out, y: y + 10 },
      { x: side, y: y + 10 },
    ],
    label: { x: out, y },
  };
}
