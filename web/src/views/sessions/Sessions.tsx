import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { sessionsQuery } from "../../api/queries";
import type { Session } from "../../api/types";
import { Button } from "../../ui/Button";
import { formatCount } from "../../ui/format";
import { unmark } from "../../ui/unmark";
import { Empty, ErrorState, ListSkeleton } from "../../ui/States";
import { Moment, Tokens, Usd } from "../figures";
import { keepScope, useListing, useProject } from "../frame/scope";

/** Conversations over several runs, the latest first. */
export function Sessions() {
  const project = useProject();
  const { filter, from, to } = useListing();
  const query = useInfiniteQuery(sessionsQuery(project, { filter, from, to }));
  const sessions = query.data?.pages.flatMap((page) => page.sessions) ?? [];
  if (query.error && !query.data) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <ListSkeleton />;
  if (sessions.length === 0) return <NoSessions />;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto" data-testid="sessions-page">
      <table className="w-full table-fixed border-collapse">
        <thead className="sticky top-0 z-10 bg-bg text-left text-sm text-faint [&_th]:h-8 [&_th]:border-b [&_th]:border-line [&_th]:px-2 [&_th]:font-normal">
          <tr>
            <th className="w-32 !pl-4">Latest</th>
            <th className="w-44">Session</th>
            <th className="w-28 max-[1100px]:hidden">User</th>
            <th>Input → output</th>
            <th className="num w-14">Runs</th>
            <th className="num w-16">Failed</th>
            <th className="num w-16">Tokens</th>
            <th className="num w-20 !pr-4">Cost</th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <Row key={session.session_id} session={session} />
          ))}
        </tbody>
      </table>
      {query.hasNextPage && (
        <Button look="quiet" className="m-3" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Show earlier sessions
        </Button>
      )}
    </div>
  );
}

function Row({ session }: { session: Session }) {
  const project = useProject();
  return (
    <tr data-testid="session-row" className="relative h-7 hover:bg-hover [&>td]:truncate [&>td]:px-2">
      <td className="!pl-4 text-muted">
        <Moment iso={session.end_time ?? session.start_time} />
      </td>
      <td className="font-medium" title={session.session_id}>
        <Link to="/projects/$project/sessions/$sessionId" params={{ project, sessionId: session.session_id }} search={keepScope} className="after:absolute after:inset-0">
          {session.session_id}
        </Link>
      </td>
      <td className="text-muted max-[1100px]:hidden">{session.user_id}</td>
      <td>
        {unmark(session.input_preview)}
        {session.output_preview && <span className="text-muted"> → {unmark(session.output_preview)}</span>}
      </td>
      <td className="num">{formatCount(session.trace_count)}</td>
      <td className={`num ${session.error_count > 0 ? "text-error-text" : "text-faint"}`}>{formatCount(session.error_count)}</td>
      <td className="num">
        <Tokens input={session.input_tokens} output={session.output_tokens} />
      </td>
      <td className="num !pr-4">
        <Usd usd={session.cost_usd} />
      </td>
    </tr>
  );
}

function NoSessions() {
  return (
    <Empty title="No sessions here">
      <p>
        Runs that carry <code className="font-mono text-sm">session.id</code> (or <code className="font-mono text-sm">gen_ai.conversation.id</code>) are gathered into
        sessions. Set it on any span of a run, and look at a longer range of time if it was set before.
      </p>
    </Empty>
  );
}
