import { Wrench } from "lucide-react";
import type { ReactNode } from "react";
import type { Part } from "../../api/types";
import { isError } from "../../trace/trace";
import { nodeOf } from "../../trace/run";
import { CopyButton } from "../../ui/Copy";
import { useRun, useRunStore } from "./store";
import { ValueView } from "./ValueView";

/** A call of a tool and its result, side by side where there is room. */
export function ToolCall({ call, result }: { call?: Part; result?: Part | undefined }) {
  const failed = result?.is_error === true;
  const name = call?.name || result?.name || "tool";
  return (
    <div data-testid="tool-call" className={`@container overflow-hidden rounded-md border ${failed ? "border-error/50" : "border-line"}`}>
      <div className={`flex h-7 items-center gap-1.5 border-b px-2 ${failed ? "border-error/30 bg-error-soft" : "border-line bg-sunken"}`}>
        <Wrench size={12} className="shrink-0" style={{ color: failed ? "var(--outcome-error)" : "var(--kind-tool)" }} />
        <span className="truncate font-mono text-sm font-medium">{name}</span>
        {failed && <span className="text-xs font-medium text-error-text">failed</span>}
        <span className="flex-1" />
        <ToSpan callId={call?.id || result?.id || ""} />
      </div>
      <div className="grid @md:grid-cols-2 @md:divide-x @md:divide-line">
        {call && (
          <Side label="arguments" copy={call.arguments}>
            <ValueView value={call.arguments} />
          </Side>
        )}
        {result ? (
          <Side label="result" copy={result.response} failed={failed}>
            <ValueView value={result.response ?? result.text ?? null} depth={1} />
          </Side>
        ) : (
          <ResultElsewhere callId={call?.id ?? ""} />
        )}
      </div>
    </div>
  );
}

function Side({ label, copy, failed = false, children }: { label: string; copy: unknown; failed?: boolean; children: ReactNode }) {
  return (
    <div className="group/side relative min-w-0 px-2 py-1.5 not-first:border-t not-first:border-line @md:not-first:border-t-0">
      <div className="flex h-4 items-center text-xs text-faint">{label}</div>
      <div className={`min-w-0 break-words ${failed ? "text-error-text" : ""}`}>{children}</div>
      <CopyButton
        text={() => (typeof copy === "string" ? copy : JSON.stringify(copy, null, 2))}
        label={`Copy the ${label}`}
        className="invisible absolute top-0.5 right-1 group-hover/side:visible group-focus-within/side:visible"
      />
    </div>
  );
}

/** The answer of a model ends with its calls: what came back is in the spans that follow. */
function ResultElsewhere({ callId }: { callId: string }) {
  const { trace } = useRun((state) => state.run);
  const i = useToolSpan(callId);
  if (i < 0) return <Side label="result" copy=""><span className="text-faint">not in this conversation</span></Side>;
  const text = [trace.error_type.at(i), trace.error_message.at(i)].filter(Boolean).join(": ") || trace.output_preview.at(i);
  return (
    <Side label="result, from its span" copy={text} failed={isError(trace, i)}>
      {text ? <ValueView value={text} depth={1} /> : <span className="text-faint">nothing recorded</span>}
    </Side>
  );
}

function ToSpan({ callId }: { callId: string }) {
  const store = useRunStore();
  const i = useToolSpan(callId);
  if (i < 0) return null;
  const go = () => {
    const { run, goTo } = store.getState();
    goTo(nodeOf(run, run.trace.span_id.at(i)));
  };
  return (
    <button type="button" className="text-xs text-accent-text hover:underline" onClick={go}>
      to its span
    </button>
  );
}

/** The span in which a call was executed: of those that carry its id the one that is a tool. */
function useToolSpan(callId: string): number {
  const { trace } = useRun((state) => state.run);
  if (callId === "") return -1;
  const code = trace.tool_call_id.find(callId);
  if (code < 0) return -1;
  return trace.tool_call_id.packed.code.findIndex((of, i) => of === code && (trace.kind.at(i) === "tool" || trace.kind.at(i) === "mcp"));
}
