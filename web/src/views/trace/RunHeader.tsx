import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft, ChevronDown, ChevronUp, Download, Ellipsis, Hash, Link2, Trash2 } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { downloadExport } from "../../api/download";
import { deleteTrace, tracesQuery } from "../../api/queries";
import type { Trace } from "../../api/types";
import { Button, IconButton } from "../../ui/Button";
import { copyText, useCopy } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { formatCount, formatOf } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";
import { Duration, Elapsed, Moment, msToUs, sumKnown, Tokens, Usd } from "../figures";
import { keepScope, useListing, useProject } from "../frame/scope";
import { OutcomeIcon, outcomeColor, outcomeName } from "../marks";
import { flatten } from "../traces/weave";


/** What the run is and how it went, on one line. */
export function RunHeader({ trace }: { trace: Trace }) {
  const project = useProject();
  return (
    <header className="flex h-11 shrink-0 items-center gap-3 border-b border-line px-3" data-testid="run-header">
      <Link to="/projects/$project/runs" params={{ project }} search={keepScope} className="flex items-center gap-1 text-muted hover:text-text" title="Back to the runs">
        <ArrowLeft size={15} /> Runs
      </Link>
      <div className="flex min-w-24 flex-1 items-baseline gap-2">
        <h1 className="max-w-64 shrink-0 truncate text-lg font-semibold" title={trace.name}>
          {trace.name || "unnamed"}
        </h1>
        <span className="min-w-0 truncate text-muted" title={trace.input_preview}>
          {trace.input_preview}
        </span>
      </div>
      <Facts trace={trace} />
      <Neighbours traceId={trace.trace_id} />
      <Actions trace={trace} />
    </header>
  );
}

function Facts({ trace }: { trace: Trace }) {
  const project = useProject();
  const outcome = outcomeName(trace.outcome, trace.running);
  return (
    <div className="flex shrink-0 items-center gap-3.5" data-testid="run-facts">
      <span className="flex items-center gap-1.5 font-medium" style={{ color: outcomeColor(outcome) }} title={trace.error_message || outcome}>
        <OutcomeIcon outcome={trace.outcome} running={trace.running} /> {outcome}
      </span>
      <Moment iso={trace.start_time} className="text-muted max-[1250px]:hidden" />
      {trace.running ? <Elapsed since={trace.start_time} /> : <Duration us={msToUs(trace.duration_ms)} />}
      <Fact unit={trace.span_count === 1 ? "step" : "steps"} title={[formatOf(trace.llm_calls, "model call"), formatOf(trace.tool_calls, "tool call"), formatOf(trace.error_count, "error")].join("\n")}>
        {formatCount(trace.span_count)}
      </Fact>
      {sumKnown(trace.input_tokens, trace.output_tokens) !== null && (
        <Fact unit="tokens">
          <Tokens input={trace.input_tokens} output={trace.output_tokens} cached={trace.cache_read_tokens} reasoning={trace.reasoning_tokens} />
        </Fact>
      )}
      {trace.cost_usd !== null && <Usd usd={trace.cost_usd} unpriced={trace.unpriced_calls} />}
      {trace.cost_usd === null && trace.unpriced_calls > 0 && (
        <span className="text-faint" title={`${formatOf(trace.unpriced_calls, "call has", "calls have")} no known price`}>
          no price
        </span>
      )}
      {trace.prompts[0] && (
        <Link
          to="/projects/$project/runs"
          params={{ project }}
          search={(search) => ({ ...keepScope(search), filter: `prompt:${trace.prompts[0]}` })}
          className="max-w-36 truncate text-muted hover:text-text max-[1150px]:hidden"
          title={`Runs with ${trace.prompts.join(", ")}`}
        >
          {trace.prompts[0]}
        </Link>
      )}
      {trace.session_id && (
        <Link
          to="/projects/$project/sessions/$sessionId"
          params={{ project, sessionId: trace.session_id }}
          search={keepScope}
          className="max-w-36 truncate text-muted hover:text-text max-[1150px]:hidden"
          title={`Session ${trace.session_id}`}
        >
          session {trace.session_id}
        </Link>
      )}
    </div>
  );
}

