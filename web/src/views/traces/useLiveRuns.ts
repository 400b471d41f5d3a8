import { useQueryClient } from "@tanstack/react-query";
import { type RefObject, useEffect, useRef, useState } from "react";
import { getTraces, tracesQuery } from "../../api/queries";
import { useLiveTraces } from "../frame/live";
import { useListing, useProject } from "../frame/scope";
import { flatten, weave } from "./weave";

/** As many ids as fit well into one request; the rest of a burst is found among the newest runs. */
const MOST_IDS = 40;
const NEWEST = 50;

/**
 * Weave runs into the list as they arrive or change. While one reads (scrolled down, or on a row) the
 * rows on screen stay where they are; the result is how many new ones wait above.
 */
export function useLiveRuns(scroller: RefObject<HTMLElement | null>, row: number, reading: boolean): number {
  const project = useProject();
  const listing = useListing();
  const queryClient = useQueryClient();
  const [above, setAbove] = useState(0);
  const busy = useRef(false);

  const keepPlace = (added: readonly number[]) => {
    const element = scroller.current;
    if (!element || (element.scrollTop === 0 && !reading)) return;
    const first = Math.floor(element.scrollTop / row);
    const before = added.filter((place, index) => place <= first + index).length;
    if (before === 0) return;
    setAbove((count) => count + before);
    // After the taller list is laid out, so that the offset exists.
    requestAnimationFrame(() => element.scrollBy({ top: before * row }));
  };

  useLiveTraces(async (ids) => {
    const options = tracesQuery(project, listing);
    const loaded = queryClient.getQueryData(options.queryKey);
    if (!loaded || busy.current) return;
    busy.current = true;
    try {
      const known = new Set(flatten(loaded.pages).map(({ trace_id }) => trace_id));
      const changed = ids.filter((id) => known.has(id)).slice(0, MOST_IDS);
      const newestFirst = (listing.order ?? "start_time") === "start_time";
      const arrived = newestFirst && ids.some((id) => !known.has(id));
      const answers = await Promise.all([
        changed.length > 0 ? getTraces(project, { ...listing, filter: `trace:${changed.join(",")}` }, { limit: changed.length }) : null,
        arrived ? getTraces(project, listing, { limit: NEWEST }) : null,
      ]);
      const fresh = answers.flatMap((page) => page?.traces ?? []);
      const now = queryClient.getQueryData(options.queryKey);
      if (!now) return;
      const woven = weave(now, fresh);
      queryClient.setQueryData(options.queryKey, woven.listing);
      keepPlace(woven.added);
    } catch {
      // The next word from the server brings the same runs again.
    } finally {
      busy.current = false;
    }
  });

  useEffect(() => {
    const element = scroller.current;
    const onScroll = () => element?.scrollTop === 0 && setAbove(0);
    element?.addEventListener("scroll", onScroll, { passive: true });
    return () => element?.removeEventListener("scroll", onScroll);
  }, [scroller]);
  return above;
}
