import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Score, SpanEvent, SpanLink, SpanLog } from "../../api/types";
import { formatInstant, shortId } from "../../ui/format";
import { Json } from "../../ui/Json";
import { LongText } from "../../ui/LongText";
import { CodeText } from "../../ui/Rendered";
import { useProject } from "../frame/scope";
import { ScoreFigure } from "../scores";
import { ValueView } from "./ValueView";

/** What happened during a span; an exception with its stack as it was printed. */
export function Events({ events }: { events: SpanEvent[] }) {
  return events.map((event, k) => {
    const { "exception.stacktrace": stack, ...attributes } = event.attributes;
    return (
      <Item key={k} title={event.name} failed={event.name === "exception"} time={event.time}>
        {Object.keys(attributes).length > 0 && <Json value={attributes} depth={1} />}
        {typeof stack === "string" && (
          <div className="mt-1 rounded-md border border-line bg-sunken p-2">
            <LongText text={stack} render={(text) => <CodeText text={text} />} />
          </div>
        )}
      </Item>
    );
  });
}

export function Logs({ logs }: { logs: SpanLog[] }) {
  return logs.map((log, k) => (
    <Item key={k} title={log.event_name || log.severity || "log"} failed={log.severity_number >= 17} time={log.time}>
      {log.body !== null && <ValueView value={log.body} />}
      {Object.keys(log.attributes).length > 0 && <Json value={log.attributes} depth={0} />}
    </Item>
  ));
}

export function Links({ links }: { links: SpanLink[] }) {
  const project = useProject();
  return links.map((link, k) => (
    <Item
      key={k}
      title={
        <Link to="/projects/$project/runs/$traceId" params={{ project, traceId: link.trace_id }} search={{ span: link.span_id }} className="font-mono text-sm text-accent-text hover:underline">
          {shortId(link.trace_id)} / {shortId(link.span_id)}
        </Link>
      }
    >
      {Object.keys(link.attributes).length > 0 && <Json value={link.attributes} depth={1} />}
    </Item>
  ));
}

export function Scores({ scores }: { scores: Score[] }) {
  return scores.map((score, k) => <ScoreItem key={score.score_id ?? k} score={score} />);
}

/** One judgement: by whom, how good, and why. */
export function ScoreItem({ score, children }: { score: Score; children?: ReactNode }) {
  return (
    <Item title={score.name} side={<span className="text-lg font-medium"><ScoreFigure score={score} /></span>}>
      <p className="flex gap-2 text-sm text-muted">
        {[score.source, score.evaluator || score.author].filter(Boolean).join(" · ")} {children}
      </p>
      {score.comment && <ValueView value={score.comment} prose />}
    </Item>
  );
}

function Item({ title, time, side, failed = false, children }: { title: ReactNode; time?: string; side?: ReactNode; failed?: boolean; children: ReactNode }) {
  return (
    <section className="border-b border-line px-3 py-2">
      <header className="flex items-baseline justify-between gap-3">
        <h3 className={`font-medium break-words ${failed ? "text-error-text" : ""}`}>{title}</h3>
        {side ?? (time && <Clock iso={time} />)}
      </header>
      {children}
    </section>
  );
}

/** Within a run seconds matter: the clock with its thousandths. */
export function Clock({ iso }: { iso: string }) {
  const at = new Date(iso);
  return (
    <time dateTime={iso} title={formatInstant(iso)} className="shrink-0 text-sm text-faint tabular-nums">
      {at.toLocaleTimeString("en-GB")}.{String(at.getMilliseconds()).padStart(3, "0")}
    </time>
  );
}
