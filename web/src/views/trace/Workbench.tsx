import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";
import type { LoadedRun } from "../../api/types";
import { idOf, nodeOf } from "../../trace/run";
import { Detail } from "./Detail";
import type { RunPlace } from "./place";
import { type RunState, useRunStore } from "./store";

const route = getRouteApi("/projects/$project/runs/$traceId");

interface Props {
  loaded: LoadedRun;
  /** What is read takes more of the width than a timeline. */
  reading: boolean;
  children: ReactNode;
}

/** A view of the run, and beside it the span one is on; the divider remembers its place. */
export function Workbench({ loaded, reading, children }: Props) {
  usePlaceInUrl();
  const layout = useDefaultLayout({ id: reading ? "clew.run.reading" : "clew.run", storage: localStorage });
  return (
    <Group className="min-h-0 flex-1" orientation="horizontal" {...layout}>
      <Panel id="timeline" defaultSize={reading ? "66%" : "58%"} minSize="320px" className="flex min-w-0 flex-col">
        {children}
      </Panel>
      <Separator className="w-px bg-line transition-colors outline-none hover:bg-accent focus-visible:bg-accent data-[separator=active]:bg-accent" />
      <Panel id="detail" minSize="300px" className="flex min-w-0 flex-col">
        <Detail scores={loaded.scores} />
      </Panel>
    </Group>
  );
}

const SETTLE_MS = 160;

/** Span and zoom in the URL follow once they rest; a URL that changes from outside moves the cursor. */
function usePlaceInUrl(): void {
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
    const unsubscribe = store.subscribe((now, before) => {
      if (now.run !== before.run || (now.cursor.node === before.cursor.node && now.view === before.view)) return;
      clearTimeout(timer);
      timer = setTimeout(() => void navigate({ search: (search) => ({ ...search, ...placeOf(now) }), replace: true, resetScroll: false }), SETTLE_MS);
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [store, navigate]);
}

function placeOf({ run, cursor, view }: RunState): Pick<RunPlace, "span" | "zoom"> {
  const whole = view.to_us - view.from_us >= run.trace.end_us;
  return {
    ...(run.tree.span[cursor.node] >= 0 && { span: idOf(run, cursor.node) }),
    zoom: whole ? "" : `${Math.floor(view.from_us)}-${Math.ceil(view.to_us)}`,
  };
}
