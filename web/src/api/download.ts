import { ApiError, authorization } from "./client";
import { exportUrl } from "./queries";

/** Fetch what a link could not: bytes that the server gives only to a key. */
export async function fetchBlob(url: string, signal?: AbortSignal): Promise<Blob> {
  const response = await fetch(url, { headers: authorization(), ...(signal ? { signal } : {}) });
  if (!response.ok) throw new ApiError(response.status, `The server answered ${response.status}.`);
  return response.blob();
}

/** Save the spans of a run as they came in. */
export async function downloadExport(project: string, traceId: string): Promise<void> {
  const url = URL.createObjectURL(await fetchBlob(exportUrl(project, traceId)));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${traceId}.otlp.json`;
  link.click();
  URL.revokeObjectURL(url);
}
