import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { spanQuery } from "../../api/queries";
import type { Score } from "../../api/types";
import { Empty, ErrorState, ListSkeleton } from "../../ui/States";
import { FoldDetail } from "./FoldDetail";
import { SpanDetail } from "./SpanDetail";
import { useRun } from "./store";

const route = getRouteApi("/projects/$project/runs/$traceId");

/** What the cursor is on, in full. */
export function Detail({ scores }: { scores: readonly Score[] }) {
  const { node, fold } = useRun((state) => state.cursor);
  const { trace, tree } = useRun((state) => state.run);
  if (fold >= 0) return <FoldDetail fold={fold} />;
  const i = tree.span[node] ?? -1;
  if (i < 0) return <MissingDetail id={tree.missing.get(node) ?? ""} orphans={(tree.size[node] ?? 1) - 1} />;
  return <LoadedSpan spanId={trace.span_id.at(i)} scores={scores} />;
}

function LoadedSpan({ spanId, scores }: { spanId: string; scores: readonly Score[] }) {
  const { project, traceId } = route.useParams();
  const { data, error, refetch } = useQuery(spanQuery(project, traceId, spanId));
  if (error && !data) return <ErrorState error={error} title="This span couldn't be loaded" onRetry={() => void refetch()} />;
  if (!data) return <ListSkeleton rows={8} />;
  return <SpanDetail key={spanId} span={data} scores={scores} />;
}

function MissingDetail({ id, orphans }: { id: string; orphans: number }) {
  return (
    <Empty title="This parent never arrived">
      <p>
        {orphans === 1 ? "The span below names" : `Some of the ${orphans} spans below name`} <span className="font-mono text-sm break-all">{id}</span> as
        parent, and no such span was received. It may still be on its way, was not sampled, or belongs to a service that sends its spans elsewhere.
      </p>
    </Empty>
  );
}
