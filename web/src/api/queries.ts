/** One function a question: its key in the cache and how it is asked. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { path, request, requestBytes } from "./client";
import { openSkeleton } from "./runs";
import type { Dialogue } from "../trace/dialogue";
import type {
  Facets,
  Info,
  IngestHealth,
  Key,
  KeyScope,
  NewKey,
  NewScore,
  Project,
  RunLog,
  Said,
  SearchPage,
  SessionDetail,
  SessionPage,
  Shows,
  Span,
  SpanPage,
  Stats,
  TracePage,
  Values,
  View,
} from "./types";

/** What narrows a list: the filter and a range of time, as they stand in the URL. */
export interface Range {
  filter?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export interface TraceListing extends Range {
  order?: string | undefined;
}

const PAGE = 100;
/** A finished span no longer changes, save for scores and late logs. */
const SPAN_FRESH_MS = 60_000;

export const infoQuery = () =>
  queryOptions({ queryKey: ["info"], queryFn: ({ signal }) => request<Info>("/api/info", { signal }), staleTime: Number.POSITIVE_INFINITY });

export const projectsQuery = () =>
  queryOptions({
    queryKey: ["projects"],
    queryFn: async ({ signal }) => (await request<{ projects: Project[] }>("/api/projects", { signal })).projects,
  });

export const keysQuery = (project: string) =>
  queryOptions({
    queryKey: ["keys", project],
    queryFn: async ({ signal }) => (await request<{ keys: Key[] }>(path`/api/projects/${project}/keys`, { signal })).keys,
  });

export const tracesQuery = (project: string, listing: TraceListing) =>
  infiniteQueryOptions({
    queryKey: ["traces", project, listing],
    queryFn: ({ pageParam, signal }) => getTraces(project, listing, { cursor: pageParam, limit: PAGE }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    // Live updates are woven into the list; a refetch of every page would only repeat them.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 300_000,
  });

export function getTraces(
  project: string,
  { filter, from, to, order }: TraceListing,
  { cursor, limit }: { cursor?: string; limit: number },
  signal?: AbortSignal,
): Promise<TracePage> {
  return request<TracePage>(path`/api/projects/${project}/traces`, {
    query: { filter, from, to, order, limit, cursor },
    ...(signal ? { signal } : {}),
  });
}

export const spansQuery = (project: string, { filter, from, to, order }: TraceListing) =>
  infiniteQueryOptions({
    queryKey: ["spans", project, { filter, from, to, order }],
    queryFn: ({ pageParam, signal }) =>
      request<SpanPage>(path`/api/projects/${project}/spans`, { query: { filter, from, to, order, limit: PAGE, cursor: pageParam }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    gcTime: 300_000,
  });

export const traceQuery = (project: string, traceId: string) =>
  queryOptions({
    queryKey: ["trace", project, traceId],
    queryFn: async ({ signal }) => openSkeleton(await requestBytes(path`/api/projects/${project}/traces/${traceId}`, { signal })),
    // Comparing two runs of 100,000 spans member by member costs more than drawing the new one.
    structuralSharing: false,
    staleTime: 10_000,
    // A large run takes tens of megabytes: it isn't kept for long once nobody looks at it.
    gcTime: 60_000,
  });

export const spanQuery = (project: string, traceId: string, spanId: string) =>
  queryOptions({
    queryKey: ["span", project, traceId, spanId],
    queryFn: ({ signal }) =>
      request<Span>(path`/api/projects/${project}/traces/${traceId}/spans/${spanId}`, { signal }),
    structuralSharing: false,
    staleTime: SPAN_FRESH_MS,
  });

/** What was said in a run, without the texts. */
export const dialogueQuery = (project: string, traceId: string) =>
  queryOptions({
    queryKey: ["dialogue", project, traceId],
    queryFn: ({ signal }) => request<Dialogue>(path`/api/projects/${project}/traces/${traceId}/dialogue`, { signal }),
    structuralSharing: false,
    staleTime: 10_000,
    gcTime: 60_000,
  });

/** What one call said, without the first `same` messages, with which it goes on from `after`. */
export const saidQuery = (project: string, traceId: string, spanId: string, { after, same }: { after: string; same: number }) =>
  queryOptions({
    queryKey: ["said", project, traceId, spanId, after, same],
    queryFn: ({ signal }) =>
      request<Said>(path`/api/projects/${project}/traces/${traceId}/spans/${spanId}/said`, { query: { after, same }, signal }),
    structuralSharing: false,
    staleTime: SPAN_FRESH_MS,
  });

export const logsQuery = (project: string, traceId: string) =>
  queryOptions({
    queryKey: ["logs", project, traceId],
    queryFn: async ({ signal }) =>
      (await request<{ logs: RunLog[] }>(path`/api/projects/${project}/traces/${traceId}/logs`, { signal })).logs,
    structuralSharing: false,
    staleTime: 10_000,
    gcTime: 60_000,
  });

export const sessionsQuery = (project: string, range: Range) =>
  infiniteQueryOptions({
    queryKey: ["sessions", project, range],
    queryFn: ({ pageParam, signal }) =>
      request<SessionPage>(path`/api/projects/${project}/sessions`, {
        query: { ...range, limit: PAGE, cursor: pageParam },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });

export const sessionQuery = (project: string, sessionId: string) =>
  queryOptions({
    queryKey: ["session", project, sessionId],
    queryFn: ({ signal }) => request<SessionDetail>(path`/api/projects/${project}/sessions/${sessionId}`, { signal }),
  });

export const searchQuery = (project: string, q: string, range: Range) =>
  infiniteQueryOptions({
    queryKey: ["search", project, q, range],
    queryFn: ({ pageParam, signal }) =>
      request<SearchPage>(path`/api/projects/${project}/search`, {
        query: { q, ...range, limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    enabled: q !== "",
  });

/** The contents of one run that hold words, whole ones: as many as a page of hits has. */
export const saidInRunQuery = (project: string, traceId: string, q: string) =>
  queryOptions({
    queryKey: ["search", project, q, traceId],
    queryFn: ({ signal }) =>
      request<SearchPage>(path`/api/projects/${project}/search`, { query: { q, filter: `trace:"${traceId}"`, limit: 200 }, signal }),
    enabled: q !== "",
  });

export const statsQuery = (project: string, metric: string, group_by: string, range: Range) =>
  queryOptions({
    queryKey: ["stats", project, metric, group_by, range],
    queryFn: ({ signal }) =>
      request<Stats>(path`/api/projects/${project}/stats`, { query: { metric, group_by, ...range }, signal }),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

/** What lists are of. */
export type Noun = "runs" | "spans";

export const facetsQuery = (project: string, of: Noun, fields: readonly string[], range: Range) =>
  queryOptions({
    queryKey: ["facets", project, of, fields, range],
    queryFn: async ({ signal }) =>
      (await request<Facets>(path`/api/projects/${project}/facets`, { query: { of, fields: fields.join(","), ...range }, signal })).facets,
    enabled: fields.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

export const valuesQuery = (project: string, field: string, prefix: string) =>
  queryOptions({
    queryKey: ["values", project, field, prefix],
    queryFn: async ({ signal }) =>
      (await request<Values>(path`/api/projects/${project}/values`, { query: { field, prefix, limit: 12 }, signal })).values,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

export const ingestHealthQuery = (project: string) =>
  queryOptions({
    queryKey: ["ingest-health", project],
    queryFn: ({ signal }) => request<IngestHealth>(path`/api/projects/${project}/ingest-health`, { signal }),
  });

export function contentUrl(project: string, traceId: string, hash: string): string {
  return path`/api/projects/${project}/traces/${traceId}/contents/${hash}`;
}

export function exportUrl(project: string, traceId: string): string {
  return `${path`/api/projects/${project}/traces/${traceId}/export`}?format=otlp`;
}

export const createProject = (name: string) => request<Project>("/api/projects", { method: "POST", body: { name } });

export const setRetention = (project: string, retention_days: number | null) =>
  request<Project>(path`/api/projects/${project}`, { method: "PATCH", body: { retention_days } });

export const deleteProject = (project: string) => request<void>(path`/api/projects/${project}`, { method: "DELETE" });

export const createKey = (project: string, name: string, scopes: KeyScope[]) =>
  request<NewKey>(path`/api/projects/${project}/keys`, { method: "POST", body: { name, scopes } });

export const revokeKey = (project: string, keyId: string) =>
  request<void>(path`/api/projects/${project}/keys/${keyId}`, { method: "DELETE" });

export const deleteTrace = (project: string, traceId: string) =>
  request<void>(path`/api/projects/${project}/traces/${traceId}`, { method: "DELETE" });

export const changeTags = (project: string, trace_ids: readonly string[], change: { add?: readonly string[]; remove?: readonly string[] }) =>
  request<void>(path`/api/projects/${project}/tags`, { method: "POST", body: { trace_ids, ...change } });

export const deleteTraces = (project: string, trace_ids: readonly string[]) =>
  request<void>(path`/api/projects/${project}/traces/delete`, { method: "POST", body: { trace_ids } });

export const viewsQuery = (project: string) =>
  queryOptions({
    queryKey: ["views", project],
    queryFn: async ({ signal }) => (await request<{ views: View[] }>(path`/api/projects/${project}/views`, { signal })).views,
    staleTime: 30_000,
  });

export const viewQuery = (project: string, viewId: string) =>
  queryOptions({
    queryKey: ["view", project, viewId],
    queryFn: ({ signal }) => request<View>(path`/api/projects/${project}/views/${viewId}`, { signal }),
    staleTime: 0,
  });

export const createView = (project: string, of: Noun, name: string, shows: Shows) =>
  request<View>(path`/api/projects/${project}/views`, { method: "POST", body: { name, of, shows } });

export const changeView = (project: string, viewId: string, change: { name?: string; shows?: Shows }) =>
  request<View>(path`/api/projects/${project}/views/${viewId}`, { method: "PATCH", body: change });

export const deleteView = (project: string, viewId: string) =>
  request<void>(path`/api/projects/${project}/views/${viewId}`, { method: "DELETE" });

export const createScore = (project: string, score: NewScore) =>
  request<{ accepted: number }>(path`/api/projects/${project}/scores`, { method: "POST", body: { scores: [score] } });
