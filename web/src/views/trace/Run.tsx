import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { ApiError } from "../../api/client";
import { logsQuery, traceQuery } from "../../api/queries";
import { findInRun } from "../../api/runs";
import type { LoadedRun } from "../../api/types";
import { growTo, isGrowing } from "../../trace/grow";
import type { Run as RunOf } from "../../trace/run";
import { formatCount } from "../../ui/format";
import { Empty, ErrorState, ListSkeleton } from "../../ui/States";
import { useLiveTraces } from "../frame/live";
import { useProject } from "../frame/scope";
import { RunHeader } from "./RunHeader";
import { readZoom } from "./place";
import { RunLogs } from "./RunLogs";
import { createRunStore, RunProvider } from "./store";
import { Views } from "./Views";

const route = getRouteApi("/projects/$project/runs/$traceId");

/** While a run goes on it is fetched again at most this often for each 1,000 spans it has. */
const WAIT_MS_PER_1000 = 100;

/** One run: loaded, kept up to date while it goes on, and told what is wrong when it can't be shown. */
export function Run() {
  const project = useProject();
  const { traceId } = route.useParams();
  const { data, error, refetch } = useQuery(traceQuery(project, traceId));
  useLiveRun(project, traceId, data?.run.trace.length ?? 0);

  if (error && !data) {
    const gone = error instanceof ApiError && error.status === 404;
    return gone ? <NoRun traceId={traceId} /> : <ErrorState error={error} onRetry={() => void refetch()} />;
  }
  if (!data) return <ListSkeleton rows={20} />;
  return <OpenRun key={traceId} loaded={data} />;
}

function OpenRun({ loaded }: { loaded: LoadedRun }) {
  const { span, zoom } = route.useSearch();
  const { trace } = loaded;
  const run = useGrowing(loaded.run);
  const [store] = useState(() => createRunStore(run, span, findInRun, readZoom(zoom)));
  useEffect(() => {
    if (store.getState().run !== run) store.getState().update(run);
  }, [store, run]);
  useEffect(() => {
    document.title = `${trace.name || "Run"} · Clew`;
    return () => {
      document.title = "Clew";
    };
  }, [trace.name]);
  return (
    <RunProvider value={store}>
      <div className="flex min-h-0 flex-1 flex-col" data-testid="run-page" data-trace-id={trace.trace_id}>
        <RunHeader trace={trace} />
        <Views loaded={loaded} />
      </div>
    </RunProvider>
  );
}

/** A run is drawn again each second while it goes on, and less often where drawing it takes longer. */
const GROW_MS = 1000;
const GROW_MS_PER_SPAN = 0.5;

/** The run, up to the reader's present while some of it is unfinished. */
function useGrowing(run: RunOf): RunOf {
  const since = () => Number(BigInt(Date.now()) * 1000n - run.trace.start_ns / 1000n);
  const [now_us, setNow] = useState(since);
  const growing = isGrowing(run, now_us);
  const tick = useEffectEvent(() => setNow(since()));
  useEffect(() => {
    if (!growing) return undefined;
    const timer = setInterval(tick, GROW_MS + run.trace.length * GROW_MS_PER_SPAN);
    return () => clearInterval(timer);
  }, [growing, run]);
  return useMemo(() => (growing ? growTo(run, now_us) : run), [run, growing, now_us]);
}

/** Logs may come without any span: they are all there is to see then. */
function NoRun({ traceId }: { traceId: string }) {
  const project = useProject();
  const { data: logs = [], isPending } = useQuery({ ...logsQuery(project, traceId), retry: false });
  if (isPending) return <ListSkeleton rows={20} />;
  if (logs.length > 0) {
    return (
      <div className="flex min-h-0 flex-1 flex-col" data-testid="run-page">
        <p className="shrink-0 border-b border-line px-3 py-2.5 text-muted">
          No span of this run has arrived, only {formatCount(logs.length)} {logs.length === 1 ? "log" : "logs"} of it.
        </p>
        <RunLogs />
      </div>
    );
  }
  return (
    <Empty title="There is no such run">
      <p>
        No span of <span className="font-mono text-sm break-all">{traceId}</span> is stored in this project. It may have been deleted, have
        passed its retention, or belong to another project.
      </p>
    </Empty>
  );
}

function useLiveRun(project: string, traceId: string, spanCount: number): void {
  const queryClient = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLiveTraces((ids) => {
    if (!ids.includes(traceId)) return;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      void queryClient.invalidateQueries({ queryKey: ["trace", project, traceId] });
      void queryClient.invalidateQueries({ queryKey: ["span", project, traceId] });
      void queryClient.invalidateQueries({ queryKey: ["logs", project, traceId] });
      void queryClient.invalidateQueries({ queryKey: ["dialogue", project, traceId] });
      void queryClient.invalidateQueries({ queryKey: ["said", project, traceId] });
    }, (spanCount / 1000) * WAIT_MS_PER_1000);
  });
}
