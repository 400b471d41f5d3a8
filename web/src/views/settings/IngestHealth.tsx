import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { ingestHealthQuery } from "../../api/queries";
import type { IngestHealth as Health, SeenScope, UnknownAttribute } from "../../api/types";
import { Button } from "../../ui/Button";
import { formatAgo, formatCount, formatOf } from "../../ui/format";
import { ErrorState, ListSkeleton } from "../../ui/States";
import { useProject } from "../frame/scope";
import { Section } from "./Section";

const SHOWN = 5;

/** What came in since the server's start, and how much of it nobody understood. */
export function IngestHealth() {
  const project = useProject();
  const { data, error, refetch } = useQuery(ingestHealthQuery(project));
  return (
    <Section title="Ingest health" says="What was sent, and what of it was rejected, cut, late, or isn't understood.">
      {error && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!data && !error && <ListSkeleton rows={3} />}
      {data && <Counts of={data} />}
      {data && data.scopes.length > 0 && (
        <ul className="mt-3 divide-y divide-line rounded-md border border-line bg-raised">
          {data.scopes.map((scope) => (
            <Scope key={scope.scope} of={scope} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Counts({ of: health }: { of: Health }) {
  const { orphaned } = health;
  return (
    <div className="rounded-md border border-line bg-raised px-3 py-2" data-testid="ingest-counts">
      <p>
        {formatOf(health.spans, "span")}, {formatOf(health.logs, "log")} and {formatOf(health.points, "point")} since the server started {formatAgo(health.since)}.
      </p>
      <dl className="mt-1 flex flex-wrap gap-x-6 gap-y-1">
        <Count name="rejected" count={health.rejected} says="Not kept: why is said below, and to the sender." />
        <Count name="truncated" count={health.truncated} says="Spans with a value that was too large and was cut." />
        <Count name="dropped" count={health.dropped} says="Spans of which the sender left attributes, events or links out." />
        <Count name="late" count={health.late} says="Spans that ended more than an hour before they arrived." />
        <Count name="orphaned" count={orphaned.orphans} says="Spans of the last hour whose parent isn't there.">
          {orphaned.orphans > 0 && <Example traceId={orphaned.trace_id} spanId={orphaned.span_id} />}
        </Count>
      </dl>
      {health.rejections.length > 0 && (
        <ul className="mt-1 text-sm text-muted">
          {health.rejections.map(({ reason, exports }) => (
            <li key={reason}>
              {reason} <span className="text-faint">in {formatOf(exports, "export")}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Count({ name, count, says, children }: { name: string; count: number; says: string; children?: ReactNode }) {
  return (
    <div className="flex items-baseline gap-1.5" title={says}>
      <dt className="text-muted">{name}</dt>
      <dd className={`num ${count > 0 ? "font-medium" : "text-faint"}`}>{formatCount(count)}</dd>
      {children}
    </div>
  );
}

function Scope({ of: scope }: { of: SeenScope }) {
  const [all, setAll] = useState(false);
  const shown = all ? scope.unknown : scope.unknown.slice(0, SHOWN);
  return (
    <li className="px-3 py-2" data-testid="ingest-scope">
      <div className="flex items-baseline gap-4">
        <span className="min-w-0 flex-1 truncate font-medium">{scope.scope || "(no scope)"}</span>
        <span className={`text-sm ${scope.understood ? "text-faint" : "font-medium"}`}>{scope.understood ? scope.dialects.join(", ") : "not understood"}</span>
        <span className="num w-24 text-muted">{formatOf(scope.spans, "span")}</span>
        <Example traceId={scope.trace_id} spanId={scope.span_id} />
      </div>
      {shown.length > 0 && (
        <ul className="mt-1 text-sm">
          {shown.map((one) => (
            <Attribute key={one.name} of={one} />
          ))}
        </ul>
      )}
      {scope.unknown.length > SHOWN && (
        <Button look="quiet" onClick={() => setAll(!all)}>
          {all ? "Fewer" : `${formatCount(scope.unknown.length - SHOWN)} more`}
        </Button>
      )}
    </li>
  );
}

function Attribute({ of: one }: { of: UnknownAttribute }) {
  return (
    <li className="flex items-baseline gap-4">
      <code className="w-72 truncate font-mono" title={one.name}>
        {one.name}
      </code>
      <span className="min-w-0 flex-1 truncate text-muted" title={one.value}>
        {one.value}
      </span>
      <span className="num w-24 text-muted">{formatOf(one.spans, "span")}</span>
      <Example traceId={one.trace_id} spanId={one.span_id} />
    </li>
  );
}

function Example({ traceId, spanId }: { traceId: string; spanId: string }) {
  const project = useProject();
  return (
    <Link to="/projects/$project/runs/$traceId" params={{ project, traceId }} search={{ span: spanId }} className="text-sm text-accent-text hover:underline">
      example
    </Link>
  );
}
