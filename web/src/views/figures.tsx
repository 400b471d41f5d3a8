import { useEffect, useState } from "react";
import { formatDuration, formatExact, formatExactDuration, formatInstant, formatMoment, formatOf, formatShort, formatUsd, UNKNOWN } from "../ui/format";

/** Figures as the page shows them: short, exact on hover, a dash where nothing is known. */

export function Duration({ us, className = "" }: { us: number | null; className?: string }) {
  if (us === null || Number.isNaN(us)) return <Unknown className={className} />;
  return (
    <span className={`num ${className}`} title={formatExactDuration(us)}>
      {formatDuration(us)}
    </span>
  );
}

/** How long something has been running by now, told each second. */
export function Elapsed({ since, className = "" }: { since: string; className?: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  // A sender's clock may be ahead of the reader's.
  const us = Math.max(0, now - Date.parse(since)) * 1000;
  return (
    <span className={`num ${className}`} title="so far">
      {us < 1e6 ? "0 s" : formatDuration(Math.floor(us / 1e6) * 1e6)}
    </span>
  );
}

interface TokenCounts {
  input: number | null;
  output: number | null;
  cached?: number | null;
  reasoning?: number | null;
}

export function Tokens({ input, output, cached, reasoning, className = "" }: TokenCounts & { className?: string }) {
  const total = sumKnown(input, output);
  if (total === null) return <Unknown className={className} />;
  const parts = [
    ["in", input],
    ["of them from cache", cached],
    ["out", output],
    ["of them reasoning", reasoning],
  ] as const;
  const title = parts
    .filter(([, n]) => isKnown(n))
    .map(([name, n]) => `${formatExact(n as number)} ${name}`)
    .join("\n");
  return (
    <span className={`num ${className}`} title={title}>
      {formatShort(total)}
    </span>
  );
}

export function Usd({ usd, unpriced = 0, className = "" }: { usd: number | null; unpriced?: number; className?: string }) {
  const missing = unpriced > 0 ? `\n${formatOf(unpriced, "call has", "calls have")} no known price` : "";
  if (!isKnown(usd)) return <Unknown className={className} {...(missing && { title: missing.trim() })} />;
  return (
    <span className={`num ${className}`} title={`$${formatExact(usd)}${missing}`}>
      {formatUsd(usd)}
      {unpriced > 0 && <span className="text-faint">+</span>}
    </span>
  );
}

export function Moment({ iso, className = "" }: { iso: string; className?: string }) {
  return (
    <time dateTime={iso} title={formatInstant(iso)} className={`whitespace-nowrap tabular-nums ${className}`}>
      {formatMoment(iso)}
    </time>
  );
}

function Unknown({ className, title = "not known" }: { className: string; title?: string }) {
  return (
    <span className={`num text-faint ${className}`} title={title}>
      {UNKNOWN}
    </span>
  );
}

export function isKnown(n: number | null | undefined): n is number {
  return n !== null && n !== undefined && !Number.isNaN(n);
}

export function sumKnown(a: number | null, b: number | null): number | null {
  if (!isKnown(a)) return isKnown(b) ? b : null;
  return isKnown(b) ? a + b : a;
}

export function msToUs(ms: number | null): number | null {
  return ms === null ? null : ms * 1000;
}
