import { useQuery } from "@tanstack/react-query";
import { ArrowUpRight, X } from "lucide-react";
import type { ReactNode } from "react";
import { traceQuery } from "../../api/queries";
import type { LoadedRun, Trace } from "../../api/types";
import { isError } from "../../trace/trace";
import { nameOf } from "../../trace/run";
import { IconButton } from "../../ui/Button";
import { formatOf } from "../../ui/format";
import { unmark } from "../../ui/unmark";
import { Duration, Moment, msToUs, Tokens, Usd } from "../figures";
import { useProject } from "../frame/scope";
import { KindIcon, OutcomeIcon } from "../marks";
import { ScoreFigure } from "../scores";
import { explain } from "./runColumns";
import { TagEditor } from "./TagEditor";

/** More steps than these are for the page of the run. */
const MOST_STEPS = 200;

/** A run at the side of the list: what it was asked and answered, and its steps. */
export function Peek({ trace, href, onOpen, onClose }: { trace: Trace; href: string; onOpen: () => void; onClose: () => void }) {
  const failed = trace.outcome === "error";
  const why = explain(trace);
  return (
    <aside aria-label={`Run ${trace.name}`} data-testid="peek" className="flex w-[min(420px,45vw)] shrink-0 flex-col border-l border-line bg-bg">
      <header className="flex h-9 shrink-0 items-center gap-2 border-b border-line pr-1.5 pl-3">
        <OutcomeIcon outcome={trace.outcome} running={trace.running} />
        <h2 className="min-w-0 flex-1 truncate font-semibold">{trace.name || "unnamed"}</h2>
        <a
          href={href}
          title="Open the run (Enter)"
          className="inline-flex size-6 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
          aria-label="Open the run"
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            onOpen();
          }}
        >
          <ArrowUpRight size={15} />
        </a>
        <IconButton label="Close (Esc)" onClick={onClose}>
          <X size={15} />
        </IconButton>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto px-3 py-2">
        <p className="flex flex-wrap gap-x-3 gap-y-0.5 text-muted">
          <Moment iso={trace.start_time} />
          <Duration us={msToUs(trace.duration_ms)} />
          <span>{formatOf(trace.span_count, "step")}</span>
          <span>
            <Tokens input={trace.input_tokens} output={trace.output_tokens} cached={trace.cache_read_tokens} reasoning={trace.reasoning_tokens} /> tokens
          </span>
          <Usd usd={trace.cost_usd} unpriced={trace.unpriced_calls} />
        </p>
        {trace.outcome !== "success" && why !== "" && <Block title={failed ? "Error" : "Why"}>{<span className={failed ? "text-error-text" : ""}>{why}</span>}</Block>}
        {trace.input_preview && <Block title="Input">{unmark(trace.input_preview)}</Block>}
        {trace.output_preview && <Block title="Output">{unmark(trace.output_preview)}</Block>}
        <Facts trace={trace} />
        <h3 className="mt-3 mb-1 text-xs font-medium text-muted">Tags</h3>
        <TagEditor key={trace.trace_id} traces={[trace]} />
        <Steps traceId={trace.trace_id} href={href} />
      </div>
    </aside>
  );
}

function Block({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <h3 className="mt-3 mb-1 text-xs font-medium text-muted">{title}</h3>
      <p className="line-clamp-8 break-words whitespace-pre-wrap">{children}</p>
    </>
  );
}

function Facts({ trace }: { trace: Trace }) {
  const facts = [
    ["Agents", trace.agents.join(", ")],
    ["Models", trace.models.join(", ")],
    ["Prompts", trace.prompts.join(", ")],
    ["User", trace.user_id],
    ["Session", trace.session_id],
    ["Environment", trace.environment],
    ["Release", trace.release],
    ["Service", trace.service],
  ].filter(([, value]) => value);
  return (
    <dl className="mt-3 grid grid-cols-[88px_minmax(0,1fr)] gap-y-0.5">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="truncate" title={value}>
            {value}
          </dd>
        </div>
      ))}
      {trace.scores.map((score, k) => (
        <div key={k} className="contents">
          <dt className="truncate text-muted" title={score.name}>
            {score.name}
          </dt>
          <dd>
            <ScoreFigure score={score} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Steps({ traceId, href }: { traceId: string; href: string }) {
  const { data, error } = useQuery(traceQuery(useProject(), traceId));
  if (error && !data) return <p className="mt-3 text-error-text">{error.message}</p>;
  if (!data) return <div className="skeleton appear-late mt-4 h-24" />;
  const { tree } = data.run;
  const shown = Math.min(tree.length, MOST_STEPS);
  return (
    <>
      <h3 className="mt-3 mb-1 text-xs font-medium text-muted">Steps</h3>
      <ol data-testid="peek-steps">
        {Array.from({ length: shown }, (_, node) => (
          <Step key={node} run={data.run} node={node} />
        ))}
      </ol>
      {tree.length > shown && (
        <a href={href} className="text-accent-text hover:underline">
          {formatOf(tree.length - shown, "more step")}
        </a>
      )}
    </>
  );
}

const INDENT_PX = 12;
const DEEPEST = 10;

function Step({ run, node }: { run: LoadedRun["run"]; node: number }) {
  const i = run.tree.span[node] as number;
  const name = nameOf(run, node);
  const us = i < 0 ? Number.NaN : (run.trace.duration_us[i] as number);
  return (
    <li className="flex h-5 items-center gap-1.5" style={{ paddingLeft: Math.min(DEEPEST, run.tree.depth[node] as number) * INDENT_PX }}>
      <KindIcon kind={i < 0 ? "" : run.trace.kind.at(i)} size={12} />
      <span className={`min-w-0 flex-1 truncate ${i >= 0 && isError(run.trace, i) ? "text-error-text" : ""}`} title={name}>
        {name}
      </span>
      <Duration us={us} className="text-muted" />
    </li>
  );
}
