import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";
import { logsQuery } from "../../api/queries";
import type { RunLog } from "../../api/types";
import { nameOf, nodeOf, type Run } from "../../trace/run";
import { CopyButton } from "../../ui/Copy";
import { formatCount, shortId } from "../../ui/format";
import { Json } from "../../ui/Json";
import { useKeys } from "../../ui/keys";
import { ErrorState, ListSkeleton } from "../../ui/States";
import { useRowHeight } from "./density";
import { Clock } from "./Lists";
import { findLogs, isFatal, lineOf, severityOf } from "./logLines";
import { useWindow } from "../../ui/useWindow";
import { ValueView } from "./ValueView";

const route = getRouteApi("/projects/$project/runs/$traceId");

/** Everything that a run logged, by time, whether or not it names a span; beside it the chosen one. */
export function RunLogs({ run }: { run?: Run }) {
  const { project, traceId } = route.useParams();
  const { data, error, refetch } = useQuery(logsQuery(project, traceId));
  if (error && !data) return <ErrorState error={error} title="The logs couldn't be loaded" onRetry={() => void refetch()} />;
  if (!data) return <ListSkeleton rows={20} />;
  return <LogTable logs={data} run={run} />;
}

function LogTable({ logs, run }: { logs: RunLog[]; run: Run | undefined }) {
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(logs[0]);
  const found = useMemo(() => findLogs(logs, query), [logs, query]);
  const at = found.findIndex((log) => log === chosen);
  const log = found[at] ?? found[0];
  const layout = useDefaultLayout({ id: "clew.logs", storage: localStorage });
  return (
    <Group className="min-h-0 flex-1" orientation="horizontal" {...layout}>
      <Panel id="logs" defaultSize="62%" minSize="320px" className="flex min-w-0 flex-col">
        <FindInLogs query={query} onFind={setQuery} found={found.length} total={logs.length} />
        <Lines logs={found} run={run} at={Math.max(0, at)} onChoose={setChosen} />
      </Panel>
      <Separator className="w-px bg-line transition-colors outline-none hover:bg-accent focus-visible:bg-accent data-[separator=active]:bg-accent" />
      <Panel id="log" minSize="260px" className="flex min-w-0 flex-col">
        {log && <LogDetail log={log} run={run} />}
      </Panel>
    </Group>
  );
}

function FindInLogs({ query, onFind, found, total }: { query: string; onFind: (query: string) => void; found: number; total: number }) {
  const input = useRef<HTMLInputElement>(null);
  useKeys("Logs", [{ keys: "/", label: "Find in the logs", command: true, run: () => input.current?.select() }]);
  return (
    <div className="flex h-9 shrink-0 items-center gap-1.5 border-b border-line px-3">
      <Search size={13} className="shrink-0 text-faint" />
      <input
        ref={input}
        data-testid="find-in-logs"
        aria-label="Find in the logs"
        placeholder="Find in the logs"
        spellCheck={false}
        className="h-7 min-w-0 flex-1 bg-transparent outline-none placeholder:text-faint"
        value={query}
        onChange={(event) => onFind(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          onFind("");
          event.currentTarget.blur();
        }}
      />
      {query !== "" && (
        <span role="status" className="shrink-0 text-sm text-muted tabular-nums">
          {found === 0 ? "nothing found" : `${formatCount(found)} of ${formatCount(total)}`}
        </span>
      )}
    </div>
  );
}

function Lines({ logs, run, at, onChoose }: { logs: RunLog[]; run: Run | undefined; at: number; onChoose: (log: RunLog) => void }) {
  const scroller = useRef<HTMLDivElement>(null);
  const rowHeight = useRowHeight();
  const [{ first, end }, reach] = useWindow(scroller, logs.length, rowHeight);
  const move = (by: number) => {
    const row = Math.min(logs.length - 1, Math.max(0, at + by));
    const log = logs[row];
    if (!log) return;
    onChoose(log);
    reach(row);
  };
  useKeys("Logs", [
    { keys: "j", label: "Next log", run: () => move(1) },
    { keys: "k", label: "Previous log", run: () => move(-1) },
    { keys: "ArrowDown", label: "Next log", run: () => move(1) },
    { keys: "ArrowUp", label: "Previous log", run: () => move(-1) },
    { keys: "Home", label: "First log", run: () => move(Number.NEGATIVE_INFINITY) },
    { keys: "End", label: "Last log", run: () => move(Number.POSITIVE_INFINITY) },
  ]);
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto overscroll-contain [overflow-anchor:none]">
      <div
        role="grid"
        aria-label="Logs"
        tabIndex={0}
        aria-activedescendant={`log-${at}`}
        className="relative outline-none"
        style={{ height: logs.length * rowHeight }}
        data-testid="logs"
      >
        {logs.slice(first, end).map((log, k) => (
          <Line key={first + k} log={log} run={run} row={first + k} rowHeight={rowHeight} chosen={first + k === at} onChoose={onChoose} />
        ))}
      </div>
    </div>
  );
}

