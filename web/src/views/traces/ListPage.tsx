import "./runs.css";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ListFilter } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import type { Noun } from "../../api/queries";
import { IconButton } from "../../ui/Button";
import { useRemembered } from "../../ui/remembered";
import { useLiveTraces } from "../frame/live";
import { keepRange, useProject } from "../frame/scope";
import { Facets } from "./Facets";
import { FilterBar } from "./FilterBar";
import { Histogram } from "./Histogram";

/** Below this a window has no room for facets until one asks for them. */
const WIDE_PX = 1200;

interface Props {
  of: Noun;
  totals: ReactNode;
  /** What stands beside the filter. */
  tools: ReactNode;
  /** The list. */
  children: ReactNode;
}

/** A list: above it how many there were and how they went, beside it what they have. */
export function ListPage({ of, totals, tools, children }: Props) {
  useLiveStats();
  const [facets, setFacets] = useRemembered("clew.facets", innerWidth >= WIDE_PX);
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-testid={`${of}-page`}>
      <div className="flex shrink-0 items-end gap-6 px-4 pt-3">
        <Histogram of={of} />
        {totals}
      </div>
      <div className="flex shrink-0 items-start gap-2 px-4 py-2.5">
        <IconButton label={facets ? "Hide the facets" : "Show the facets"} aria-pressed={facets} className="mt-0.5" onClick={() => setFacets(!facets)}>
          <ListFilter size={15} />
        </IconButton>
        <Switch of={of} />
        <FilterBar of={of} />
        <div className="flex gap-0.5">{tools}</div>
      </div>
      <div className="flex min-h-0 flex-1 border-t border-line">
        {facets && <Facets of={of} />}
        <div className="flex min-w-0 flex-1 flex-col">{children}</div>
      </div>
    </div>
  );
}

/** The same question asked of runs, or of their steps. */
function Switch({ of }: { of: Noun }) {
  const project = useProject();
  const look = "flex h-full items-center rounded-[5px] px-2 text-muted hover:text-text aria-[current=page]:bg-active aria-[current=page]:text-text";
  return (
    <nav aria-label="What is listed" className="flex h-7 shrink-0 rounded-md border border-line p-px">
      <Link to="/projects/$project/runs" params={{ project }} search={keepRange} className={look} aria-current={of === "runs" ? "page" : undefined}>
        Runs
      </Link>
      <Link to="/projects/$project/spans" params={{ project }} search={keepRange} className={look} aria-current={of === "spans" ? "page" : undefined}>
        Steps
      </Link>
    </nav>
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