function Fact({ unit, title, children }: { unit: string; title?: string; children: ReactNode }) {
  return (
    <span className="num" title={title}>
      {children} <span className="text-muted">{unit}</span>
    </span>
  );
}

/** The runs beside this one in the list that one came from. */
function Neighbours({ traceId }: { traceId: string }) {
  const project = useProject();
  const listing = useListing();
  const navigate = useNavigate();
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(tracesQuery(project, listing));
  const runs = useMemo(() => flatten(data?.pages ?? []), [data]);
  const at = runs.findIndex(({ trace_id }) => trace_id === traceId);
  const last = at >= 0 && at === runs.length - 1;
  useEffect(() => {
    if (last && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const [before, after] = [at > 0 ? runs[at - 1] : undefined, at >= 0 ? runs[at + 1] : undefined];
  const go = (run: Trace | undefined) => {
    if (run) void navigate({ to: "/projects/$project/runs/$traceId", params: { project, traceId: run.trace_id }, search: keepScope });
  };
  useKeys("Run", [
    { keys: "[", label: "Previous run of the list", command: before !== undefined, run: () => go(before) },
    { keys: "]", label: "Next run of the list", command: after !== undefined, run: () => go(after) },
  ]);
  if (at < 0) return null;
  return (
    <div className="flex shrink-0">
      <IconButton label="Previous run  [" disabled={!before} onClick={() => go(before)}>
        <ChevronUp size={16} />
      </IconButton>
      <IconButton label="Next run  ]" disabled={!after} onClick={() => go(after)}>
        <ChevronDown size={16} />
      </IconButton>
    </div>
  );
}

function Actions({ trace }: { trace: Trace }) {
  const project = useProject();
  const [copied, copy] = useCopy();
  const [deleting, setDeleting] = useState(false);
  const copyLink = () => copy(location.href);
  useKeys("Run", [{ keys: "y", label: "Copy the link", command: true, run: copyLink }]);
  return (
    <>
      <IconButton label={copied ? "Copied" : "Copy the link  y"} onClick={copyLink}>
        <Link2 size={15} className={copied ? "text-success" : ""} />
      </IconButton>
      <Menu
        align="end"
        trigger={
          <IconButton label="More" data-testid="run-menu">
            <Ellipsis size={16} />
          </IconButton>
        }
      >
        <MenuItem onSelect={() => void copyText(trace.trace_id)}>
          <Hash size={14} className="text-faint" /> Copy the trace id
        </MenuItem>
        <MenuItem onSelect={() => void downloadExport(project, trace.trace_id)}>
          <Download size={14} className="text-faint" /> Export as OTLP
        </MenuItem>
        <MenuLine />
        <MenuItem danger onSelect={() => setDeleting(true)}>
          <Trash2 size={14} /> Delete the run …
        </MenuItem>
      </Menu>
      <DeleteRun trace={trace} open={deleting} onOpenChange={setDeleting} />
    </>
  );
}

const route = getRouteApi("/projects/$project/runs/$traceId");

function DeleteRun({ trace, open, onOpenChange }: { trace: Trace; open: boolean; onOpenChange: (open: boolean) => void }) {
  const project = useProject();
  const navigate = route.useNavigate();
  const queryClient = useQueryClient();
  const [problem, setProblem] = useState("");
  const remove = async () => {
    try {
      await deleteTrace(project, trace.trace_id);
    } catch (error) {
      setProblem((error as Error).message);
      return;
    }
    queryClient.removeQueries({ queryKey: ["traces", project] });
    await navigate({ to: "/projects/$project/runs", params: { project }, search: keepScope });
  };
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Delete this run?">
      <p className="text-muted">
        Its {formatOf(trace.span_count, "span")}, with their contents and scores, {trace.span_count === 1 ? "is" : "are"} removed from the store. This can't be undone.
      </p>
      {problem && <p className="mt-3 text-error-text">{problem}</p>}
      <div className="mt-5 flex justify-end gap-2">
        <Button onClick={() => onOpenChange(false)}>Keep it</Button>
        <Button look="danger" data-testid="confirm-delete" onClick={() => void remove()}>
          Delete
        </Button>
      </div>
    </Dialog>
  );
}
