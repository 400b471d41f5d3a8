import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { dialogueQuery } from "../../../api/queries";
import { buildContext, type ContextPart, PARTS } from "../../../trace/context";
import { buildTurns, type Dialogue } from "../../../trace/dialogue";
import { formatCount, formatPercent, formatShort } from "../../../ui/format";
import { ErrorState, ListSkeleton } from "../../../ui/States";
import { useRun } from "../store";
import { Chart } from "./Chart";
import { PART_COLORS } from "./parts";

const route = getRouteApi("/projects/$project/runs/$traceId");

/** What filled the models' context, call by call, and what of it took most over the run. */
export function Context() {
  const { project, traceId } = route.useParams();
  const { data, error, refetch } = useQuery(dialogueQuery(project, traceId));
  if (error && !data) return <ErrorState error={error} title="The context couldn't be loaded" onRetry={() => void refetch()} />;
  if (!data) return <ListSkeleton rows={16} />;
  return <Loaded dialogue={data} />;
}

const EVERY = "";

function Loaded({ dialogue }: { dialogue: Dialogue }) {
  const run = useRun((state) => state.run);
  const [agent, setAgent] = useState(EVERY);
  const turns = useMemo(() => buildTurns(dialogue, run), [dialogue, run]);
  const agents = useMemo(() => [...new Set(turns.map((turn) => turn.agent))].filter(Boolean), [turns]);
  const context = useMemo(
    () => buildContext(dialogue, agent === EVERY ? turns : turns.filter((turn) => turn.agent === agent), run.trace, run.tree),
    [dialogue, turns, agent, run],
  );
  return (
    <div className="min-h-0 flex-1 overflow-y-auto pb-10" data-testid="context">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 pt-2.5 pb-1">
        <h2 className="font-medium">Input tokens, call by call</h2>
        <Legend />
        <span className="flex-1" />
        {agents.length > 1 && <Agents agents={agents} chosen={agent} onChoose={setAgent} />}
      </div>
      <Chart context={context} />
      <Contents dialogue={dialogue} context={context} />
    </div>
  );
}

function Legend() {
  return (
    <ul className="flex flex-wrap gap-x-3 text-sm text-muted">
      {PARTS.map((part) => (
        <li key={part} className="flex items-center gap-1.5">
          <span className="size-2.5 rounded-sm" style={{ background: PART_COLORS[part] }} /> {NAMES[part]}
        </li>
      ))}
      <li className="flex items-center gap-1.5">
        <span className="w-3 border-t-2 border-dashed border-text" /> up to here from cache
      </li>
    </ul>
  );
}

const NAMES: Record<ContextPart, string> = {
  system: "system prompt",
  tools: "tool definitions",
  history: "history",
  results: "tool results",
  new: "new",
};

function Agents({ agents, chosen, onChoose }: { agents: readonly string[]; chosen: string; onChoose: (agent: string) => void }) {
  return (
    <div className="flex gap-0.5" role="group" aria-label="Calls of">
      {[EVERY, ...agents].map((agent) => (
        <button
          key={agent}
          type="button"
          aria-pressed={agent === chosen}
          className="h-6 rounded-md px-2 text-sm text-muted hover:bg-hover hover:text-text aria-pressed:bg-accent-soft aria-pressed:text-accent-text"
          onClick={() => onChoose(agent)}
        >
          {agent || "all agents"}
        </button>
      ))}
    </div>
  );
}

/** The dearest are what one can do something about. */
const MOST = 50;

function Contents({ dialogue: { messages }, context }: { dialogue: Dialogue; context: ReturnType<typeof buildContext> }) {
  return (
    <table className="mt-4 w-full table-fixed border-t border-line text-left" data-testid="context-contents">
      <thead className="text-xs text-faint">
        <tr className="h-7 border-b border-line [&>th]:font-normal">
          <th className="pl-3">What took most over the run</th>
          <th className="w-20 text-right" title="About, by its size">Size</th>
          <th className="w-20 text-right">Times sent</th>
          <th className="w-24 text-right">Tokens in all</th>
          <th className="w-20 pr-3 text-right" title="Of all input tokens">Share</th>
        </tr>
      </thead>
      <tbody>
        {context.contents.slice(0, MOST).map(({ message, times, tokens }) => (
          <tr key={message} className="h-7 border-b border-line hover:bg-hover">
            <td className="truncate pr-2 pl-3" title={messages.preview[message]}>
              <span className="mr-2 text-faint">{messages.origin[message] === "tools" ? `tool ${messages.name[message]}` : messages.role[message]}</span>
              {messages.preview[message]}
            </td>
            <td className="num">{formatShort(Math.round(tokens / times))}</td>
            <td className="num">{formatCount(times)}</td>
            <td className="num">{formatShort(Math.round(tokens))}</td>
            <td className="num pr-3">{formatPercent(context.total === 0 ? 0 : tokens / context.total)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
