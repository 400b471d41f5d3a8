import "./runs.css";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useLiveTraces } from "../frame/live";
import { useProject } from "../frame/scope";
import { FilterBar } from "./FilterBar";
import { Histogram } from "./Histogram";
import { RunList } from "./RunList";
import { Totals } from "./Totals";

/** The list of runs, and above it how many there were and how they went. */
export function Runs() {
  useLiveStats();
  return (
    <div className="runs flex min-h-0 flex-1 flex-col" data-testid="runs-page">
      <div className="flex shrink-0 items-end gap-6 px-4 pt-3">
        <Histogram />
        <Totals />
      </div>
      <FilterBar />
      <RunList />
    </div>
  );
}

/** Counting every run of a range again is dear: while runs keep coming it is done this often. */
const COUNT_AGAIN_MS = 4000;

function useLiveStats(): void {
  const project = useProject();
  const queryClient = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLiveTraces(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void queryClient.invalidateQueries({ queryKey: ["stats", project] });
    }, COUNT_AGAIN_MS);
  });
}
