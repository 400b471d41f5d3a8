import { useQuery } from "@tanstack/react-query";
import { statsQuery } from "../../api/queries";
import { formatCount, formatDuration, formatExact, formatPercent, formatUsd, UNKNOWN } from "../../ui/format";
import { useListing, useProject } from "../frame/scope";

/** 1,284 runs · 6.1% failed · p95 14 s · $41.20, over all that the filter lets through. */
export function Totals() {
  const runs = useTotal("traces");
  const failed = useTotal("error_rate");
  const p95 = useTotal("duration_p95");
  const cost = useTotal("cost_usd");
  return (
    <dl className="ml-auto grid shrink-0 grid-cols-4 gap-5 pb-0.5" data-testid="totals">
      <Figure label="runs" value={runs} format={formatCount} />
      <Figure label="failed" value={failed} format={formatPercent} />
      <Figure label="p95" value={p95} format={(ms) => formatDuration(ms * 1000)} />
      <Figure label="cost" value={cost} format={formatUsd} />
    </dl>
  );
}

function Figure({ label, value, format }: { label: string; value: number | null | undefined; format: (n: number) => string }) {
  const known = value !== null && value !== undefined;
  return (
    <div className="flex flex-col-reverse items-end">
      <dt className="text-xs text-faint">{label}</dt>
      <dd className="text-lg leading-5 font-medium tabular-nums" title={known ? formatExact(value) : "not known"}>
        {known ? format(value) : <span className="text-faint">{UNKNOWN}</span>}
      </dd>
    </div>
  );
}

function useTotal(metric: string): number | null | undefined {
  const project = useProject();
  const { filter, from, to } = useListing();
  return useQuery(statsQuery(project, metric, "", { filter, from, to })).data?.total;
}
