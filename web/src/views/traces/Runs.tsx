import "./runs.css";
import { FilterBar } from "./FilterBar";
import { Histogram } from "./Histogram";
import { RunList } from "./RunList";
import { Totals } from "./Totals";

/** The list of runs, and above it how many there were and how they went. */
export function Runs() {
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
