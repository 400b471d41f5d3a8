import type { InfiniteData } from "@tanstack/react-query";
import type { Trace, TracePage } from "../../api/types";

export type Listing = InfiniteData<TracePage>;

/**
 * Weave newer states of runs into a list: a run that is in it is replaced where it stands, others go
 * on top, newest first. `added` says how many did, so that a reader's place can be kept.
 */
export function weave(listing: Listing, fresh: readonly Trace[]): { listing: Listing; added: number } {
  const byId = new Map(fresh.map((trace) => [trace.trace_id, trace]));
  const pages = listing.pages.map((page) => ({
    ...page,
    traces: page.traces.map((trace) => {
      const newer = byId.get(trace.trace_id);
      byId.delete(trace.trace_id);
      return newer ?? trace;
    }),
  }));
  const added = [...byId.values()].sort((a, b) => b.start_time.localeCompare(a.start_time));
  const [first, ...rest] = pages;
  if (first) pages.splice(0, pages.length, { ...first, traces: [...added, ...first.traces] }, ...rest);
  return { listing: { ...listing, pages }, added: added.length };
}

/** The runs of all pages; a run that slid from one page into the next while paging is shown once. */
export function flatten(pages: readonly TracePage[]): Trace[] {
  const seen = new Set<string>();
  return pages.flatMap((page) =>
    page.traces.filter(({ trace_id }) => {
      const first = !seen.has(trace_id);
      seen.add(trace_id);
      return first;
    }),
  );
}
