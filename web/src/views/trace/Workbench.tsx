import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";
import type { LoadedRun } from "../../api/types";
import { idOf, nodeOf } from "../../trace/run";
import { Detail } from "./Detail";
import { useRunStore } from "./store";
import { Timeline } from "./Timeline";

const route = getRouteApi("/projects/$project/runs/$traceId");

/** The tree on its time axis, and beside it the span one is on; the divider remembers its place. */
export function Workbench({ loaded }: { loaded: LoadedRun }) {
  useSpanInUrl();
  const layout = useDefaultLayout({ id: "clew.run", storage: localStorage });
  return (
    <Group className="min-h-0 flex-1" orientation="horizontal" {...layout}>
      <Panel id="timeline" defaultSize="58%" minSize="320px" className="flex min-w-0 flex-col">
        <Timeline />
      </Panel>
      <Separator className="w-px bg-line transition-colors outline-none hover:bg-accent focus-visible:bg-accent data-[separator=active]:bg-accent" />
      <Panel id="detail" minSize="300px" className="flex min-w-0 flex-col">
        <Detail scores={loaded.scores} />
      </Panel>
    </Group>
  );
}

const SETTLE_MS = 160;

/** The span in the URL follows the cursor once it rests; a URL that changes from outside moves the cursor. */
function useSpanInUrl(): void {
  const store = useRunStore();
  const { span } = route.useSearch();
  const navigate = route.useNavigate();

  useEffect(() => {
    const { run, cursor, goTo } = store.getState();
    const node = span === undefined ? -1 : nodeOf(run, span);
    if (node >= 0 && node !== cursor.node) goTo(node);
  }, [store, span]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = store.subscribe(({ run, cursor }, before) => {
      if (cursor.node === before.cursor.node) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (run.tree.span[cursor.node] < 0) return;
        void navigate({ search: (search) => ({ ...search, span: idOf(run, cursor.node) }), replace: true, resetScroll: false });
      }, SETTLE_MS);
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [store, navigate]);
}
