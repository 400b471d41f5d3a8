import "./conversation.css";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { dialogueQuery, saidInRunQuery } from "../../../api/queries";
import { buildTurns, type Dialogue, findTurns, stepTurn, type Turn } from "../../../trace/dialogue";
import { splitWords } from "../../../trace/search";
import { useKeys } from "../../../ui/keys";
import { Empty, ErrorState, ListSkeleton } from "../../../ui/States";
import { FindInRun, tellHits } from "../FindInRun";
import { useRun, useRunStore } from "../store";
import { TurnView } from "./TurnView";
import { rangesIn, useMarks } from "./useMarks";

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
    <>
      <FindTurns dialogue={dialogue} turns={turns} scroller={scroller} />
      <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto overscroll-contain pb-16" data-testid="conversation" role="feed" aria-label="Conversation">
        {turns.map((turn) => (
          <TurnView key={turn.spanId} dialogue={dialogue} run={run} turn={turn} next={turn.after >= 0 ? turns[turn.after] : undefined} chosen={turn.node === chosen} />
        ))}
      </div>
    </>
  );
}

/** How long one rests before what was said is searched on the server. */
const SETTLE_MS = 250;

/** The turns that say what is looked for, marked, and the way from one to the next. */
function FindTurns({ dialogue, turns, scroller }: { dialogue: Dialogue; turns: readonly Turn[]; scroller: RefObject<HTMLDivElement | null> }) {
  const store = useRunStore();
  const query = useRun((state) => state.query);
  const known = useKnown(query);
  const hits = useMemo(() => findTurns(dialogue, turns, query, known), [dialogue, turns, query, known]);
  useMarks(scroller, query);
  const go = (by: 1 | -1) => {
    const { cursor, goTo } = store.getState();
    const place = stepTurn(turns, hits, cursor.node, by);
    if (place < 0) return;
    goTo(turns[place].node);
    scroller.current?.querySelectorAll(".turn")[place].scrollIntoView({ block: "start" });
    requestAnimationFrame(() => showMark(scroller.current, place, query));
  };
  return (
    <div className="flex h-9 shrink-0 items-center border-b border-line px-2">
      <FindInRun told={tellHits(hits.length, "turn")} onGo={go} />
    </div>
  );
}

/** Bring the first mark of a turn into sight, once its text is there. */
function showMark(scroller: HTMLElement | null, place: number, query: string): void {
  const turn = scroller?.querySelectorAll(".turn")[place];
  const first = turn && rangesIn(turn, splitWords(query))[0];
  first?.startContainer.parentElement?.scrollIntoView({ block: "center" });
}

/** The spans that were the first to say the words, in whole texts; none until the server says. */
function useKnown(query: string): ReadonlySet<string> {
  const { project, traceId } = route.useParams();
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(query.trim()), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [query]);
  const { data } = useQuery({ ...saidInRunQuery(project, traceId, settled), retry: false });
  return useMemo(() => new Set(settled === query.trim() ? data?.hits.map(({ span_id }) => span_id) : []), [data, settled, query]);
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
