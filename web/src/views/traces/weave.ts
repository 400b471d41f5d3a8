import type { InfiniteData } from "@tanstack/react-query";
import type { Trace, TracePage } from "../../api/types";

export type Listing = InfiniteData<TracePage>;

/**
 * Weave newer states of runs into a list, newest first: a run that is in it is replaced where it
 * stands, others go where they belong by their start, and those older than all that is loaded come
 * with their page. `added` are the places of the new ones, so that a reader's place can be kept.
 */
export function weave(listing: Listing, fresh: readonly Trace[]): { listing: Listing; added: number[] } {
  const byId = new Map(fresh.map((trace) => [trace.trace_id, trace]));
  const pages = listing.pages.map((page) => ({
    ...page,
    traces: page.traces.map((trace) => {
      const newer = byId.get(trace.trace_id);
      byId.delete(trace.trace_id);
      return newer ?? trace;
    }),
  }));
  const waiting = [...byId.values()].sort(newestFirst);
  const isNew = new Set(waiting);
  for (const page of pages) {
    const woven: Trace[] = [];
    for (const trace of page.traces) {
      while (waiting[0] && newestFirst(waiting[0], trace) < 0) woven.push(...waiting.splice(0, 1));
      woven.push(trace);
    }
    page.traces = woven;
  }
  const last = pages.at(-1);
  if (last && last.next_cursor === null) last.traces.push(...waiting);
  const added = flatten(pages).flatMap((trace, place) => (isNew.has(trace) ? [place] : []));
  return { listing: { ...listing, pages }, added };
}

function newestFirst(a: Trace, b: Trace): number {
  return b.start_time.localeCompare(a.start_time);
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
