import { getRouteApi } from "@tanstack/react-router";
import { CircleAlert, Hash } from "lucide-react";
import type { ReactNode } from "react";
import type { Conversation, Outcome, Score, Span, Usage, Value } from "../../api/types";
import { path } from "../../api/client";
import { findSpan } from "../../trace/trace";
import { CopyButton } from "../../ui/Copy";
import { formatDuration, formatExact, formatOf } from "../../ui/format";
import { Json } from "../../ui/Json";
import { LongText } from "../../ui/LongText";
import { PlainText } from "../../ui/Rendered";
import { type Tab, Tabs } from "../../ui/Tabs";
import { Duration, Moment, msToUs, Usd } from "../figures";
import { useProject } from "../frame/scope";
import { KindIcon, OutcomeIcon, outcomeName } from "../marks";
import { Attributes } from "./Attributes";
import { Events, Links, Logs, Scores } from "./Lists";
import { Messages } from "./Messages";
import { Recipes } from "./Recipes";
import { ScoreForm } from "./ScoreForm";
import { useRun } from "./store";
import { ValueView } from "./ValueView";

/** One span: what it is on top, and below that what was said, sent, seen and judged. */
export function SpanDetail({ span, scores }: { span: Span; scores: readonly Score[] }) {
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-testid="span-detail" data-span-id={span.span_id}>
      <Header span={span} />
      <Body span={span} scores={scoresOf(span, scores)} />
    </div>
  );
}

/** The scores of a span; those of the run as a whole stand with its root. */
function scoresOf(span: Span, scores: readonly Score[]): Score[] {
  const ofRun = span.parent_id === "" ? scores.filter(({ span_id }) => !span_id) : [];
  return [...ofRun, ...span.scores];
}

function Header({ span }: { span: Span }) {
  const { facts } = span;
  const rule = facts.rules?.["kind"];
  return (
    <header className="shrink-0 px-3 pt-2.5 pb-2">
      <div className="flex items-center gap-2">
        <span className="flex" title={`${facts.kind ?? "other"}${rule ? `, says ${rule}` : ""}`}>
          <KindIcon kind={facts.kind ?? "other"} size={15} />
        </span>
        <h2 className="min-w-0 truncate text-lg font-semibold" title={span.name}>
          {facts.display_name || span.name || "unnamed"}
        </h2>
        <span className="flex-1" />
        <WhyKind kind={facts.kind ?? "other"} rule={rule} />
        <CopyButton text={span.span_id} label={`Copy the span id ${span.span_id}`} />
      </div>
      <Figures span={span} />
      <Problem span={span} />
    </header>
  );
}

/** By which rule the span is what it is taken for, and where all such rules stand. */
function WhyKind({ kind, rule }: { kind: string; rule: string | undefined }) {
  const navigate = route.useNavigate();
  return (
    <button
      type="button"
      className="shrink-0 text-sm text-faint hover:text-text"
      data-testid="why"
      title={rule ? `${rule} says so` : "Nothing says what it is"}
      onClick={() => void navigate({ search: (search) => ({ ...search, tab: "attributes" }), replace: true })}
    >
      Why {kind}?
    </button>
  );
}

function Figures({ span }: { span: Span }) {
  const counted = useRun(({ run: { trace } }) => trace.counted[findSpan(trace, span.span_id)] !== 0);
  const { facts } = span;
  const { usage, cost } = facts;
  const running = span.end_time === null;
  const outcome = facts.outcome ?? "";
  return (
    <div className="mt-1 flex flex-wrap items-center gap-x-3.5 gap-y-0.5 text-muted" data-testid="span-figures">
      <span className="flex items-center gap-1.5">
        <OutcomeIcon outcome={outcome as Outcome} running={running} size={11} />
        {outcomeName(outcome, running)}
      </span>
      <Duration us={msToUs(span.duration_ms)} className="text-text" />
      {(facts.response_model || facts.request_model) && <span title={facts.provider}>{facts.response_model || facts.request_model}</span>}
      {facts.ttft_ns != null && <Labelled label="to first token">{formatDuration(facts.ttft_ns / 1000)}</Labelled>}
      {usage && <UsageFigures usage={usage} counted={counted} />}
      {cost?.total_usd != null && (
        <span title={COST_SOURCE[cost.source ?? ""]}>
          <Usd usd={cost.total_usd} className="text-text" />
        </span>
      )}
      {facts.prompt_name && <span>{facts.prompt_version ? `${facts.prompt_name}@${facts.prompt_version}` : facts.prompt_name}</span>}
      {facts.retries ? <Labelled label={facts.retries === 1 ? "retry" : "retries"}>{facts.retries}</Labelled> : null}
      <Moment iso={span.start_time} className="text-faint" />
    </div>
  );
}

