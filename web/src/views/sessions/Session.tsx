import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft, ArrowUpRight } from "lucide-react";
import { sessionQuery } from "../../api/queries";
import type { SessionDetail, Trace } from "../../api/types";
import { formatCount, formatOf } from "../../ui/format";
import { unmark } from "../../ui/unmark";
import { ErrorState, ListSkeleton } from "../../ui/States";
import { Duration, Moment, msToUs, Tokens, Usd } from "../figures";
import { useLiveTraces } from "../frame/live";
import { keepScope, useProject } from "../frame/scope";
import { OutcomeIcon } from "../marks";

const route = getRouteApi("/projects/$project/sessions/$sessionId");

/** A session: its runs in order, each with what was asked and what came back. */
export function Session() {
  const project = useProject();
  const { sessionId } = route.useParams();
  const queryClient = useQueryClient();
  const options = sessionQuery(project, sessionId);
  const { data, error, refetch } = useQuery(options);
  useLiveTraces(() => void queryClient.invalidateQueries({ queryKey: options.queryKey }));
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <ListSkeleton />;
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-testid="session-page">
      <Header session={data} />
      <ol className="min-h-0 flex-1 overflow-y-auto">
        {data.traces.map((trace, k) => (
          <Run key={trace.trace_id} trace={trace} number={k + 1} />
        ))}
      </ol>
    </div>
  );
}

function Header({ session }: { session: SessionDetail }) {
  const project = useProject();
  return (
    <header className="flex h-11 shrink-0 items-center gap-3.5 border-b border-line px-3">
      <Link to="/projects/$project/sessions" params={{ project }} search={keepScope} className="flex items-center gap-1 text-muted hover:text-text">
        <ArrowLeft size={15} /> Sessions
      </Link>
      <h1 className="min-w-0 flex-1 truncate text-lg font-semibold" title={session.session_id}>
        {session.session_id}
      </h1>
      {session.user_id && <span className="text-muted">{session.user_id}</span>}
      <span className="num">
        {formatCount(session.trace_count)} <span className="text-muted">{session.trace_count === 1 ? "run" : "runs"}</span>
      </span>
      {session.error_count > 0 && <span className="num text-error-text">{formatCount(session.error_count)} failed</span>}
      <span className="num">
        <Tokens input={session.input_tokens} output={session.output_tokens} /> <span className="text-muted">tokens</span>
      </span>
      <Usd usd={session.cost_usd} />
      <Moment iso={session.start_time} className="text-muted" />
    </header>
  );
}

function Run({ trace, number }: { trace: Trace; number: number }) {
  const project = useProject();
  const failed = trace.outcome === "error" && trace.error_message !== "";
  return (
    <li className="border-b border-line" data-testid="session-run">
      <Link to="/projects/$project/runs/$traceId" params={{ project, traceId: trace.trace_id }} search={keepScope} className="group grid grid-cols-[28px_minmax(0,1fr)_auto] gap-3 px-4 py-3 hover:bg-hover">
        <span className="num text-faint">{number}</span>
        <span className="min-w-0">
          <span className="mb-1.5 flex items-center gap-2">
            <OutcomeIcon outcome={trace.outcome} running={trace.running} />
            <span className="font-medium">{trace.name || "unnamed"}</span>
            <Moment iso={trace.start_time} className="text-faint" />
          </span>
          <Said by="in">{trace.input_preview}</Said>
          <Said by="out" failed={failed}>
            {trace.outcome === "success" ? trace.output_preview : trace.error_message || trace.output_preview}
          </Said>
        </span>
        <span className="flex items-start gap-4 text-muted">
          <span className="num">{formatOf(trace.span_count, "step")}</span>
          <Duration us={msToUs(trace.duration_ms)} />
          <Usd usd={trace.cost_usd} unpriced={trace.unpriced_calls} />
          <ArrowUpRight size={14} className="mt-0.5 text-faint group-hover:text-text" />
        </span>
      </Link>
    </li>
  );
}

function Said({ by, failed = false, children }: { by: string; failed?: boolean; children: string }) {
  if (children === "") return null;
  return (
    <span className="grid grid-cols-[28px_minmax(0,1fr)]">
      <span className="text-sm text-faint">{by}</span>
      <span className={`line-clamp-3 break-words ${failed ? "text-error-text" : ""}`}>{unmark(children)}</span>
    </span>
  );
}
