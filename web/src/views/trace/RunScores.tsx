import type { LoadedRun, Score } from "../../api/types";
import { nameOf, nodeOf, type Run } from "../../trace/run";
import { verdictOf } from "../scores";
import { ScoreItem } from "./Lists";
import { ScoreForm } from "./ScoreForm";
import { useOpenSpan } from "./useOpenSpan";

/** Every judgement of the run and of its steps, what was found wanting in front. */
export function RunScores({ loaded: { run, scores } }: { loaded: LoadedRun }) {
  const open = useOpenSpan();
  return (
    <div className="min-h-0 flex-1 overflow-y-auto" data-testid="run-scores">
      <div className="max-w-4xl">
        <ScoreForm />
        {rank(scores).map((score) => (
          <ScoreItem key={score.score_id} score={score}>
            {score.span_id && nodeOf(run, score.span_id) >= 0 && (
              <button type="button" className="text-sm text-accent-text hover:underline" onClick={() => open(score.span_id as string)}>
                {nameOfSpan(run, score.span_id)}
              </button>
            )}
          </ScoreItem>
        ))}
      </div>
    </div>
  );
}

function rank(scores: readonly Score[]): Score[] {
  const [wanting, others] = [true, false].map((want) => scores.filter((score) => (verdictOf(score) === false) === want));
  return [...wanting, ...others];
}

function nameOfSpan(run: Run, spanId: string): string {
  return `of ${nameOf(run, nodeOf(run, spanId))}`;
}
