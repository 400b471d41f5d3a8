/** Opens runs and searches them beside the page, so that neither ever holds up a frame. */
import { openRun, packRun, type PackedRun, type Run, unpackRun } from "../trace/run";
import { buildHaystack, type Haystack, search } from "../trace/search";
import type { LoadedRun, Skeleton } from "./types";

/** What the page asks; `task` is given back with the answer. */
export type Asked =
  | { task: number; open: ArrayBuffer }
  /** `run` comes along when it isn't the one that was opened or searched last. */
  | { task: number; find: string; run?: PackedRun };

export type Answered = { task: number } & (
  | { opened: Omit<LoadedRun, "run"> & { run: PackedRun } }
  | { hits: Int32Array }
  | { failed: string }
);

let last: { run: Run; haystack?: Haystack } | undefined;

addEventListener("message", ({ data }: MessageEvent<Asked>) => {
  try {
    answer(data.task, "open" in data ? { opened: open(data.open) } : { hits: find(data.find, data.run) });
  } catch (error) {
    answer(data.task, { failed: (error as Error).message });
  }
});

function open(body: ArrayBuffer) {
  const { spans, uncounted, start_ns, ...rest } = JSON.parse(new TextDecoder().decode(body)) as Skeleton;
  const run = openRun({ spans, uncounted, start_ns });
  last = { run };
  return { ...rest, run: packRun(run) };
}

function find(query: string, packed: PackedRun | undefined): Int32Array {
  if (packed) last = { run: unpackRun(packed) };
  if (!last) return new Int32Array(0);
  last.haystack ??= buildHaystack(last.run.trace, last.run.tree);
  return search(last.haystack, query);
}

function answer(task: number, said: object): void {
  postMessage({ task, ...said });
}
