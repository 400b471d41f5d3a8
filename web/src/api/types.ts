/**
 * The shapes of the API by the names the page uses. `schema.d.ts` is generated from the server
 * (`npm run api`); what JSON Schema says loosely is said exactly here, after docs/reference/api.md.
 */
import type { Run } from "../trace/run";
import type { SpanColumns } from "../trace/trace";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Project = Schemas["ProjectBody"];
export type Key = Schemas["KeyBody"];
/** A key with its secret: what creating one answers, and nothing later does. */
export type NewKey = Schemas["CreatedKey"];
export type KeyScope = Key["scopes"][number];
export type Info = Schemas["Info"];

export type Trace = Required<Schemas["Trace"]>;
export type Outcome = Trace["outcome"];
export type TraceScore = Schemas["TraceScore"];
export type Score = Schemas["Score"];
export type Session = Schemas["Session"];
export type SessionDetail = Omit<Schemas["WholeSession"], "traces"> & { traces: Trace[] };
export type SearchHit = Schemas["Hit"];
export type Stats = Schemas["Stats"];
export type Facets = Schemas["FacetList"];
export type Facet = Schemas["Facet"];
/** What a saved view shows, in the words of the list's address. */
export interface Shows {
  filter?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  order?: string | undefined;
  columns?: string | undefined;
}
export type View = Omit<Schemas["View"], "shows"> & { shows: Shows };
export type Values = Schemas["ValueList"];

/** An attribute that no dialect reads, and a span that has it. */
export interface UnknownAttribute {
  name: string;
  spans: number;
  trace_id: string;
  span_id: string;
  value: string;
}

export interface SeenScope {
  scope: string;
  spans: number;
  understood: boolean;
  dialects: string[];
  trace_id: string;
  span_id: string;
  unknown: UnknownAttribute[];
}

/** What a project was sent since the server's start; `orphaned` is of the last hour. */
export interface IngestHealth {
  since: string;
  spans: number;
  logs: number;
  points: number;
  rejected: number;
  rejections: { reason: string; exports: number }[];
  truncated: number;
  dropped: number;
  late: number;
  orphaned: { orphans: number; trace_id: string; span_id: string };
  scopes: SeenScope[];
}

export interface TracePage {
  traces: Trace[];
  next_cursor: string | null;
}

export type SpanItem = Schemas["SpanRow"];

export interface SpanPage {
  spans: SpanItem[];
  next_cursor: string | null;
}

export interface SessionPage {
  sessions: Session[];
  next_cursor: string | null;
}

export interface SearchPage {
  hits: SearchHit[];
  next_cursor: string | null;
}

export interface Skeleton extends Omit<Schemas["Skeleton"], "trace" | "spans"> {
  trace: Trace;
  spans: SpanColumns;
}

/** A run as the page has it: the skeleton, with its spans laid out. */
export type LoadedRun = Omit<Skeleton, "spans" | "uncounted" | "start_ns"> & { run: Run };

/** Any value of an attribute; bytes are `{"$bytes": "<base64>"}`. */
export type Value = unknown;
export type Attributes = Record<string, Value>;

export type Part = Schemas["Part"];
export type Message = Schemas["Message"];
export type ToolDefinition = Schemas["ToolDefinition"];
export type Conversation = Schemas["Conversation"];
/** What one model call said, without what it repeats. */
export type Said = Schemas["Said"];
export type Usage = Schemas["Usage"];
export type Cost = Schemas["Cost"];
export type NewScore = Schemas["NewScore"];
/** What is understood of a span; what is empty or unknown is left out. */
export type Facts = Partial<Schemas["Facts"]>;

export interface SpanEvent {
  name: string;
  time: string;
  attributes: Attributes;
  dropped_attributes_count: number;
}

export interface SpanLink {
  trace_id: string;
  span_id: string;
  attributes: Attributes;
  dropped_attributes_count: number;
}

export interface SpanLog {
  time: string;
  severity: string;
  severity_number: number;
  event_name: string;
  body: Value;
  attributes: Attributes;
}

/** A log record of a run; `span_id` is empty where the sender gave none. */
export interface RunLog extends SpanLog {
  span_id: string;
}

/** Who sent a span: its resource or its instrumentation scope. */
interface Emitter {
  name?: string;
  version?: string;
  attributes: Attributes;
  schema_url: string;
  dropped_attributes_count: number;
}

type Loose = "facts" | "events" | "links" | "logs" | "resource" | "scope";

export type Span = Omit<Required<Schemas["SpanDetail"]>, Loose> & {
  facts: Facts;
  events: SpanEvent[];
  links: SpanLink[];
  logs: SpanLog[];
  resource: Emitter;
  scope: Emitter;
};
