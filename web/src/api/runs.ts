/** Runs as the page draws them: small ones are opened here and now, large ones in a worker. */
import { openRun, packRun, type Run, unpackRun } from "../trace/run";
import { buildHaystack, type Haystack, search } from "../trace/search";
import { ApiError } from "./client";
import type { Answered, Asked } from "./run.worker";
import type { LoadedRun, Skeleton } from "./types";

/** About 5,000 spans: what is parsed and laid out within a frame or two. */
const LARGE_BYTES = 2_500_000;
const LARGE_SPANS = 5000;

/** Open what the server sent of a run. */
export async function openSkeleton(body: ArrayBuffer): Promise<LoadedRun> {
  if (body.byteLength <= LARGE_BYTES) {
    const { spans, uncounted, start_ns, ...rest } = JSON.parse(new TextDecoder().decode(body)) as Skeleton;
    return { ...rest, run: openRun({ spans, uncounted, start_ns }) };
  }
  const { opened } = (await askWorker({ open: body }, [body])) as Extract<Answered, { opened: unknown }>;
  const run = unpackRun(opened.run);
  inWorker = run;
  return { ...opened, run };
}

/** The nodes of a run that hold every word of `query`: at once, or a moment later where it is large. */
export function findInRun(run: Run, query: string): Int32Array | Promise<Int32Array> {
  if (run.tree.length <= LARGE_SPANS) return search(haystackOf(run), query);
  const asked = inWorker === run ? { find: query } : { find: query, run: packRun(run) };
  inWorker = run;
  return askWorker(asked).then((answered) => (answered as Extract<Answered, { hits: unknown }>).hits);
}

let here: { run: Run; haystack: Haystack } | undefined;

function haystackOf(run: Run): Haystack {
  if (here?.run !== run) here = { run, haystack: buildHaystack(run.trace, run.tree) };
  return here.haystack;
}

interface Waiting {
  resolve: (answered: Answered) => void;
  reject: (error: Error) => void;
}

const waiting = new Map<number, Waiting>();
let worker: Worker | undefined;
/** The run that the worker can search without being sent it. */
let inWorker: Run | undefined;
let tasks = 0;

type WithoutTask<T> = T extends unknown ? Omit<T, "task"> : never;

function askWorker(asked: WithoutTask<Asked>, transferred: Transferable[] = []): Promise<Answered> {
  worker ??= startWorker();
  const task = ++tasks;
  worker.postMessage({ task, ...asked }, transferred);
  return new Promise((resolve, reject) => waiting.set(task, { resolve, reject }));
}

function startWorker(): Worker {
  const started = new Worker(new URL("./run.worker.ts", import.meta.url), { type: "module" });
  started.addEventListener("message", ({ data }: MessageEvent<Answered>) => {
    const task = waiting.get(data.task);
    waiting.delete(data.task);
    if ("failed" in data) task?.reject(new ApiError(0, `This run couldn't be opened: ${data.failed}`));
    else task?.resolve(data);
  });
  started.addEventListener("error", (event) => {
    worker = undefined;
    inWorker = undefined;
    const lost = [...waiting.values()];
    waiting.clear();
    for (const { reject } of lost) reject(new ApiError(0, `This run couldn't be opened: ${event.message || "its worker stopped"}. Reload the page.`));
  });
  return started;
}
