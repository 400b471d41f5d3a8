import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft, ArrowUpRight } from "lucide-react";
import { useRef } from "react";
import { sessionQuery, spanQuery, traceQuery } from "../../api/queries";
import type { SessionDetail, Trace } from "../../api/types";
import { idOf } from "../../trace/run";
import { formatCount, formatOf } from "../../ui/format";
import { LongText } from "../../ui/LongText";
import { Rendered } from "../../ui/Rendered";
import { ErrorState, ListSkeleton } from "../../ui/States";
import { unmark } from "../../ui/unmark";
import { useSeen } from "../../ui/useSeen";
import { Duration, Moment, msToUs, Tokens, Usd } from "../figures";
import { useLiveTraces } from "../frame/live";
import { keepScope, useProject } from "../frame/scope";
import { OutcomeIcon } from "../marks";
import { answeredIn, askedIn } from "./said";

const route = getRouteApi("/projects/$project/sessions/$sessionId");

/** A session as one conversation over its runs, with what they took together. */
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

/** One turn of the conversation: what was asked, what came back, and what it took. */
function Run({ trace, number }: { trace: Trace; number: number }) {
  const project = useProject();
  const part = useRef<HTMLLIElement>(null);
  const said = useSaid(trace, useSeen(part));
  const stopped = trace.outcome !== "success" && trace.error_message !== "";
  return (
    <li ref={part} className="border-b border-line px-4 py-3" data-testid="session-run">
      <div className="mx-auto max-w-4xl">
        <Link
          to="/projects/$project/runs/$traceId"
          params={{ project, traceId: trace.trace_id }}
          search={keepScope}
          className="group mb-2 flex items-center gap-2 rounded-md text-muted hover:text-text"
        >
          <span className="num w-5 text-faint">{number}</span>
          <OutcomeIcon outcome={trace.outcome} running={trace.running} />
          <span className="font-medium text-text">{trace.name || "unnamed"}</span>
          <Moment iso={trace.start_time} />
          <span className="flex-1" />
          <span className="num">{formatOf(trace.span_count, "step")}</span>
          <Duration us={msToUs(trace.duration_ms)} />
          <Usd usd={trace.cost_usd} unpriced={trace.unpriced_calls} />
          <ArrowUpRight size={14} className="text-faint group-hover:text-text" />
        </Link>
        <Said by="asked" text={said.asked} />
        <Said by="answered" text={said.answered} />
        {stopped && <p className={`mt-2 ml-7 break-words ${trace.outcome === "error" ? "text-error-text" : "text-muted"}`}>{trace.error_message}</p>}
      </div>
    </li>
  );
}

/** What was said in whole once it is in sight; until then, and where the root says nothing, the previews. */
function useSaid(trace: Trace, seen: boolean): { asked: string; answered: string } {
  const project = useProject();
  const skeleton = useQuery({ ...traceQuery(project, trace.trace_id), enabled: seen });
  const root = skeleton.data ? idOf(skeleton.data.run, 0) : "";
  const span = useQuery({ ...spanQuery(project, trace.trace_id, root), enabled: root !== "" && !root.startsWith("missing") });
  const conversation = span.data?.conversation ?? {};
  return { asked: askedIn(conversation) ?? unmark(trace.input_preview), answered: answeredIn(conversation) ?? unmark(trace.output_preview) };
}

function Said({ by, text }: { by: "asked" | "answered"; text: string }) {
  if (text === "") return null;
  return (
    <div className={by === "asked" ? "mb-2 flex justify-end pl-16" : "pr-16 pl-7"} data-testid={by}>
      <div className={`min-w-0 ${by === "asked" ? "rounded-lg bg-hover px-3 py-1.5" : ""}`}>
        <span className="sr-only">{by === "asked" ? "Asked: " : "Answered: "}</span>
        <LongText text={text} render={(part) => <Rendered text={part} />} />
      </div>
    </div>
  );
}
