import { useKey } from "./key";

/** What the server answers when it doesn't do what was asked; `position` points into a filter. */
export class ApiError extends Error {
  readonly status: number;
  readonly position: number | undefined;

  constructor(status: number, message: string, position?: number) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.position = position;
  }
}

export type Query = Record<string, string | number | undefined>;

interface Request {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  /** Another key than the one signed in with. */
  key?: string;
}

/** Ask the API. Throws `ApiError`; a 401 also asks the page for a key. */
export async function request<T>(address: string, asked: Request = {}): Promise<T> {
  const response = await ask(address, asked);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

/** Ask the API for an answer that is too large to be parsed between two frames. */
export async function requestBytes(address: string, asked: Request = {}): Promise<ArrayBuffer> {
  return (await ask(address, asked)).arrayBuffer();
}

async function ask(address: string, { method = "GET", query, body, signal, key }: Request): Promise<Response> {
  const response = await send(address + queryString(query), {
    method,
    headers: { ...authorization(key), ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  if (!response.ok) throw await readError(response);
  return response;
}

/** Build a path; each value is escaped, since ids are whatever the sender chose. */
export function path(parts: TemplateStringsArray, ...values: string[]): string {
  return String.raw({ raw: parts }, ...values.map(encodeURIComponent));
}

export function queryString(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

export function authorization(secret: string = useKey.getState().secret): Record<string, string> {
  return secret === "" ? {} : { authorization: `Bearer ${secret}` };
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, "The server doesn't answer. Is `clew serve` running?");
  }
}

async function readError(response: Response): Promise<ApiError> {
  if (response.status === 401) useKey.getState().refuse();
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error: { message: string; position?: number } };
    return new ApiError(response.status, error.message, error.position);
  } catch {
    return new ApiError(response.status, text.slice(0, 500) || `The server answered ${response.status}.`);
  }
}
