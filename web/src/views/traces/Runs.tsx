import "./runs.css";
import { useQueryClient } from "@tanstack/react-query";
import { ListFilter } from "lucide-react";
import { useEffect, useRef } from "react";
import { IconButton } from "../../ui/Button";
import { useRemembered } from "../../ui/remembered";
import { useLiveTraces } from "../frame/live";
import { useListing, useProject } from "../frame/scope";
import { ColumnsMenu } from "./ColumnsMenu";
import { ExportMenu } from "./ExportMenu";
import { Facets } from "./Facets";
import { FilterBar } from "./FilterBar";
import { Histogram } from "./Histogram";
import { RunList } from "./RunList";
import { RUN_COLUMNS } from "./runColumns";
import { Totals } from "./Totals";
import { ViewsMenu } from "./ViewsMenu";

/** Below this a window has no room for facets until one asks for them. */
const WIDE_PX = 1200;

/** The list of runs: above it how many there were and how they went, beside it what they have. */
export function Runs() {
  useLiveStats();
  const listing = useListing();
  const [facets, setFacets] = useRemembered("clew.facets", innerWidth >= WIDE_PX);
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-testid="runs-page">
      <div className="flex shrink-0 items-end gap-6 px-4 pt-3">
        <Histogram />
        <Totals />
      </div>
      <div className="flex shrink-0 items-start gap-2 px-4 py-2.5">
        <IconButton label={facets ? "Hide the facets" : "Show the facets"} aria-pressed={facets} className="mt-0.5" onClick={() => setFacets(!facets)}>
          <ListFilter size={15} />
        </IconButton>
        <FilterBar />
        <div className="flex gap-0.5">
          <ViewsMenu of="runs" />
          <ColumnsMenu of="runs" columns={RUN_COLUMNS} />
          <ExportMenu look="quiet" which={listing} says="What matches, up to 10,000 runs" />
        </div>
      </div>
      <div className="flex min-h-0 flex-1 border-t border-line">
        {facets && <Facets of="runs" />}
        <div className="flex min-w-0 flex-1 flex-col">
          <RunList />
        </div>
      </div>
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
      for (const counted of ["stats", "facets"]) void queryClient.invalidateQueries({ queryKey: [counted, project] });
    }, COUNT_AGAIN_MS);
  });
}
