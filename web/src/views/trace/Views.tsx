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
    tabs.map(({ value, label }, k) => ({ keys: String(k + 1), label, run: () => choose(value) })),
  );
  return (
    <Tabs label="Views of the run" tabs={tabs} value={chosen} onChange={(value) => choose(value as RunView)} className="flex-1">
      <div className="flex h-full flex-col">
        <View view={chosen} loaded={loaded} />
      </div>
    </Tabs>
  );
}

function tabsOf({ log_count = 0, scores, trace }: LoadedRun): ViewTab[] {
  return [
    { value: "timeline", label: "Timeline" },
    ...(trace.llm_calls > 0 ? [{ value: "conversation", label: "Conversation" } as const] : []),
    ...(scores.length > 0 ? [{ value: "scores", label: "Scores", count: scores.length } as const] : []),
    ...(log_count > 0 ? [{ value: "logs", label: "Logs", count: log_count } as const] : []),
    { value: "raw", label: "Raw" },
  ];
}

function View({ view, loaded }: { view: RunView; loaded: LoadedRun }) {
  switch (view) {
    case "conversation":
      return (
        <Workbench loaded={loaded}>
          <Suspense fallback={<ListSkeleton rows={16} />}>
            <Conversation />
          </Suspense>
        </Workbench>
      );
    case "scores":
      return <RunScores loaded={loaded} />;
    case "logs":
      return <RunLogs run={loaded.run} />;
    case "raw":
      return <RawRun loaded={loaded} />;
    default:
      return (
        <Workbench loaded={loaded}>
          <Timeline />
        </Workbench>
      );
  }
}