interface LineProps {
  log: RunLog;
  run: Run | undefined;
  row: number;
  rowHeight: number;
  chosen: boolean;
  onChoose: (log: RunLog) => void;
}

function Line({ log, run, row, rowHeight, chosen, onChoose }: LineProps) {
  const line = lineOf(log);
  return (
    <div
      id={`log-${row}`}
      role="row"
      aria-selected={chosen}
      data-testid="log-row"
      className={`absolute inset-x-0 flex items-center gap-3 px-3 ${chosen ? "bg-accent-soft" : "hover:bg-hover"}`}
      style={{ top: row * rowHeight, height: rowHeight }}
      onClick={() => onChoose(log)}
    >
      <span role="gridcell" className="shrink-0">
        <Clock iso={log.time} />
      </span>
      <span role="gridcell" className="flex w-12 shrink-0">
        <Severity log={log} className="truncate" />
      </span>
      <span role="gridcell" className="min-w-0 flex-1 truncate" title={line}>
        {line}
      </span>
      <span role="gridcell" className="max-w-40 shrink-0 truncate text-faint">{spanName(run, log.span_id)}</span>
    </div>
  );
}

function Severity({ log, className = "" }: { log: RunLog; className?: string }) {
  const said = severityOf(log);
  return (
    <span className={`text-sm ${isFatal(log) ? "font-medium text-error-text" : "text-muted"} ${className}`} title={said}>
      {said}
    </span>
  );
}

function LogDetail({ log, run }: { log: RunLog; run: Run | undefined }) {
  const names = Object.keys(log.attributes);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain" data-testid="log-detail">
      <header className="px-3 pt-2.5 pb-2">
        <div className="flex items-center gap-2">
          <h2 className="min-w-0 truncate text-lg font-semibold">{log.event_name || severityOf(log) || "Log"}</h2>
          <span className="flex-1" />
          <CopyButton text={() => JSON.stringify(log, null, 2)} label="Copy the log as JSON" />
        </div>
        <div className="mt-1 flex flex-wrap items-baseline gap-x-3.5 gap-y-0.5 text-muted">
          {log.event_name && <Severity log={log} />}
          <OfSpan spanId={log.span_id} run={run} />
          <Clock iso={log.time} />
        </div>
      </header>
      <section className="border-t border-line px-3 py-2">
        <h3 className="mb-1 text-sm font-medium text-faint">Body</h3>
        {log.body === null ? <p className="text-faint">It has no body.</p> : <ValueView value={log.body} />}
      </section>
      <section className="border-t border-line px-3 py-2">
        <h3 className="mb-1 text-sm font-medium text-faint">Attributes</h3>
        {names.length === 0 ? <p className="text-faint">It has no attributes.</p> : <Json value={log.attributes} depth={2} />}
      </section>
    </div>
  );
}

/** The span that a log belongs to, and the way there. */
function OfSpan({ spanId, run }: { spanId: string; run: Run | undefined }) {
  const navigate = route.useNavigate();
  if (spanId === "") return <span>of no span</span>;
  if (spanName(run, spanId) === "") {
    return (
      <span title={spanId}>
        of span <span className="font-mono text-sm">{shortId(spanId)}</span>, which hasn't arrived
      </span>
    );
  }
  return (
    <span>
      of{" "}
      <button
        type="button"
        className="text-accent-text hover:underline"
        data-testid="to-span-of-log"
        onClick={() => void navigate({ search: ({ view: _, ...search }) => ({ ...search, span: spanId, tab: "logs" }) })}
      >
        {spanName(run, spanId)}
      </button>
    </span>
  );
}

function spanName(run: Run | undefined, spanId: string): string {
  const node = run && spanId !== "" ? nodeOf(run, spanId) : -1;
  return run && node >= 0 && run.tree.span[node] >= 0 ? nameOf(run, node) : "";
}
