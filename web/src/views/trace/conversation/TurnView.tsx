import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { History, ScrollText, Wrench } from "lucide-react";
import { type CSSProperties, memo, type RefObject, useEffect, useRef, useState } from "react";
import { saidQuery } from "../../../api/queries";
import type { Said } from "../../../api/types";
import type { Dialogue, Turn } from "../../../trace/dialogue";
import { nameOf, type Run } from "../../../trace/run";
import { isError } from "../../../trace/trace";
import { formatCount, formatDuration, formatOf } from "../../../ui/format";
import { Duration, Tokens, Usd } from "../../figures";
import { KindIcon } from "../../marks";
import { Folded, Parts, Tool, TurnBlock } from "../Messages";
import { useRunStore } from "../store";
import { textOf } from "../turns";
import { agentColor } from "./agents";
import { blocksOf } from "./answers";

interface Props {
  dialogue: Dialogue;
  run: Run;
  turn: Turn;
  next: Turn | undefined;
  chosen: boolean;
}

/** One model call: what is new to it, and what it answered. Its texts load when it comes near. */
export const TurnView = memo(function TurnView({ dialogue, run, turn, next, chosen }: Props) {
  const store = useRunStore();
  const { traceId } = route.useParams();
  const element = useRef<HTMLElement>(null);
  const near = useNear(element);
  const said = useSaid(dialogue, turn, near);
  const following = useSaid(dialogue, next, near && hasCalls(said));
  const choose = () => {
    if (turn.node >= 0) store.getState().setCursor({ node: turn.node, fold: -1 });
  };
  return (
    <article
      ref={element}
      data-testid="turn"
      data-node={turn.node}
      data-span-id={turn.spanId}
      aria-current={chosen}
      aria-label={`${turn.agent || "model"}, call ${turn.call + 1}`}
      className="turn"
      style={{ "--depth": turn.depth, "--agent": agentColor(turn.agent, turn.depth) } as CSSProperties}
    >
      <TurnHead run={run} turn={turn} onChoose={choose} />
      <Repeated dialogue={dialogue} turn={turn} onChoose={choose} />
      {said ? <Body turn={turn} said={said} next={next && { turn: next, said: following }} traceId={traceId} /> : <Outline dialogue={dialogue} turn={turn} />}
    </article>
  );
});

const route = getRouteApi("/projects/$project/runs/$traceId");

/** Whose call it is and what it took; a click shows its span. */
function TurnHead({ run, turn, onChoose }: { run: Run; turn: Turn; onChoose: () => void }) {
  const { trace, tree } = run;
  const i = turn.node < 0 ? -1 : tree.span[turn.node];
  if (i < 0) return null;
  const name = nameOf(run, turn.node);
  const model = trace.model.at(i);
  return (
    <button type="button" className="turn-head" data-testid="turn-head" onClick={onChoose}>
      <KindIcon kind="llm" size={13} />
      {turn.agent && <span className="turn-agent">{turn.agent}</span>}
      <span className={`truncate ${isError(trace, i) ? "text-error-text" : "text-muted"}`}>{name === model || !model ? name : `${name} · ${model}`}</span>
      <span className="flex-1" />
      <span className="num text-faint" title="from the start of the run">
        +{formatDuration(trace.start_us[i])}
      </span>
      <Duration us={trace.duration_us[i]} className="w-14 text-muted" />
      <Tokens input={known(trace.input_tokens[i])} output={known(trace.output_tokens[i])} className="w-12 text-muted" />
      <Usd usd={known(trace.cost_usd[i])} className="w-16 text-muted" />
    </button>
  );
}

/** What was said before is a line; what the history lost is another one, and says what. */
function Repeated({ dialogue, turn, onChoose }: { dialogue: Dialogue; turn: Turn; onChoose: () => void }) {
  const [shown, setShown] = useState(false);
  const { preview, role } = dialogue.messages;
  return (
    <>
      {turn.repeated > 0 && (
        <button type="button" className="turn-line" data-testid="as-before" title="Shows the whole call beside" onClick={onChoose}>
          {formatOf(turn.repeated, "message")} as before
        </button>
      )}
      {turn.dropped.length > 0 && (
        <>
          <button type="button" className="turn-line text-waiting" data-testid="dropped" aria-expanded={shown} onClick={() => setShown(!shown)}>
            <History size={12} /> {formatOf(turn.dropped.length, "message")} dropped: the history was rewritten
          </button>
          {shown && (
            <ul className="mx-3 mb-2 rounded-md border border-line bg-sunken px-2 py-1 text-sm text-muted">
              {turn.dropped.map((message) => (
                <li key={message} className="truncate">
                  <span className="text-faint">{role[message]}</span> {preview[message] || "no text"}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </>
  );
}

function Body({ turn, said, next, traceId }: { turn: Turn; said: Said; next: { turn: Turn; said: Said | undefined } | undefined; traceId: string }) {
  const { asked, answered } = blocksOf(turn, said, next);
  return (
    <>
      {turn.newSystem &&
        said.system.map((message, k) => (
          <Folded key={k} icon={ScrollText} title="System prompt" size={`${formatCount(textOf(message).length)} characters`} copy={textOf(message)}>
            <Parts parts={message.parts ?? []} traceId={traceId} />
          </Folded>
        ))}
      {turn.newTools && (
        <Folded icon={Wrench} title={formatOf(said.tools.length, "tool")} size={said.tools.map(({ name }) => name).join(", ")}>
          {said.tools.map((tool, k) => (
            <Tool key={k} tool={tool} />
          ))}
        </Folded>
      )}
      {asked.map((block, k) => (
        <TurnBlock key={k} turn={block} traceId={traceId} />
      ))}
      {answered.map((block, k) => (
        <TurnBlock key={k} turn={block} traceId={traceId} answer={block.message.role === "assistant"} />
      ))}
    </>
  );
}

/** Until the texts are there: what the messages begin with, so that nothing jumps far. */
function Outline({ dialogue, turn }: { dialogue: Dialogue; turn: Turn }) {
  const { calls, messages } = dialogue;
  const shown = [...turn.fresh.map((place) => calls.input[turn.call][place]), ...calls.output[turn.call]];
  return shown.map((message) => (
    <p key={message} className="truncate px-3 py-1 text-faint">
      {messages.role[message]} {messages.preview[message]}
    </p>
  ));
}

function useSaid(dialogue: Dialogue, turn: Turn | undefined, enabled: boolean): Said | undefined {
  const { project, traceId } = route.useParams();
  const after = turn && turn.before >= 0 ? dialogue.calls.span_id[turn.before] : "";
  const { data } = useQuery({ ...saidQuery(project, traceId, turn?.spanId ?? "", { after, same: turn?.same ?? 0 }), enabled: enabled && turn !== undefined });
  return data;
}

function hasCalls(said: Said | undefined): boolean {
  return said?.output.some(({ parts }) => parts?.some(({ type }) => type === "tool_call")) ?? false;
}

/** Near is a screen or so away. */
const MARGIN = "900px 0px";

/** Whether an element has come near the part of the page in sight; it stays so. */
function useNear(element: RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (near || !element.current) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && setNear(true), { rootMargin: MARGIN });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [near, element]);
  return near;
}

function known(n: number): number | null {
  return Number.isNaN(n) ? null : n;
}
