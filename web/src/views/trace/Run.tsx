import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "../../api/client";
import { logsQuery, traceQuery } from "../../api/queries";
import { findInRun } from "../../api/runs";
import type { LoadedRun } from "../../api/types";
import { formatCount } from "../../ui/format";
import { Empty, ErrorState, ListSkeleton } from "../../ui/States";
import { Tabs } from "../../ui/Tabs";
import { useLiveTraces } from "../frame/live";
import { useProject } from "../frame/scope";
import { RunHeader } from "./RunHeader";
import { RunLogs } from "./RunLogs";
import { createRunStore, RunProvider } from "./store";
import { Workbench } from "./Workbench";

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
  const { span } = route.useSearch();
  const { run, trace } = loaded;
  const [store] = useState(() => createRunStore(run, span, findInRun));
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

/** What there is to see of a run: its timeline, and what it logged. */
function Views({ loaded }: { loaded: LoadedRun }) {
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  const { log_count = 0, run } = loaded;
  const tabs = [
    { value: "timeline", label: "Timeline" },
    ...(log_count > 0 ? [{ value: "logs", label: "Logs", count: log_count }] : []),
  ];
  const chosen = view === "logs" && log_count > 0 ? "logs" : "timeline";
  const choose = (value: string) =>
    void navigate({ search: ({ view: _, ...search }) => (value === "logs" ? { ...search, view: "logs" } : search), replace: true });
  return (
    <Tabs label="Views of the run" tabs={tabs} value={chosen} onChange={choose} className="flex-1">
      <div className="flex h-full flex-col">{chosen === "logs" ? <RunLogs run={run} /> : <Workbench loaded={loaded} />}</div>
    </Tabs>
  );
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
    }, (spanCount / 1000) * WAIT_MS_PER_1000);
  });
}