function UsageFigures({ usage, counted }: { usage: Usage; counted: boolean }) {
  const parts = [
    ["in", usage.input_tokens],
    ["cached", usage.cache_read_tokens || null],
    ["out", usage.output_tokens],
    ["reasoning", usage.reasoning_tokens || null],
  ] as const;
  return (
    <span className={`flex gap-2 ${counted ? "" : "line-through"}`} title={counted ? undefined : "Not in the totals: another span tells of the same call"}>
      {parts.map(([label, n]) => n != null && (
        <Labelled key={label} label={label}>
          {formatExact(n)}
        </Labelled>
      ))}
    </span>
  );
}

const COST_SOURCE: Record<string, string> = {
  client: "The sender said this price",
  operator: "From this server's own price table",
  prices: "From the packaged price table",
};

function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <span className="whitespace-nowrap tabular-nums">
      <span className="text-text">{children}</span> {label}
    </span>
  );
}

function Problem({ span }: { span: Span }) {
  const message = span.facts.error_message || span.status_message;
  const outcome = span.facts.outcome ?? "";
  const failed = outcome === "error" || (outcome === "" && span.status === "error");
  if (!failed && span.status !== "error") return null;
  if (!failed) return <Stopped outcome={outcome as Outcome} message={message} type={span.facts.error_type ?? ""} />;
  return (
    <div role="alert" className="mt-2 flex gap-2 rounded-md bg-error-soft px-2.5 py-1.5 text-error-text" data-testid="span-error">
      <CircleAlert size={14} className="mt-0.5 shrink-0" />
      <div className="min-w-0">
        {span.facts.error_type && <span className="font-semibold">{span.facts.error_type} </span>}
        <LongText text={message || "The span failed without saying why."} render={(text) => <PlainText text={text} />} />
      </div>
    </div>
  );
}

/** What a guard, a person or the model stopped, and why. Nothing broke, so nothing is red. */
function Stopped({ outcome, type, message }: { outcome: Outcome; type: string; message: string }) {
  return (
    <div className="mt-2 flex gap-2 rounded-md border border-line bg-sunken px-2.5 py-1.5" data-testid="span-stopped">
      <span className="mt-1">
        <OutcomeIcon outcome={outcome} />
      </span>
      <div className="min-w-0">
        <span className="font-semibold">{type || outcome} </span>
        {message && <LongText text={message} render={(text) => <PlainText text={text} />} />}
      </div>
    </div>
  );
}

const route = getRouteApi("/projects/$project/runs/$traceId");

function Body({ span, scores }: { span: Span; scores: Score[] }) {
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const tabs = tabsOf(span, scores);
  const chosen = tabs.some(({ value }) => value === tab) ? (tab as string) : (tabs[0] as Tab).value;
  const choose = (value: string) => void navigate({ search: (search) => ({ ...search, tab: value }), replace: true });
  return (
    <Tabs label="Parts of the span" tabs={tabs} value={chosen} onChange={choose} className="flex-1">
      <div className="h-full overflow-y-auto overscroll-contain" data-testid="span-body">
        <Content tab={chosen} span={span} scores={scores} />
      </div>
    </Tabs>
  );
}

/** The tabs that have something to show, what one looks at first in front. */
function tabsOf(span: Span, scores: Score[]): Tab[] {
  const { conversation } = span;
  return [
    ...(hasMessages(conversation) ? [{ value: "messages", label: "Messages" }] : []),
    ...(hasValues(conversation) || !hasMessages(conversation) ? [{ value: "io", label: "Input / Output" }] : []),
    { value: "attributes", label: "Attributes" },
    ...(span.events.length > 0 ? [{ value: "events", label: "Events", count: span.events.length }] : []),
    ...(span.logs.length > 0 ? [{ value: "logs", label: "Logs", count: span.logs.length }] : []),
    ...(span.links.length > 0 ? [{ value: "links", label: "Links", count: span.links.length }] : []),
    { value: "scores", label: "Scores", count: scores.length },
    { value: "raw", label: "Raw" },
  ];
}

