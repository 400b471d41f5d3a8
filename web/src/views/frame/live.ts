import { useEffect, useEffectEvent } from "react";
import { create } from "zustand";
import { listen } from "../../api/live";

/** The line to the server: whether it is open, and the ids of the runs that came with the last word. */
interface Live {
  open: boolean;
  traceIds: readonly string[];
}

export const useLive = create<Live>(() => ({ open: false, traceIds: [] }));

/** Bursts of exports are one change to a reader. */
const GATHER_MS = 700;

/** Keep the line open while the frame of a project is on the page. */
export function useLiveLine(project: string): void {
  useEffect(() => {
    const controller = new AbortController();
    const gathered = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const publish = () => {
      timer = undefined;
      useLive.setState({ traceIds: [...gathered] });
      gathered.clear();
    };
    const gather = (ids: string[]) => {
      for (const id of ids) gathered.add(id);
      timer ??= setTimeout(publish, GATHER_MS);
    };
    void listen(project, controller.signal, gather, (open) => useLive.setState({ open }));
    return () => {
      controller.abort();
      clearTimeout(timer);
      useLive.setState({ open: false, traceIds: [] });
    };
  }, [project]);
}

/** Call back with the ids of runs that arrived or changed. */
export function useLiveTraces(onTraces: (ids: readonly string[]) => void): void {
  const latest = useEffectEvent(onTraces);
  useEffect(
    () => useLive.subscribe((now, before) => {
      if (now.traceIds !== before.traceIds && now.traceIds.length > 0) latest(now.traceIds);
    }),
    [],
  );
}
