import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { LoadedRun } from "../../api/types";
import { useKeys } from "../../ui/keys";
import { ListSkeleton } from "../../ui/States";
import { type Tab, Tabs } from "../../ui/Tabs";
import type { RunView } from "./place";
import { RawRun } from "./RawRun";
import { RunLogs } from "./RunLogs";
import { RunScores } from "./RunScores";
import { Timeline } from "./Timeline";
import { Workbench } from "./Workbench";

const route = getRouteApi("/projects/$project/runs/$traceId");

const Conversation = lazy(async () => ({ default: (await import("./conversation/Conversation")).Conversation }));

const Context = lazy(async () => ({ default: (await import("./context/Context")).Context }));
const GraphView = lazy(async () => ({ default: (await import("./graph/GraphView")).GraphView }));
const Repeats = lazy(async () => ({ default: (await import("./repeats/Repeats")).Repeats }));

type ViewTab = Tab & { value: RunView };

/** What there is to see of a run, each view with something in it. */
export function Views({ loaded }: { loaded: LoadedRun }) {
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  const tabs = tabsOf(loaded);
  const chosen = tabs.find(({ value }) => value === view)?.value ?? "timeline";
  const choose = (value: RunView) =>
    void navigate({ search: ({ view: _, ...search }) => (value === "timeline" ? search : { ...search, view: value }), replace: true });
  useKeys(
    "Run",
    tabs.map(({ value, label }, k) => ({ keys: String(k + 1), label, command: true, run: () => choose(value) })),
  );
  return (
    <Tabs label="Views of the run" tabs={tabs} value={chosen} onChange={(value) => choose(value as RunView)} className="flex-1">
      <div className="flex h-full flex-col">
        <View view={chosen} loaded={loaded} />
      </div>
    </Tabs>
  );
}

function tabsOf({ log_count = 0, scores, trace, run }: LoadedRun): ViewTab[] {
  return [
    { value: "timeline", label: "Timeline" },
    ...(run.tree.length > 1 ? [{ value: "graph", label: "Graph" } as const] : []),
    ...(trace.llm_calls > 0 ? ([{ value: "conversation", label: "Conversation" }, { value: "context", label: "Context" }] as const) : []),
    ...(run.repeats.length > 0 ? [{ value: "repeats", label: "Repeats", count: run.repeats.length } as const] : []),
    { value: "scores", label: "Scores", count: scores.length },
    ...(log_count > 0 ? [{ value: "logs", label: "Logs", count: log_count } as const] : []),
    { value: "raw", label: "Raw" },
  ];
}

function View({ view, loaded }: { view: RunView; loaded: LoadedRun }) {
  switch (view) {
    case "scores":
      return <RunScores loaded={loaded} />;
    case "logs":
      return <RunLogs run={loaded.run} />;
    case "raw":
      return <RawRun loaded={loaded} />;
    default:
      return (
        <Workbench key={view === "timeline" ? "timeline" : "reading"} loaded={loaded} reading={view !== "timeline"}>
          <Suspense fallback={<ListSkeleton rows={16} />}>
            <BesideDetail view={view} />
          </Suspense>
        </Workbench>
      );
  }
}

/** A view in which a click shows a span beside it. */
function BesideDetail({ view }: { view: RunView }) {
  if (view === "conversation") return <Conversation />;
  if (view === "context") return <Context />;
  if (view === "graph") return <GraphView />;
  return view === "repeats" ? <Repeats /> : <Timeline />;
}
