import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { statsQuery } from "../../api/queries";
import { formatCount, formatDuration, formatExact, formatPercent, formatUsd, UNKNOWN } from "../../ui/format";
import { type Scope, useListing, useProject } from "../frame/scope";
import { toggle } from "./terms";

const FAILED = "outcome:error";

/** 1,284 runs · 6.1% failed · p95 14 s · $41.20, over all that the filter lets through; each leads to its runs. */
export function Totals() {
  const runs = useTotal("traces");
  const failed = useTotal("error_rate");
  const p95 = useTotal("duration_p95");
  const cost = useTotal("cost_usd");
  return (
    <div className="-mr-1.5 ml-auto flex shrink-0 gap-1 pb-0.5" data-testid="totals">
      <Figure label={runs === 1 ? "run" : "runs"} value={runs} format={formatCount} title="The newest first" search={({ order: _, ...rest }) => rest} />
      <Figure
        label="failed"
        value={failed}
        format={formatPercent}
        title="Only those"
        search={({ filter = "", ...rest }) => ({ ...rest, filter: filter.includes(FAILED) ? filter : `${filter} ${FAILED}`.trim() })}
      />
      <Figure label="p95" value={p95} format={(ms) => formatDuration(ms * 1000)} title="The longest first" search={(scope) => ({ ...scope, order: "duration" })} />
      <Figure label="cost" value={cost} format={formatUsd} title="The dearest first" search={(scope) => ({ ...scope, order: "cost" })} />
    </div>
  );
}

/** 5,204 steps · first token at p95 · cost, of those that match themselves. */
export function SpanTotals() {
  const steps = useTotal("spans");
  const ttft = useTotal("ttft_p95");
  const cost = useTotal("cost_usd");
  return (
    <div className="-mr-1.5 ml-auto flex shrink-0 gap-1 pb-0.5" data-testid="totals">
      <Figure label={steps === 1 ? "step" : "steps"} value={steps} format={formatCount} title="The newest first" search={({ order: _, ...rest }) => rest} />
      <Figure label="first token, p95" value={ttft} format={(ms) => formatDuration(ms * 1000)} title="Model calls" search={(scope) => ({ ...scope, filter: toggle(scope.filter ?? "", "kind", "llm", "in") })} />
      <Figure label="cost" value={cost} format={formatUsd} title="The dearest first" search={(scope) => ({ ...scope, order: "cost" })} />
    </div>
  );
}

interface FigureProps {
  label: string;
  value: number | null | undefined;
  format: (n: number) => string;
  title: string;
  search: (scope: Scope) => Scope;
}

/** As wide as any value asks for: what loads later moves nothing. */
function Figure({ label, value, format, title, search }: FigureProps) {
  const known = value !== null && value !== undefined;
  return (
    <Link to="." search={search} title={known ? `${formatExact(value)}\n${title}` : "not known"} className="flex min-w-16 flex-col items-end rounded-md px-1.5 hover:bg-hover">
      <span className="text-lg leading-5 font-medium tabular-nums">{known ? format(value) : <Nothing loaded={value === null} />}</span>
      <span className="text-xs text-muted">{label}</span>
    </Link>
  );
}

function Nothing({ loaded }: { loaded: boolean }): ReactNode {
  return loaded ? <span className="text-faint">{UNKNOWN}</span> : <span className="invisible">{UNKNOWN}</span>;
}

function useTotal(metric: string): number | null | undefined {
  const project = useProject();
  const { filter, from, to } = useListing();
  return useQuery(statsQuery(project, metric, "", { filter, from, to })).data?.total;
}
