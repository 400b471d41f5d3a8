import { Check, X } from "lucide-react";
import type { TraceScore } from "../api/types";

const WORDS: Record<string, boolean> = { true: true, yes: true, pass: true, passed: true, false: false, no: false, fail: false, failed: false };

/** Whether a score says well done: by its word, or as a share of 1. Undefined where it doesn't judge. */
export function verdictOf({ value, label }: TraceScore): boolean | undefined {
  if (label) return WORDS[label.toLowerCase()];
  return value != null && value >= 0 && value <= 1 ? value >= 0.5 : undefined;
}

/** What was found wanting in front: it is why one looks. */
export function rankScores(scores: readonly TraceScore[]): TraceScore[] {
  const [wanting, others] = [true, false].map((want) => scores.filter((score) => (verdictOf(score) === false) === want));
  return [...wanting, ...others];
}

export function renderScore({ value, label }: TraceScore): string {
  if (label) return label;
  return value == null ? "–" : String(Math.round(value * 1000) / 1000);
}

/** ✓ 0.9 · ✕ 0.1 · 42: a low score is no error, so it isn't red. */
export function ScoreFigure({ score }: { score: TraceScore }) {
  const verdict = verdictOf(score);
  const Mark = verdict ? Check : X;
  return (
    <span className="inline-flex min-w-0 items-center gap-1 tabular-nums" data-verdict={verdict ?? "none"}>
      {verdict !== undefined && <Mark size={12} strokeWidth={2.4} className={`shrink-0 ${verdict ? "text-success" : "text-text"}`} aria-label={verdict ? "good" : "bad"} />}
      <span className={`truncate ${verdict ? "text-muted" : ""}`}>{renderScore(score)}</span>
    </span>
  );
}
