import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { ArrowUp } from "lucide-react";
import { useMemo, useRef } from "react";
import { ApiError } from "../../api/client";
import { projectsQuery, tracesQuery } from "../../api/queries";
import type { Trace } from "../../api/types";
import { Button } from "../../ui/Button";
import { formatCount, formatMoment, formatOf } from "../../ui/format";
import { Empty, ErrorState, ListSkeleton } from "../../ui/States";
import { ALL_TIME, keepScope, useListing, useProject, useScope } from "../frame/scope";
import { nameRange } from "../frame/TimeRange";
import { FirstTrace } from "./FirstTrace";
import { Peek } from "./Peek";
import { ROW, Rows } from "./Rows";
import { RUN_COLUMNS } from "./runColumns";
import { SelectionBar } from "./SelectionBar";
import { useLiveRuns } from "./useLiveRuns";
import { useRows } from "./useRows";
import { flatten } from "./weave";

/** The rows: one line a run, endless, live, walked with the keyboard. */
export function RunList() {
  const project = useProject();
  const listing = useListing();
  const query = useInfiniteQuery(tracesQuery(project, listing));
  const traces = useMemo(() => flatten(query.data?.pages ?? []), [query.data]);

  if (query.error && !query.data) {
    const inBar = query.error instanceof ApiError && query.error.status === 400;
    return inBar ? null : <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (query.isPending) return <ListSkeleton />;
  if (traces.length === 0) return <NoRuns />;
  return (
    <Runs
      // A list of something else starts at its top.
      key={JSON.stringify([project, listing])}
      traces={traces}
      hasMore={query.hasNextPage}
      loading={query.isFetchingNextPage}
      loadMore={() => void query.fetchNextPage()}
    />
  );
}

interface RunsProps {
  traces: Trace[];
  hasMore: boolean;
  loading: boolean;
  loadMore: () => void;
}

function Runs({ traces, hasMore, loading, loadMore }: RunsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const links = useRunLinks();
  const ids = useMemo(() => traces.map(({ trace_id }) => trace_id), [traces]);
  const rows = useRows("run", ids, links.open);
  const above = useLiveRuns(scroller, ROW, rows.chosen !== null);
  const chosen = traces[rows.at];
  const selected = useMemo(() => traces.filter(({ trace_id }) => rows.selected.has(trace_id)), [traces, rows.selected]);

  return (
    <div className="flex min-h-0 flex-1">
      <div className="runs relative flex min-w-0 flex-1 flex-col">
        <Rows
          of="runs"
          items={traces}
          columns={RUN_COLUMNS}
          keyOf={keyOf}
          startOf={startOf}
          hrefOf={({ trace_id }) => links.hrefOf(trace_id)}
          scroller={scroller}
          at={rows.at}
          selected={rows.selected}
          hasMore={hasMore}
          loading={loading}
          loadMore={loadMore}
          onSelect={rows.onSelect}
          onPoint={links.onPoint}
          onRow={(traceId) => {
            if (rows.peeking) rows.setChosen(traceId);
            else links.open(traceId);
          }}
          reachRef={rows.reachRef}
        >
          {above > 0 && (
            <div className="pointer-events-none absolute inset-x-0 top-9 z-20 flex justify-center">
              <Button look="primary" className="pointer-events-auto h-6 rounded-full shadow-pop" onClick={() => scroller.current?.scrollTo({ top: 0 })}>
                <ArrowUp size={13} /> {formatCount(above)} new
              </Button>
            </div>
          )}
        </Rows>
        {selected.length > 0 && <SelectionBar traces={selected} onClear={rows.clear} onAll={rows.selectAll} />}
      </div>
      {rows.peeking && chosen && <Peek trace={chosen} href={links.hrefOf(chosen.trace_id)} onOpen={() => links.open(chosen.trace_id)} onClose={rows.closePeek} />}
    </div>
  );
}

const keyOf = ({ trace_id }: Trace) => trace_id;
const startOf = ({ start_time }: Trace) => start_time;

/** What stands for the id in the one address that is built for all rows. */
const ANY = "0trace0";
/** A pointer that rests for so long is about to click. */
const INTENT_MS = 50;

/**
 * The links of the rows. A component of the router in each row follows the router's state, and dozens a
 * frame are made while one scrolls: the address is built once, and clicks are heard by the list.
 */
function useRunLinks() {
  const router = useRouter();
  const project = useProject();
  const navigate = useNavigate();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const scope = useScope();
  const target = (traceId: string) => ({ to: "/projects/$project/runs/$traceId", params: { project, traceId }, search: keepScope(scope) }) as const;
  const pattern = router.buildLocation(target(ANY)).href;
  return {
    hrefOf: (traceId: string) => pattern.replace(ANY, encodeURIComponent(traceId)),
    open: (traceId: string) => void navigate(target(traceId)),
    onPoint: (traceId: string | undefined) => {
      clearTimeout(timer.current);
      if (traceId !== undefined) timer.current = setTimeout(() => void router.preloadRoute(target(traceId)), INTENT_MS);
    },
  };
}

/** Why there is nothing to see: nothing was ever sent, or what was searched, and the one thing that may help. */
function NoRuns() {
  const project = useProject();
  const scope = useScope();
  const { filter, from, to } = scope;
  const navigate = useNavigate();
  const { data } = useQuery(projectsQuery());
  const known = data?.find(({ name }) => name === project);
  if (!data) return null;
  if (!known || known.span_count === 0) return <FirstTrace />;
  const everything = from === ALL_TIME && to === undefined;
  return (
    <Empty title={filter ? "No run matches" : "No runs"}>
      <p>
        {filter && (
          <>
            <code className="rounded bg-hover px-1 py-px font-mono text-sm break-words text-text">{filter}</code>{" "}
          </>
        )}
        {filter ? `was looked for ${nameRange(scope)}.` : `None started ${nameRange(scope)}.`} {project} holds {formatOf(known.trace_count, "run")}
        {known.last_span_at && `, the latest of ${formatMoment(known.last_span_at)}`}.
      </p>
      {everything ? (
        <Button className="mt-3" onClick={() => void navigate({ to: ".", search: ({ filter: _, ...rest }) => rest })}>
          Clear the filter
        </Button>
      ) : (
        <Button className="mt-3" data-testid="show-all-time" onClick={() => void navigate({ to: ".", search: ({ to: _, ...rest }) => ({ ...rest, from: ALL_TIME }) })}>
          {filter ? "Search all time" : "Show all time"}
        </Button>
      )}
    </Empty>
  );
}
