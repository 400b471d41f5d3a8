import "./conversation.css";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type RefObject, useEffect, useMemo, useRef } from "react";
import { dialogueQuery } from "../../../api/queries";
import { buildTurns, type Dialogue, type Turn } from "../../../trace/dialogue";
import { useKeys } from "../../../ui/keys";
import { Empty, ErrorState, ListSkeleton } from "../../../ui/States";
import { useRun, useRunStore } from "../store";
import { TurnView } from "./TurnView";

const route = getRouteApi("/projects/$project/runs/$traceId");

/** The whole run as a dialogue: what each model call added, nothing twice. */
export function Conversation() {
  const { project, traceId } = route.useParams();
  const { data, error, refetch } = useQuery(dialogueQuery(project, traceId));
  if (error && !data) return <ErrorState error={error} title="The conversation couldn't be loaded" onRetry={() => void refetch()} />;
  if (!data) return <ListSkeleton rows={16} />;
  return <Turns dialogue={data} />;
}

function Turns({ dialogue }: { dialogue: Dialogue }) {
  const run = useRun((state) => state.run);
  const chosen = useRun((state) => state.cursor.node);
  const scroller = useRef<HTMLDivElement>(null);
  const turns = useMemo(() => buildTurns(dialogue, run), [dialogue, run]);
  useTurnKeys(turns);
  useReach(scroller, chosen);
  if (turns.length === 0) return <Empty title="Nothing was said">No model call of this run has messages.</Empty>;
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto overscroll-contain pb-16" data-testid="conversation" role="feed" aria-label="Conversation">
      {turns.map((turn) => (
        <TurnView key={turn.spanId} dialogue={dialogue} run={run} turn={turn} next={turn.after >= 0 ? turns[turn.after] : undefined} chosen={turn.node === chosen} />
      ))}
    </div>
  );
}

/** j and k go from turn to turn, r shows what one is on as it came in. */
function useTurnKeys(turns: readonly Turn[]): void {
  const store = useRunStore();
  const navigate = route.useNavigate();
  const step = (by: 1 | -1) => {
    const { cursor, goTo } = store.getState();
    const nodes = turns.map(({ node }) => node).filter((node) => node >= 0);
    const at = nodes.indexOf(cursor.node);
    // From a step that is no turn the way goes on at the turn nearest after it.
    const from = at >= 0 ? at : nodes.findIndex((node) => node > cursor.node) - (by === 1 ? 1 : 0);
    const next = nodes[Math.min(nodes.length - 1, Math.max(0, from + by))];
    if (next !== undefined) goTo(next);
  };
  useKeys("Conversation", [
    { keys: "j", label: "Next turn", run: () => step(1) },
    { keys: "k", label: "Previous turn", run: () => step(-1) },
    { keys: "r", label: "As it came in", run: () => void navigate({ search: (search) => ({ ...search, tab: "raw" }), replace: true }) },
  ]);
}

/** Bring the turn that was chosen from elsewhere into sight. */
function useReach(scroller: RefObject<HTMLDivElement | null>, node: number): void {
  useEffect(() => {
    scroller.current?.querySelector(`[data-node="${node}"]`)?.scrollIntoView({ block: "nearest" });
  }, [scroller, node]);
}
