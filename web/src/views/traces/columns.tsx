import type { ReactNode } from "react";
import type { Trace, TraceScore } from "../../api/types";
import { formatCount, formatOf, formatShort, lastPart } from "../../ui/format";
import { unmark } from "../../ui/unmark";
import { Duration, Elapsed, Moment, msToUs, Tokens, Usd } from "../figures";
import { OutcomeIcon } from "../marks";
import { rankScores, renderScore, ScoreFigure } from "../scores";

/** How wide a list has to be to show a column: what matters least goes first. */
export type Room = "narrow" | "medium" | "wide" | "widest";

/** A column of the list of runs. `order` is what the API calls ordering by it. */
export interface Column {
  id: string;
  header: ReactNode;
  order?: string;
  numeric?: boolean;
  room: Room;
  /** A track of the grid. */
  width: string | ((traces: readonly Trace[]) => string);
  render: (trace: Trace) => ReactNode;
}

const COLUMNS: readonly Column[] = [
  { id: "outcome", header: "", room: "narrow", width: "12px", render: ({ outcome, running }) => <OutcomeIcon outcome={outcome} running={running} /> },
  {
    id: "time",
    header: "Started",
    order: "start_time",
    room: "narrow",
    width: "var(--time-width)",
    render: ({ start_time }) => <Moment iso={start_time} className="text-muted" />,
  },
  {
    id: "name",
    header: "Name",
    room: "narrow",
    width: (traces) => asWide(traces, ({ name }) => name || "unnamed", 64, 168),
    render: ({ name }) => (
      <span className="font-medium" title={name}>
        {name || "unnamed"}
      </span>
    ),
  },
  { id: "preview", header: "Input → output", room: "medium", width: "minmax(0, 1fr)", render: (trace) => <Preview trace={trace} /> },
  { id: "prompt", header: "Prompt", room: "widest", width: (traces) => asWide(traces, ({ prompts }) => some(prompts), 56, 128), render: ({ prompts }) => <Some values={prompts} /> },
  { id: "model", header: "Model", room: "wide", width: (traces) => asWide(traces, ({ models }) => some(models), 56, 152), render: ({ models }) => <Some values={models} /> },
  { id: "steps", header: "Steps", order: "span_count", numeric: true, room: "medium", width: "46px", render: (trace) => <Steps trace={trace} /> },
  {
    id: "duration",
    header: "Duration",
    order: "duration",
    numeric: true,
    room: "narrow",
    width: "72px",
    render: ({ duration_ms, running, start_time }) => (running ? <Elapsed since={start_time} className="text-muted" /> : <Duration us={msToUs(duration_ms)} />),
  },
  {
    id: "tokens",
    header: "Tokens",
    order: "tokens",
    numeric: true,
    room: "medium",
    width: "56px",
    render: (trace) => <Tokens input={trace.input_tokens} output={trace.output_tokens} cached={trace.cache_read_tokens} reasoning={trace.reasoning_tokens} />,
  },
  { id: "cost", header: "Cost", order: "cost", numeric: true, room: "narrow", width: "76px", render: (trace) => <Usd usd={trace.cost_usd} unpriced={trace.unpriced_calls} /> },
  {
    id: "score",
    header: "Score",
    room: "medium",
    width: (traces) => asWide(traces, ({ scores }) => some(rankScores(scores).map((score) => `✓ ${renderScore(score)}`)), 48, 112),
    render: ({ scores }) => <Scores scores={scores} />,
  },
];

/** The columns in which some run has something to show. */
export function columnsOf(traces: readonly Trace[]): (Column & { width: string })[] {
  return COLUMNS.map((column) => ({ ...column, width: typeof column.width === "string" ? column.width : column.width(traces) })).filter(({ width }) => width !== "");
}

const ROOMS: readonly Room[] = ["narrow", "medium", "wide", "widest"];

/** The tracks of the grid for each room there may be, as the variables that runs.css reads. */
export function tracks(columns: readonly (Column & { width: string })[]): Record<string, string> {
  return Object.fromEntries(
    ROOMS.map((room) => {
      const shown = columns.filter((column) => ROOMS.indexOf(column.room) <= ROOMS.indexOf(room));
      return [`--columns-${room}`, shown.map(({ id, width }) => (room === "narrow" && id === "name" ? "minmax(0, 1fr)" : width)).join(" ")];
    }),
  );
}

/** About what a letter of the list takes. */
const LETTER_PX = 7.5;

/** As wide as the longest text asks for, within bounds; "" where there is none. */
function asWide(traces: readonly Trace[], textOf: (trace: Trace) => string, least: number, most: number): string {
  const letters = traces.reduce((longest, trace) => Math.max(longest, textOf(trace).length), 0);
  return letters === 0 ? "" : `${Math.min(most, Math.max(least, Math.ceil(letters * LETTER_PX)))}px`;
}

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
function explain({ outcome, error_type, error_message }: Trace): string {
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

/** How `Some` reads. */
function some([first, ...more]: readonly string[]): string {
  return more.length > 0 ? `${first} +${more.length}` : (first ?? "");
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
