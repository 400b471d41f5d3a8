/** The shapes of docs/reference/api.md. A number that is not known is null. */
import type { SpanColumns } from "../trace/trace";

export type Outcome = "success" | "error" | "refused" | "cancelled" | "blocked" | "waiting" | "";

export interface Project {
  name: string;
  created_at: string;
  retention_days: number | null;
  span_count: number;
  trace_count: number;
  last_span_at: string | null;
}

export type KeyScope = "ingest" | "read" | "admin";

export interface Key {
  key_id: string;
  public_key: string;
  name: string;
  scopes: KeyScope[];
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
}

/** A key with its secret: what creating one answers, and nothing later does. */
export interface NewKey extends Key {
  secret_key: string;
}

export interface Score {
  score_id?: string;
  name: string;
  data_type?: "number" | "category" | "boolean" | "text";
  value: number | null;
  label?: string;
  comment?: string;
  source?: string;
  author?: string;
  evaluator?: string;
  trace_id?: string;
  span_id?: string;
  session_id?: string;
  time?: string;
}

export interface Trace {
  trace_id: string;
  name: string;
  start_time: string;
  duration_ms: number | null;
  status: "ok" | "error" | "unset";
  outcome: Outcome;
  running: boolean;
  session_id: string;
  user_id: string;
  tags: string[];
  environment: string;
  release: string;
  service: string;
  agents: string[];
  span_count: number;
  error_count: number;
  llm_calls: number;
  tool_calls: number;
  input_tokens: number | null;
  output_tokens: number | null;
  cache_read_tokens: number | null;
  reasoning_tokens: number | null;
  cost_usd: number | null;
  unpriced_calls: number;
  models: string[];
  prompts: string[];
  input_preview: string;
  output_preview: string;
  error_message: string;
  scores: Score[];
}

export interface TracePage {
  traces: Trace[];
  next_cursor: string | null;
}

export interface Skeleton {
  trace: Trace;
  start_ns: string;
  uncounted: string[];
  scores: Score[];
  log_count: number;
  spans: SpanColumns;
}

/** Any value of an attribute; bytes are `{"$bytes": "<base64>"}`. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Attributes = Record<string, Value>;

export interface Part {
  type: string;
  text?: string;
  id?: string;
  name?: string;
  arguments?: Value;
  response?: Value;
  is_error?: boolean;
  mime_type?: string;
  modality?: string;
  uri?: string;
  file_id?: string;
  content_hash?: string;
  data?: Value;
}

export interface Message {
  role: string;
  name?: string;
  parts?: Part[];
  finish_reason?: string;
  source?: string;
  truncated?: boolean;
}

export interface ToolDefinition {
  name: string;
  description?: string;
  type?: string;
  parameters?: Value;
}

export interface Document {
  id?: string;
  content?: string;
  score?: number | null;
  metadata?: Value;
}

export interface Conversation {
  system?: Message[];
  messages_in?: Message[];
  messages_out?: Message[];
  tools?: ToolDefinition[];
  documents?: Document[];
  input?: Value;
  output?: Value;
}

export interface Usage {
  input_tokens?: number | null;
  output_tokens?: number | null;
  cache_read_tokens?: number | null;
  cache_write_tokens?: number | null;
  cache_write_1h_tokens?: number | null;
  reasoning_tokens?: number | null;
  audio_input_tokens?: number | null;
  audio_output_tokens?: number | null;
  image_input_tokens?: number | null;
  total_tokens?: number | null;
  scope?: "leaf" | "aggregate";
}

export interface Cost {
  input_usd?: number | null;
  output_usd?: number | null;
  total_usd?: number | null;
  source?: string;
}

/** What is understood of a span; what is empty or unknown is left out. */
export interface Facts {
  kind?: string;
  rules?: Record<string, string>;
  dialects?: string[];
  display_name?: string;
  outcome?: Outcome;
  error_type?: string;
  error_message?: string;
  level?: string;
  service?: string;
  environment?: string;
  release?: string;
  framework?: string;
  session_id?: string;
  user_id?: string;
  tags?: string[];
  metadata?: Record<string, string>;
  agent_name?: string;
  agent_description?: string;
  workflow_name?: string;
  tool_name?: string;
  tool_type?: string;
  tool_call_id?: string;
  tool_description?: string;
  handoff_from?: string;
  handoff_to?: string;
  provider?: string;
  request_model?: string;
  response_model?: string;
  response_id?: string;
  finish_reasons?: string[];
  model_parameters?: Record<string, Value>;
  prompt_name?: string;
  prompt_version?: string;
  prompt_variables?: Record<string, string>;
  usage?: Usage | null;
  cost?: Cost | null;
  ttft_ns?: number | null;
  retries?: number | null;
}

export interface SpanEvent {
  name: string;
  time: string;
  attributes: Attributes;
  dropped_attributes_count: number;
}

export interface SpanLink {
  trace_id: string;
  span_id: string;
  trace_state: string;
  flags: number;
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

export interface Span {
  span_id: string;
  trace_id: string;
  parent_id: string;
  name: string;
  otel_kind: string;
  start_time: string;
  end_time: string | null;
  duration_ms: number | null;
  status: string;
  status_message: string;
  trace_state: string;
  flags: number;
  facts: Facts;
  conversation: Conversation;
  attributes: Attributes;
  events: SpanEvent[];
  links: SpanLink[];
  logs: SpanLog[];
  resource: { attributes: Attributes; schema_url: string; dropped_attributes_count: number };
  scope: { name: string; version: string; attributes: Attributes; schema_url: string; dropped_attributes_count: number };
  dropped_attributes_count: number;
  dropped_events_count: number;
  dropped_links_count: number;
  truncated: Record<string, number>;
  scores: Score[];
}

export interface Session {
  session_id: string;
  start_time: string;
  end_time: string | null;
  trace_count: number;
  error_count: number;
  user_id: string;
  input_tokens: number | null;
  output_tokens: number | null;
  cost_usd: number | null;
  input_preview: string;
  output_preview: string;
}

export interface SessionPage {
  sessions: Session[];
  next_cursor: string | null;
}

export interface SessionDetail extends Session {
  traces: Trace[];
}

export interface SearchHit {
  trace_id: string;
  span_id: string;
  content_hash: string;
  time: string;
  snippet: string;
  ranges: [number, number][];
  trace_name: string;
  span_name: string;
  kind: string;
}

export interface SearchPage {
  hits: SearchHit[];
  next_cursor: string | null;
}

export interface Stats {
  interval_s: number;
  series: { group: Record<string, string>; points: [string, number | null][] }[];
  total: number | null;
}

export interface Values {
  values: { value: string; count: number }[];
}

export interface Info {
  version: string;
  local: boolean;
  otlp_http_port: number;
  otlp_grpc_port: number;
  auth: "open" | "keys";
}
