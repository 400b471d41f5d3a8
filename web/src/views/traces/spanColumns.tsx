import type { Outcome, SpanItem } from "../../api/types";
import { lastPart } from "../../ui/format";
import { unmark } from "../../ui/unmark";
import { Duration, Moment, msToUs, Tokens, Usd } from "../figures";
import { KindIcon, OutcomeIcon } from "../marks";
import { asWide, type Column, countColumn, textColumn } from "./layout";

const usual = (column: Column<SpanItem>): Column<SpanItem> => ({ ...column, extra: false });

export const SPAN_COLUMNS: readonly Column<SpanItem>[] = [
  {
    id: "outcome",
    label: "Outcome",
    header: "",
    room: "narrow",
    width: "12px",
    render: ({ outcome, duration_ms }) => <OutcomeIcon outcome={outcome as Outcome} running={duration_ms === null} />,
  },
  { id: "time", label: "Started", order: "start_time", room: "narrow", width: "var(--time-width)", render: ({ start_time }) => <Moment iso={start_time} className="text-muted" /> },
  { id: "kind", label: "Kind", header: "", room: "narrow", width: "14px", render: ({ kind }) => <KindIcon kind={kind} size={13} /> },
  {
    id: "name",
    label: "Name",
    room: "narrow",
    width: (spans) => asWide(spans, nameOf, 64, 184),
    render: (span) => (
      <span className="font-medium" title={nameOf(span)}>
        {nameOf(span)}
      </span>
    ),
  },
  { id: "preview", label: "Input → output", room: "medium", width: "minmax(0, 1fr)", render: (span) => <Preview span={span} /> },
  { ...usual(textColumn("agent", "Agent", ({ agent }) => agent, 56, 128)), room: "wide" },
  { ...usual(textColumn("model", "Model", ({ model }) => model, 56, 152)), room: "wide" },
  { ...usual(textColumn("prompt", "Prompt", ({ prompt }) => prompt, 56, 128)), room: "widest" },
  { id: "duration", label: "Duration", order: "duration", numeric: true, room: "narrow", width: "72px", render: ({ duration_ms }) => <Duration us={msToUs(duration_ms)} /> },
  {
    id: "tokens",
    label: "Tokens",
    order: "tokens",
    numeric: true,
    room: "medium",
    width: "56px",
    render: (span) => <Tokens input={span.input_tokens} output={span.output_tokens} cached={span.cache_read_tokens} reasoning={span.reasoning_tokens} />,
  },
  { id: "cost", label: "Cost", order: "cost", numeric: true, room: "narrow", width: "76px", render: ({ cost_usd }) => <Usd usd={cost_usd} /> },
  { id: "ttft", label: "First token", extra: true, numeric: true, room: "medium", width: "80px", render: ({ ttft_us }) => <Duration us={ttft_us} /> },
  textColumn("tool", "Tool", ({ tool }) => tool, 56, 140),
  textColumn("provider", "Provider", ({ provider }) => provider, 56, 112),
  textColumn("service", "Service", ({ service }) => service, 56, 140),
  textColumn("error", "Error", explain, 80, 240),
  textColumn("input", "Input", ({ input_preview }) => unmark(input_preview), 120, 320),
  textColumn("output", "Output", ({ output_preview }) => unmark(output_preview), 120, 320),
  countColumn("input_tokens", "Tokens in", ({ input_tokens }) => input_tokens),
  countColumn("output_tokens", "Tokens out", ({ output_tokens }) => output_tokens),
  countColumn("cached_tokens", "Cached", ({ cache_read_tokens }) => cache_read_tokens),
  countColumn("retries", "Retries", ({ retries }) => retries),
  textColumn("scope", "Instrumentation", ({ scope }) => scope, 80, 240),
  textColumn("trace", "Run id", ({ trace_id }) => trace_id, 80, 240),
];

function nameOf({ display_name, name }: SpanItem): string {
  return display_name || name || "unnamed";
}

function Preview({ span }: { span: SpanItem }) {
  const why = explain(span);
  const out = span.outcome === "error" && why ? why : span.output_preview || why;
  return (
    <span className="flex min-w-0 gap-1.5" title={[span.input_preview, out].filter(Boolean).join("\n→ ")}>
      {span.input_preview && <span className="max-w-[60%] shrink-[2] truncate">{unmark(span.input_preview)}</span>}
      {out && (
        <span className={`min-w-0 flex-1 truncate ${span.outcome === "error" ? "text-error-text" : "text-muted"}`}>
          <span className="text-faint">→ </span>
          {unmark(out)}
        </span>
      )}
    </span>
  );
}

/** Why it didn't end well: the type of the error, unless the message says it. */
function explain({ outcome, error_type, error_message }: SpanItem): string {
  const type = lastPart(error_type);
  if (outcome !== "error" || error_message.includes(type)) return error_message || type;
  return error_message ? `${type}: ${error_message}` : type;
}
