import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { ApiError } from "../../api/client";
import { spansQuery } from "../../api/queries";
import type { SpanItem } from "../../api/types";
import { Button } from "../../ui/Button";
import { Empty, ErrorState, ListSkeleton } from "../../ui/States";
import { ALL_TIME, keepRange, useListing, useProject, useScope } from "../frame/scope";
import { nameRange } from "../frame/TimeRange";
import { Rows } from "./Rows";
import { SPAN_COLUMNS } from "./spanColumns";
import { useRows } from "./useRows";

/** The rows: one line a step, endless; each leads to its place in its run. */
export function SpanList() {
  const project = useProject();
  const listing = useListing();
  const query = useInfiniteQuery(spansQuery(project, listing));
  const spans = useMemo(() => query.data?.pages.flatMap((page) => page.spans) ?? [], [query.data]);
  if (query.error && !query.data) {
    const inBar = query.error instanceof ApiError && query.error.status === 400;
    return inBar ? null : <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (query.isPending) return <ListSkeleton />;
  if (spans.length === 0) return <NoSpans />;
  return <List key={JSON.stringify([project, listing])} spans={spans} hasMore={query.hasNextPage} loading={query.isFetchingNextPage} loadMore={() => void query.fetchNextPage()} />;
}

function List({ spans, hasMore, loading, loadMore }: { spans: SpanItem[]; hasMore: boolean; loading: boolean; loadMore: () => void }) {
  const scroller = useRef<HTMLDivElement>(null);
  const links = useSpanLinks();
  const keys = useMemo(() => spans.map(keyOf), [spans]);
  const rows = useRows("step", keys, links.open, false);
  return (
    <div className="runs relative flex min-h-0 min-w-0 flex-1 flex-col">
      <Rows
        of="spans"
        items={spans}
        columns={SPAN_COLUMNS}
        keyOf={keyOf}
        startOf={startOf}
        hrefOf={links.hrefOf}
        scroller={scroller}
        at={rows.at}
        hasMore={hasMore}
        loading={loading}
        loadMore={loadMore}
        onRow={links.open}
        reachRef={rows.reachRef}
      />
    </div>
  );
}

const keyOf = ({ trace_id, span_id }: SpanItem) => `${trace_id} ${span_id}`;
const startOf = ({ start_time }: SpanItem) => start_time;

/** What stands for the ids in the one address that is built for all rows. */
const ANY_TRACE = "0trace0";
const ANY_SPAN = "0span0";

function useSpanLinks() {
  const router = useRouter();
  const project = useProject();
  const navigate = useNavigate();
  const scope = useScope();
  // The filter of steps may not be one for the list of runs that the run leads back to.
  const target = (traceId: string, span: string) => ({ to: "/projects/$project/runs/$traceId", params: { project, traceId }, search: { ...keepRange({ from: scope.from, to: scope.to }), span } }) as const;
  const pattern = router.buildLocation(target(ANY_TRACE, ANY_SPAN)).href;
  return {
    hrefOf: ({ trace_id, span_id }: SpanItem) => pattern.replace(ANY_TRACE, encodeURIComponent(trace_id)).replace(ANY_SPAN, encodeURIComponent(span_id)),
    open: (key: string) => {
      const [traceId = "", span = ""] = key.split(" ");
      void navigate(target(traceId, span));
    },
  };
}

function NoSpans() {
  const scope = useScope();
  const navigate = useNavigate();
  const everything = scope.from === ALL_TIME && scope.to === undefined;
  return (
    <Empty title={scope.filter ? "No step matches" : "No steps"}>
      <p>
        {scope.filter && <code className="rounded bg-hover px-1 py-px font-mono text-sm break-words text-text">{scope.filter}</code>} {scope.filter ? "was looked for" : "None started"} {nameRange(scope)}. A
        term here speaks of a step itself: its kind, its model, its own cost.
      </p>
      {everything ? (
        scope.filter && (
          <Button className="mt-3" onClick={() => void navigate({ to: ".", search: ({ filter: _, ...rest }) => rest })}>
            Clear the filter
          </Button>
        )
      ) : (
        <Button className="mt-3" onClick={() => void navigate({ to: ".", search: ({ to: _, ...rest }) => ({ ...rest, from: ALL_TIME }) })}>
          Search all time
        </Button>
      )}
    </Empty>
  );
}
