import { ApiError, authorization, path, requestBytes } from "./client";
import { exportUrl, type TraceListing } from "./queries";

/** Fetch what a link could not: bytes that the server gives only to a key. */
export async function fetchBlob(url: string, signal?: AbortSignal): Promise<Blob> {
  const response = await fetch(url, { headers: authorization(), ...(signal ? { signal } : {}) });
  if (!response.ok) throw new ApiError(response.status, `The server answered ${response.status}.`);
  return response.blob();
}

export type FileFormat = "jsonl" | "csv" | "parquet";

/** Which runs: those with the ids, or those that a list shows. */
export type WhichRuns = { trace_ids: readonly string[] } | TraceListing;

/** Save runs as a file, a row each. */
export async function downloadRuns(project: string, format: FileFormat, which: WhichRuns): Promise<void> {
  const body = await requestBytes(path`/api/projects/${project}/traces/export`, { method: "POST", body: { format, ...which } });
  save(new Blob([body]), `${project}-runs.${format}`);
}

/** Save the spans of a run as they came in. */
export async function downloadExport(project: string, traceId: string): Promise<void> {
  save(await fetchBlob(exportUrl(project, traceId)), `${traceId}.otlp.json`);
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
