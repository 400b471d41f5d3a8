import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { spanQuery } from "../../api/queries";
import type { Score } from "../../api/types";
import { Empty, ErrorState, ListSkeleton } from "../../ui/States";
import { FoldDetail } from "./FoldDetail";
import { SpanDetail } from "./SpanDetail";
import { type Cursor, useRun } from "./store";

const route = getRouteApi("/projects/$project/runs/$traceId");

/** What the cursor is on, in full. */
export function Detail({ scores }: { scores: readonly Score[] }) {
  const { trace, tree } = useRun((state) => state.run);
  const { node, fold } = useRestingCursor();
  if (fold >= 0) return <FoldDetail fold={fold} />;
  const i = tree.span[node] ?? -1;
  if (i < 0) return <MissingDetail id={tree.missing.get(node) ?? ""} orphans={(tree.size[node] ?? 1) - 1} />;
  return <LoadedSpan spanId={trace.span_id.at(i)} scores={scores} />;
}

/** Who moves on within so short a time doesn't read what is passed. */
const PASSING_MS = 120;

/** The cursor, at once or, while a key is held down, once it rests: each span passed would be asked for and drawn. */
function useRestingCursor(): Cursor {
  const run = useRun((state) => state.run);
  const cursor = useRun((state) => state.cursor);
  const [rested, setRested] = useState({ run, cursor });
  const movedAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const now = performance.now();
    const passing = now - movedAt.current < PASSING_MS;
    movedAt.current = now;
    const timer = setTimeout(() => setRested({ run, cursor }), passing ? PASSING_MS : 0);
    return () => clearTimeout(timer);
  }, [run, cursor]);
  // Of another state of the run it would be another node.
  return rested.run === run ? rested.cursor : cursor;
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
