import { ApiError, authorization, path } from "./client";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Listen to a project until `signal` aborts: `onTraces` gets the ids of runs that arrived or changed,
 * `onState` whether the line is open. Reconnects with growing waits. Fetch instead of EventSource,
 * which can't carry a key.
 */
export async function listen(
  project: string,
  signal: AbortSignal,
  onTraces: (ids: string[]) => void,
  onState: (open: boolean) => void,
): Promise<void> {
  let wait_ms = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      const response = await fetch(path`/api/projects/${project}/live`, { headers: authorization(), signal });
      if (!response.ok || !response.body) throw new ApiError(response.status, "no live updates");
      onState(true);
      wait_ms = FIRST_WAIT_MS;
      for await (const data of readEvents(response.body)) onTraces(traceIds(data));
    } catch {
      // Any end of the line is treated alike: try again later.
    }
    onState(false);
    await sleep(wait_ms, signal);
    wait_ms = Math.min(wait_ms * 2, LONGEST_WAIT_MS);
  }
}

/** The data of each server-sent event; comments and other fields are skipped. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value.replaceAll("\r\n", "\n");
    const events = buffer.split("\n\n");
    buffer = events.pop() ?? "";
    for (const event of events) {
      const lines = event.split("\n").filter((line) => line.startsWith("data:"));
      if (lines.length > 0) yield lines.map((line) => line.slice(5).trimStart()).join("\n");
    }
  }
}

function traceIds(data: string): string[] {
  return (JSON.parse(data) as { trace_ids?: string[] }).trace_ids ?? [];
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
