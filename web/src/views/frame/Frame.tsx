import { Outlet, useMatches, useNavigate } from "@tanstack/react-router";
import { Search as SearchIcon } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { MODIFIER, useKeys } from "../../ui/keys";
import { KeyHelp } from "./KeyHelp";
import { rememberProject } from "./lastProject";
import { useLive, useLiveLine } from "./live";
import { ProjectMenu } from "./ProjectMenu";
import { Rail } from "./Rail";
import { keepRange, useProject } from "./scope";
import { ThemeMenu } from "./ThemeMenu";
import { TimeRange } from "./TimeRange";

const Palette = lazy(() => import("./Palette"));

/** Pages that list what happened in a range of time. */
const RANGED = new Set(["/projects/$project/runs/", "/projects/$project/spans", "/projects/$project/sessions/", "/projects/$project/search"]);

/** The rail, the bar on top and the page between them. */
export function Frame() {
  const project = useProject();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  useLiveLine(project);
  useEffect(() => rememberProject(project), [project]);
  useGoKeys();
  useKeys("Everywhere", [
    { keys: "mod+k", label: "Search or jump", run: () => setPalette(true), everywhere: true },
    { keys: "?", label: "Show the keys", run: () => setHelp(true) },
  ]);
  const page = useMatches({ select: (matches) => matches.at(-1)?.routeId ?? "" });

  return (
    <div className="flex h-full">
      <Rail />
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="flex h-11 shrink-0 items-center gap-1 border-b border-line px-3">
          <ProjectMenu />
          {RANGED.has(page) && <TimeRange />}
          <button
            type="button"
            data-testid="open-palette"
            onClick={() => setPalette(true)}
            className="ml-2 flex h-7 min-w-0 flex-1 items-center gap-2 rounded-md px-2 text-left text-faint hover:bg-hover hover:text-muted"
          >
            <SearchIcon size={14} className="shrink-0" />
            <span className="truncate">Search or jump …</span>
            <kbd className="kbd">{MODIFIER}K</kbd>
          </button>
          <LiveLamp />
          <ThemeMenu />
        </header>
        <main className="flex min-h-0 flex-1 flex-col">
          <Outlet />
        </main>
      </div>
      <Suspense>{palette && <Palette open={palette} onOpenChange={setPalette} />}</Suspense>
      <KeyHelp open={help} onOpenChange={setHelp} />
    </div>
  );
}

function LiveLamp() {
  const open = useLive((state) => state.open);
  return (
    <span
      role="status"
      data-testid="live"
      data-open={open}
      className="mx-1 flex items-center gap-1.5 px-1 text-sm text-muted"
      title={open ? "New runs appear by themselves" : "No line to the server; trying again"}
    >
      <span className={`size-1.5 rounded-full ${open ? "bg-success" : "bg-line-strong"}`} />
      {open ? "live" : "offline"}
    </span>
  );
}

function useGoKeys() {
  const navigate = useNavigate();
  const project = useProject();
  const params = { project };
  useKeys("Go to", [
    { keys: "g r", label: "Runs", run: () => void navigate({ to: "/projects/$project/runs", params, search: true }) },
    { keys: "g t", label: "Steps", run: () => void navigate({ to: "/projects/$project/spans", params, search: keepRange }) },
    { keys: "g s", label: "Sessions", run: () => void navigate({ to: "/projects/$project/sessions", params, search: true }) },
    { keys: "g f", label: "Search", run: () => void navigate({ to: "/projects/$project/search", params, search: true }) },
    { keys: "g ,", label: "Settings", run: () => void navigate({ to: "/projects/$project/settings", params, search: true }) },
  ]);
}
