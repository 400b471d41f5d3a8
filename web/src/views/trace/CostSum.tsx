import type { Cost, Usage } from "../../api/types";
import { formatExact, formatUsd } from "../../ui/format";

const SOURCES: Record<string, string> = {
  client: "as the sender said",
  operator: "by this server's own price table",
  prices: "by the packaged price table",
};

/** How a cost came about: tokens of each kind and what they made together. */
export function CostSum({ cost, usage }: { cost: Cost; usage: Usage | undefined | null }) {
  if (cost.total_usd == null) return null;
  const terms = [
    term("in", usage?.input_tokens, cost.input_usd, usage?.cache_read_tokens),
    term("out", usage?.output_tokens, cost.output_usd),
  ].filter((one) => one !== "");
  return (
    <p className="mx-3 mt-3 rounded-md border border-line bg-sunken px-2.5 py-1.5 text-muted tabular-nums" data-testid="cost-sum">
      {terms.length > 0 && `${terms.join(" + ")} = `}
      <span className="text-text">{formatUsd(cost.total_usd)}</span>, {SOURCES[cost.source ?? ""] ?? "of unknown source"}
    </p>
  );
}

function term(name: string, tokens: number | null | undefined, usd: number | null | undefined, cached?: number | null): string {
  if (tokens == null || usd == null) return "";
  const of_them = cached ? `, ${formatExact(cached)} of them from cache` : "";
  return `${formatExact(tokens)} ${name}${of_them} (${formatUsd(usd)})`;
}
