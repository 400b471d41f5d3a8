import type { ReactNode } from "react";
import type { Trace, TraceScore } from "../../api/types";
import { formatCount, formatShort } from "../../ui/format";
import { Duration, Moment, msToUs, Tokens, Usd } from "../figures";
import { OutcomeIcon } from "../marks";

/** A column of the list of runs. `order` is what the API calls ordering by it. */
export interface Column {
  id: string;
  header: ReactNode;
  order?: string;
  numeric?: boolean;
  render: (trace: Trace) => ReactNode;
}

export const COLUMNS: readonly Column[] = [
  { id: "outcome", header: "", render: ({ outcome, running }) => <OutcomeIcon outcome={outcome} running={running} /> },
  { id: "time", header: "Started", order: "start_time", render: ({ start_time }) => <Moment iso={start_time} className="text-muted" /> },
  { id: "name", header: "Name", render: ({ name }) => <span className="font-medium" title={name}>{name || "unnamed"}</span> },
  { id: "preview", header: "Input → output", render: (trace) => <Preview trace={trace} /> },
  { id: "prompt", header: "Prompt", render: ({ prompts }) => <Some values={prompts} /> },
  { id: "model", header: "Model", render: ({ models }) => <Some values={models} /> },
  { id: "steps", header: "Steps", order: "span_count", numeric: true, render: (trace) => <Steps trace={trace} /> },
  { id: "duration", header: "Duration", order: "duration", numeric: true, render: ({ duration_ms }) => <Duration us={msToUs(duration_ms)} /> },
  {
    id: "tokens",
    header: "Tokens",
    order: "tokens",
    numeric: true,
    render: (trace) => (
      <Tokens input={trace.input_tokens} output={trace.output_tokens} cached={trace.cache_read_tokens} reasoning={trace.reasoning_tokens} />
    ),
  },
  { id: "cost", header: "Cost", order: "cost", numeric: true, render: (trace) => <Usd usd={trace.cost_usd} unpriced={trace.unpriced_calls} /> },
  { id: "score", header: "Score", numeric: true, render: ({ scores }) => <Scores scores={scores} /> },
];

/** What went in, and what came out or went wrong, on one line. */
function Preview({ trace }: { trace: Trace }) {
  const failed = trace.outcome === "error" && trace.error_message !== "";
  const out = failed ? trace.error_message : trace.output_preview;
  return (
    <span className="flex min-w-0 gap-1.5" title={[trace.input_preview, out].filter(Boolean).join("\n→ ")}>
      {trace.input_preview && <span className="max-w-[60%] shrink-[2] truncate">{trace.input_preview}</span>}
      {out && (
        <span className={`min-w-0 flex-1 truncate ${failed ? "text-error-text" : "text-muted"}`}>
          <span className="text-faint">→ </span>
          {out}
        </span>
      )}
    </span>
  );
}

function Steps({ trace }: { trace: Trace }) {
  const { span_count, llm_calls, tool_calls, error_count } = trace;
  return (
    <span className="num" title={`${formatCount(span_count)} spans\n${llm_calls} model calls\n${tool_calls} tool calls\n${error_count} errors`}>
      {span_count < 10_000 ? formatCount(span_count) : formatShort(span_count)}
    </span>
  );
}

/** The first of a few values and how many more there are. */
function Some({ values }: { values: readonly string[] }) {
  const [first, ...more] = values;
  if (first === undefined) return null;
  return (
    <span className="flex min-w-0 gap-1 text-muted" title={values.join("\n")}>
      <span className="truncate">{first}</span>
      {more.length > 0 && <span className="text-faint">+{more.length}</span>}
    </span>
  );
}

function Scores({ scores }: { scores: readonly TraceScore[] }) {
  const [first, ...more] = scores;
  if (!first) return null;
  const all = scores.map((score) => `${score.name}: ${renderScore(score)}`).join("\n");
  return (
    <span className="num flex justify-end gap-1" title={all}>
      {renderScore(first)}
      {more.length > 0 && <span className="text-faint">+{more.length}</span>}
    </span>
  );
}

export function renderScore({ value, label }: TraceScore): string {
  if (label) return label;
  return value == null ? "–" : String(Math.round(value * 1000) / 1000);
}
