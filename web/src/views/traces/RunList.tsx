import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type CSSProperties, memo, type MouseEvent, useEffect, useMemo, useRef, useState } from "react";
import { ApiError } from "../../api/client";
import { projectsQuery, tracesQuery } from "../../api/queries";
import type { Trace } from "../../api/types";
import { Button } from "../../ui/Button";
import { formatCount, formatMoment, formatOf } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { Empty, ErrorState, ListSkeleton } from "../../ui/States";
import { useWindow } from "../../ui/useWindow";
import { ALL_TIME, keepScope, useListing, useProject, useScope } from "../frame/scope";
import { nameRange } from "../frame/TimeRange";
import { type Column, columnsOf, tracks } from "./columns";
import { FirstTrace } from "./FirstTrace";
import { useLiveRuns } from "./useLiveRuns";
import { flatten } from "./weave";

const ROW = 28;
/** The next page is asked for when this many rows are left below. */
const AHEAD = 30;

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
    <Rows
      // A list of something else starts at its top.
      key={JSON.stringify([project, listing])}
      traces={traces}
      hasMore={query.hasNextPage}
      loading={query.isFetchingNextPage}
      loadMore={() => void query.fetchNextPage()}
    />
  );
}

interface RowsProps {
  traces: Trace[];
  hasMore: boolean;
  loading: boolean;
  loadMore: () => void;
}

function Rows({ traces, hasMore, loading, loadMore }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const at = traces.findIndex(({ trace_id }) => trace_id === chosen);
  const [{ first, end }, reach] = useWindow(scroller, traces.length, ROW);
  const links = useRunLinks();
  useEffect(() => {
    if (hasMore && !loading && end >= traces.length - AHEAD) loadMore();
  }, [hasMore, loading, end, traces.length, loadMore]);
  const columns = useMemo(() => columnsOf(traces), [traces]);
  const above = useLiveRuns(scroller, ROW, chosen !== null);
  useListKeys(traces, at, (index) => {
    setChosen((traces[index] as Trace).trace_id);
    reach(index);
  });

  return (
    <div className="relative flex min-h-0 flex-1 flex-col" style={{ "--time-width": timeWidth(traces), ...tracks(columns) } as CSSProperties}>
      <Header columns={columns} />
      {above > 0 && (
        <div className="pointer-events-none absolute inset-x-0 top-9 z-20 flex justify-center">
          <Button look="primary" className="pointer-events-auto h-6 rounded-full shadow-pop" onClick={() => scroller.current?.scrollTo({ top: 0 })}>
            <ArrowUp size={13} /> {formatCount(above)} new
          </Button>
        </div>
      )}
      <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto [overflow-anchor:none]" data-testid="run-list">
        <div role="list" aria-label="Runs" className="relative" style={{ height: (traces.length + 1) * ROW }} {...links.handlers}>
          {traces.slice(first, end).map((trace, k) => (
            <Row key={trace.trace_id} columns={columns} trace={trace} href={links.hrefOf(trace.trace_id)} top={(first + k) * ROW} chosen={first + k === at} />
          ))}
          {!hasMore && (
            <p className="absolute inset-x-0 bottom-0 px-4 text-sm text-faint" style={{ lineHeight: `${ROW}px` }}>
              {traces.length > 30 ? "That was the first one." : ""}
            </p>
          )}
        </div>
      </div>
    </div>
  );
}

/** Clock times need less room than dates, and dates of this year less than others. */
function timeWidth(traces: Trace[]): string {
  const oldest = traces.reduce((least, { start_time }) => (start_time < least ? start_time : least), traces[0].start_time);
  const letters = formatMoment(oldest).length;
  return letters <= 8 ? "58px" : letters <= 12 ? "90px" : "134px";
}

const Row = memo(function Row({ columns, trace, href, top, chosen }: { columns: readonly Column[]; trace: Trace; href: string; top: number; chosen: boolean }) {
  return (
    <div role="listitem">
      <a
        href={href}
        data-testid="run-row"
        data-trace-id={trace.trace_id}
        data-chosen={chosen}
        className="runs-row absolute inset-x-0 hover:bg-hover data-[chosen=true]:bg-accent-soft data-[chosen=true]:shadow-[inset_2px_0_0_var(--accent)]"
        style={{ top, height: ROW }}
      >
        {columns.map((column) => (
          <div key={column.id} data-column={column.id} data-room={column.room} className={column.numeric ? "num" : undefined}>
            {column.render(trace)}
          </div>
        ))}
      </a>
    </div>
  );
});

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
    handlers: {
      onClick: (event: MouseEvent) => {
        const traceId = rowOf(event);
        if (traceId === undefined || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        void navigate(target(traceId));
      },
      onPointerOver: (event: MouseEvent) => {
        const traceId = rowOf(event);
        clearTimeout(timer.current);
        if (traceId !== undefined) timer.current = setTimeout(() => void router.preloadRoute(target(traceId)), INTENT_MS);
      },
      onPointerLeave: () => clearTimeout(timer.current),
    },
  };
}

function rowOf({ target }: MouseEvent): string | undefined {
  return (target as HTMLElement).closest<HTMLElement>("[data-trace-id]")?.dataset["traceId"];
}

function Header({ columns }: { columns: readonly Column[] }) {
  return (
    <div className="runs-row h-7 shrink-0 border-b border-line text-sm text-muted">
      {columns.map((column) => (
        <div key={column.id} data-column={column.id} data-room={column.room} className={column.numeric ? "text-right" : undefined}>
          {column.order ? <OrderButton column={column} order={column.order} /> : column.header}
        </div>
      ))}
    </div>
  );
}

/** Chooses what the list is ordered by; again, and the other way round. */
function OrderButton({ column, order }: { column: Column; order: string }) {
  const { order: current = "start_time" } = useScope();
  const navigate = useNavigate();
  const active = current === order || current === `-${order}`;
  const next = current === order ? `-${order}` : order;
  const Arrow = current.startsWith("-") ? ArrowUp : ArrowDown;
  return (
    <button
      type="button"
      data-testid={`order-${column.id}`}
      className={`inline-flex items-center gap-0.5 hover:text-text ${active ? "text-text" : ""}`}
      onClick={() => void navigate({ to: ".", search: ({ order: _, ...rest }) => ({ ...rest, ...(next !== "start_time" && { order: next }) }) })}
    >
      {column.header}
      {active && <Arrow size={11} />}
    </button>
  );
}

function useListKeys(traces: Trace[], at: number, choose: (index: number) => void) {
  const navigate = useNavigate();
  const project = useProject();
  const move = (by: number) => choose(Math.min(traces.length - 1, Math.max(0, at < 0 ? 0 : at + by)));
  const open = () => {
    const trace = traces[at];
    if (trace) void navigate({ to: "/projects/$project/runs/$traceId", params: { project, traceId: trace.trace_id }, search: true });
  };
  useKeys("Runs", [
    { keys: "j", label: "Next run", run: () => move(1) },
    { keys: "k", label: "Previous run", run: () => move(-1) },
    { keys: "ArrowDown", label: "Next run", run: () => move(1) },
    { keys: "ArrowUp", label: "Previous run", run: () => move(-1) },
    { keys: "Enter", label: "Open", run: open },
    { keys: "o", label: "Open", run: open },
    { keys: "g g", label: "First run", run: () => choose(0) },
    { keys: "G", label: "Last loaded run", run: () => choose(traces.length - 1) },
  ]);
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
