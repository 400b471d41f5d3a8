import { Scissors, TriangleAlert } from "lucide-react";
import { memo, type ReactNode, useState } from "react";
import type { Attributes as Values, Facts, Span, Value } from "../../api/types";
import { useCopy } from "../../ui/Copy";
import { formatBytes, formatCount } from "../../ui/format";
import { CostSum } from "./CostSum";
import { ValueView } from "./ValueView";

/** What was understood of the span and by which rule, then everything as it was received. */
export function Attributes({ span }: { span: Span }) {
  const [text, setText] = useState("");
  const keep = (name: string) => name.toLowerCase().includes(text.toLowerCase());
  return (
    <div className="pb-6" data-testid="attributes">
      <Losses span={span} />
      <div className="px-3 pt-2">
        <input className="field w-full" placeholder="Narrow by name" aria-label="Narrow attributes by name" value={text} onChange={(event) => setText(event.target.value)} />
      </div>
      <Rule facts={span.facts} />
      {span.facts.cost && <CostSum cost={span.facts.cost} usage={span.facts.usage} />}
      <Understood facts={span.facts} keep={keep} />
      <Section title="Attributes" values={span.attributes} keep={keep} truncated={span.truncated} />
      <Section title="Span" values={envelope(span)} keep={keep} />
      <Section title="Resource" values={span.resource.attributes} keep={keep} note={span.resource.schema_url} />
      <Section title="Scope" values={{ name: span.scope.name, version: span.scope.version, ...span.scope.attributes }} keep={keep} note={span.scope.schema_url} />
    </div>
  );
}

/** Why the span is taken for what it is: rules read "dialect: attribute". */
function Rule({ facts: { kind = "other", rules } }: { facts: Facts }) {
  const [dialect, attribute] = (rules?.["kind"] ?? "").split(": ");
  return (
    <p className="mx-3 mt-3 rounded-md border border-line bg-sunken px-2.5 py-1.5 text-muted" data-testid="why-kind">
      {dialect ? (
        <>
          Taken for <span className="text-text">{kind}</span> by the dialect {dialect}
          {attribute && (
            <>
              {" "}
              for its <span className="font-mono text-sm text-text">{attribute}</span>
            </>
          )}
        </>
      ) : (
        "No attribute says what kind of step this is."
      )}
    </p>
  );
}

/** What was lost on the way here: dropped by the sender, or cut at the size limit. */
function Losses({ span }: { span: Span }) {
  const dropped = [
    ["attributes", span.dropped_attributes_count],
    ["events", span.dropped_events_count],
    ["links", span.dropped_links_count],
    ["resource attributes", span.resource.dropped_attributes_count],
    ["scope attributes", span.scope.dropped_attributes_count],
  ] as const;
  const lost = dropped.filter(([, count]) => count > 0);
  const cut = Object.entries(span.truncated);
  return (
    <>
      {lost.length > 0 && (
        <Notice icon={<TriangleAlert size={14} />}>
          The sender dropped {lost.map(([what, count]) => `${formatCount(count)} ${what}`).join(", ")}. Its limits are set in its OpenTelemetry SDK.
        </Notice>
      )}
      {cut.length > 0 && (
        <Notice icon={<Scissors size={14} />}>
          Cut when received, for their size: {cut.map(([name, bytes]) => `${name} (was ${formatBytes(bytes)})`).join(", ")}.
        </Notice>
      )}
    </>
  );
}

function Notice({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <p className="mx-3 mt-2 flex gap-2 rounded-md border border-line bg-sunken px-2.5 py-1.5 text-muted [&>svg]:mt-0.5 [&>svg]:shrink-0">
      {icon}
      <span className="min-w-0 break-words">{children}</span>
    </p>
  );
}

/** Facts that are told elsewhere on the page, or are no facts of the span. */
const TOLD = new Set(["rules", "display_name", "input_preview", "output_preview", "error_message"]);

function Understood({ facts, keep }: { facts: Facts; keep: (name: string) => boolean }) {
  const entries = Object.entries(facts as Record<string, Value>).filter(([name, value]) => !TOLD.has(name) && !isEmpty(value) && keep(name));
  if (entries.length === 0) return null;
  return (
    <Table title="Understood as">
      {entries.map(([name, value]) => (
        <Row key={name} name={name} value={value} says={facts.rules?.[name]} depth={1} />
      ))}
    </Table>
  );
}

function Section({ title, values, keep, note, truncated }: { title: string; values: Values; keep: (name: string) => boolean; note?: string; truncated?: Record<string, number> }) {
  const entries = Object.entries(values)
    .filter(([name]) => keep(name))
    .sort(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return null;
  return (
    <Table title={title} note={note}>
      {entries.map(([name, value]) => (
        <Row key={name} name={name} value={value} says={truncated?.[name] === undefined ? undefined : `cut, was ${formatBytes(truncated[name])}`} />
      ))}
    </Table>
  );
}

function Table({ title, note, children }: { title: string; note?: string | undefined; children: ReactNode }) {
  return (
    <section className="mt-4">
      <h3 className="flex gap-2 px-3 pb-1 text-sm font-medium text-faint">
        {title}
        {note && <span className="truncate font-normal">{note}</span>}
      </h3>
      <dl>{children}</dl>
    </section>
  );
}

const Row = memo(function Row({ name, value, says, depth = 0 }: { name: string; value: Value; says: string | undefined; depth?: number }) {
  const [copied, copy] = useCopy();
  return (
    <div className="grid grid-cols-[minmax(120px,38%)_minmax(0,1fr)] gap-3 border-t border-line px-3 py-1 hover:bg-hover">
      <dt className="min-w-0 leading-[18px]">
        <button type="button" className="block max-w-full text-left font-mono text-sm leading-[18px] break-words text-muted hover:text-text" title="Copy the value" onClick={() => copy(typeof value === "string" ? value : JSON.stringify(value))}>
          {copied ? "copied" : name}
        </button>
        {says && <div className="text-xs break-words text-faint">{says}</div>}
      </dt>
      <dd className="min-w-0 font-mono text-sm leading-[18px] break-words">
        <ValueView value={value} depth={depth} />
      </dd>
    </div>
  );
});

function envelope(span: Span): Values {
  const { span_id, trace_id, parent_id, name, otel_kind, start_time, end_time, status, status_message, trace_state, flags } = span;
  return { span_id, trace_id, parent_id: parent_id || "none", name, kind: otel_kind, start_time, end_time, status, ...(status_message && { status_message }), ...(trace_state && { trace_state }), flags };
}

function isEmpty(value: Value): boolean {
  if (value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
