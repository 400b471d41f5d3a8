import type { Trace, TraceScore } from "../../api/types";
import { formatCount, formatOf, formatShort, lastPart } from "../../ui/format";
import { unmark } from "../../ui/unmark";
import { Duration, Elapsed, Moment, msToUs, Tokens, Usd } from "../figures";
import { OutcomeIcon } from "../marks";
import { asWide, type Column, countColumn, some, Some, textColumn } from "./layout";
import { rankScores, renderScore, ScoreFigure } from "../scores";

export const RUN_COLUMNS: readonly Column<Trace>[] = [
  { id: "outcome", label: "Outcome", header: "", room: "narrow", width: "12px", render: ({ outcome, running }) => <OutcomeIcon outcome={outcome} running={running} /> },
  {
    id: "time",
    label: "Started",
    order: "start_time",
    room: "narrow",
    width: "var(--time-width)",
    render: ({ start_time }) => <Moment iso={start_time} className="text-muted" />,
  },
  {
    id: "name",
    label: "Name",
    room: "narrow",
    width: (traces) => asWide(traces, ({ name }) => name || "unnamed", 64, 168),
    render: ({ name }) => (
      <span className="font-medium" title={name}>
        {name || "unnamed"}
      </span>
    ),
  },
  { id: "preview", label: "Input → output", room: "medium", width: "minmax(0, 1fr)", render: (trace) => <Preview trace={trace} /> },
  { id: "prompt", label: "Prompt", room: "widest", width: (traces) => asWide(traces, ({ prompts }) => some(prompts), 56, 128), render: ({ prompts }) => <Some values={prompts} /> },
  { id: "model", label: "Model", room: "wide", width: (traces) => asWide(traces, ({ models }) => some(models), 56, 152), render: ({ models }) => <Some values={models} /> },
  { id: "steps", label: "Steps", order: "span_count", numeric: true, room: "medium", width: "46px", render: (trace) => <Steps trace={trace} /> },
  {
    id: "duration",
    label: "Duration",
    order: "duration",
    numeric: true,
    room: "narrow",
    width: "72px",
    render: ({ duration_ms, running, start_time }) => (running ? <Elapsed since={start_time} className="text-muted" /> : <Duration us={msToUs(duration_ms)} />),
  },
  {
    id: "tokens",
    label: "Tokens",
    order: "tokens",
    numeric: true,
    room: "medium",
    width: "56px",
    render: (trace) => <Tokens input={trace.input_tokens} output={trace.output_tokens} cached={trace.cache_read_tokens} reasoning={trace.reasoning_tokens} />,
  },
  { id: "cost", label: "Cost", order: "cost", numeric: true, room: "narrow", width: "76px", render: (trace) => <Usd usd={trace.cost_usd} unpriced={trace.unpriced_calls} /> },
  {
    id: "score",
    label: "Score",
    room: "medium",
    width: (traces) => asWide(traces, ({ scores }) => some(rankScores(scores).map((score) => `✓ ${renderScore(score)}`)), 48, 112),
    render: ({ scores }) => <Scores scores={scores} />,
  },
  textColumn("tags", "Tags", ({ tags }) => tags, 56, 180),
  textColumn("agents", "Agents", ({ agents }) => agents, 56, 152),
  textColumn("user", "User", ({ user_id }) => user_id, 56, 140),
  textColumn("session", "Session", ({ session_id }) => session_id, 56, 140),
  textColumn("environment", "Environment", ({ environment }) => environment, 72, 120),
  textColumn("release", "Release", ({ release }) => release, 56, 96),
  textColumn("service", "Service", ({ service }) => service, 56, 140),
  textColumn("input", "Input", ({ input_preview }) => unmark(input_preview), 120, 320),
  textColumn("output", "Output", ({ output_preview }) => unmark(output_preview), 120, 320),
  textColumn("error", "Error", (trace) => explain(trace), 80, 240),
  countColumn("llm_calls", "Model calls", ({ llm_calls }) => llm_calls),
  countColumn("tool_calls", "Tool calls", ({ tool_calls }) => tool_calls),
  countColumn("errors", "Errors", ({ error_count }) => error_count, "error_count"),
  countColumn("input_tokens", "Tokens in", ({ input_tokens }) => input_tokens),
  countColumn("output_tokens", "Tokens out", ({ output_tokens }) => output_tokens),
  countColumn("cached_tokens", "Cached", ({ cache_read_tokens }) => cache_read_tokens),
  textColumn("trace", "Run id", ({ trace_id }) => trace_id, 80, 240),
];

/** What went in, and what came out or went wrong, on one line. */
function Preview({ trace }: { trace: Trace }) {
  const { outcome, input_preview, output_preview } = trace;
  const why = explain(trace);
  const failed = outcome === "error" && why !== "";
  const out = outcome === "success" ? output_preview : why || output_preview;
  return (
    <span className="flex min-w-0 gap-1.5" title={[input_preview, out].filter(Boolean).join("\n→ ")}>
      {input_preview && <span className="max-w-[60%] shrink-[2] truncate">{unmark(input_preview)}</span>}
      {out && (
        <span className={`min-w-0 flex-1 truncate ${failed ? "text-error-text" : "text-muted"}`}>
          <span className="text-faint">→ </span>
          {unmark(out)}
        </span>
      )}
    </span>
  );
}

/** Why it didn't end well. `KeyError: 'ticket'` says what `'ticket'` alone doesn't; a reason for stopping needs no type. */
export function explain({ outcome, error_type, error_message }: Trace): string {
  const type = lastPart(error_type);
  if (outcome !== "error" || error_message.includes(type)) return error_message || type;
  return error_message ? `${type}: ${error_message}` : type;
}

function Steps({ trace }: { trace: Trace }) {
  const { span_count, llm_calls, tool_calls, error_count } = trace;
  const title = [formatOf(span_count, "step"), formatOf(llm_calls, "model call"), formatOf(tool_calls, "tool call"), formatOf(error_count, "error")].join("\n");
  return (
    <span className="num" title={title}>
      {span_count < 10_000 ? formatCount(span_count) : formatShort(span_count)}
    </span>
  );
}

function Scores({ scores }: { scores: readonly TraceScore[] }) {
  const [first, ...more] = rankScores(scores);
  if (!first) return null;
  const all = scores.map((score) => `${score.name}: ${renderScore(score)}`).join("\n");
  return (
    <span className="flex min-w-0 gap-1 tabular-nums" title={all}>
      <ScoreFigure score={first} />
      {more.length > 0 && <span className="text-faint">+{more.length}</span>}
    </span>
  );
}