function Content({ tab, span, scores }: { tab: string; span: Span; scores: Score[] }) {
  switch (tab) {
    case "messages":
      return <Messages conversation={span.conversation} traceId={span.trace_id} />;
    case "io":
      return <InputOutput conversation={span.conversation} none={withoutOutput(span)} />;
    case "attributes":
      return <Attributes span={span} />;
    case "events":
      return <Events events={span.events} />;
    case "logs":
      return <Logs logs={span.logs} />;
    case "links":
      return <Links links={span.links} />;
    case "scores":
      return (
        <>
          <ScoreForm spanId={span.span_id} />
          <Scores scores={scores} />
        </>
      );
    default:
      return <Raw span={span} />;
  }
}

function hasMessages({ system, messages_in, messages_out }: Conversation): boolean {
  return [system, messages_in, messages_out].some((messages) => (messages?.length ?? 0) > 0);
}

function hasValues({ input, output, documents }: Conversation): boolean {
  return input != null || output != null || (documents?.length ?? 0) > 0;
}

/** Why there is no output, where that is known. */
function withoutOutput({ end_time, status, facts: { outcome } }: Span): string {
  if (end_time === null) return "It is still running.";
  if (outcome === "error") return "It failed before there was an output.";
  if (status === "error" && outcome) return `It was ${outcome} before there was an output.`;
  return "No output was recorded.";
}

function InputOutput({ conversation, none }: { conversation: Conversation; none: string }) {
  const { input, output, documents = [] } = conversation;
  return (
    <div className="@container">
      <div className="grid @2xl:grid-cols-2 @2xl:divide-x @2xl:divide-line">
        <Side label="Input" value={input} none="No input was recorded." />
        <Side label="Output" value={output} none={none} />
      </div>
      {documents.length > 0 && (
        <section className="border-t border-line px-3 py-2">
          <h3 className="mb-1 text-sm font-medium text-faint">{formatOf(documents.length, "document")}</h3>
          {documents.map((document, k) => (
            <div key={document.id || k} className="border-b border-line py-2 last:border-0">
              <div className="flex items-center gap-2 text-sm text-muted">
                <Hash size={12} className="text-faint" />
                <span className="truncate font-mono">{document.id || k + 1}</span>
                {document.score != null && <span className="num ml-auto">{Math.round(document.score * 1e4) / 1e4}</span>}
              </div>
              <ValueView value={document.content ?? ""} prose />
              {document.metadata != null && <Json value={document.metadata} depth={0} />}
            </div>
          ))}
        </section>
      )}
    </div>
  );
}

function Side({ label, value, none }: { label: string; value: Value | undefined; none: string }) {
  const missing = value === undefined || value === null;
  return (
    <section className="min-w-0 border-b border-line px-3 py-2 @2xl:border-b-0" data-testid={label.toLowerCase()}>
      <h3 className="mb-1 flex h-6 items-center justify-between text-sm font-medium text-faint">
        {label}
        {!missing && <CopyButton text={() => (typeof value === "string" ? value : JSON.stringify(value, null, 2))} label={`Copy the ${label.toLowerCase()}`} />}
      </h3>
      {missing ? <p className="text-faint">{none}</p> : <ValueView value={value} prose />}
    </section>
  );
}

function Raw({ span }: { span: Span }) {
  const project = useProject();
  const ids = [project, span.trace_id, span.span_id].map((id) => JSON.stringify(id)).join(", ");
  return (
    <div className="p-3">
      <Recipes address={path`/api/projects/${project}/traces/${span.trace_id}/spans/${span.span_id}`} python={`client.span(${ids})`} />
      <div className="mb-2 flex items-center gap-2 text-sm text-muted">
        The span as the API gives it
        <CopyButton text={() => JSON.stringify(span, null, 2)} label="Copy the JSON" />
      </div>
      <Json value={span} depth={1} />
    </div>
  );
}
