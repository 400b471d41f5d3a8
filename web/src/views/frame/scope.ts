import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import type { TraceListing } from "../../api/queries";

/** What narrows the lists of a project, as it stands in the URL. */
export interface Scope {
  filter?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  order?: string | undefined;
  /** The columns of the list, as `layout.ts` writes them. */
  columns?: string | undefined;
  /** The saved view that one started from. */
  saved?: string | undefined;
}

/** Without a word in the URL, lists show this. */
export const DEFAULT_FROM = "now-24h";
/** How the URL says "no beginning", which to the API is saying nothing. */
export const ALL_TIME = "all";

export function validateScope(search: Record<string, unknown>): Scope {
  const scope: Scope = {};
  for (const name of ["filter", "from", "to", "order", "columns", "saved"] as const) {
    const value = search[name];
    if (typeof value === "string" && value !== "") scope[name] = value;
  }
  return scope;
}

/** The scope out of a page's search, for a link to another page. */
export function keepScope({ filter, from, to, order, columns, saved }: Scope): Scope {
  return { ...keepRange({ filter, from, to }), ...(order && { order }), ...(columns && { columns }), ...(saved && { saved }) };
}

/** What narrows a list of anything: order, columns and views are each list's own. */
export function keepRange({ filter, from, to }: Scope): Scope {
  return { ...(filter && { filter }), ...(from && { from }), ...(to && { to }) };
}

/** The scope as the API wants it. */
export function toListing({ filter, from = DEFAULT_FROM, to, order }: Scope): TraceListing {
  return { filter, from: from === ALL_TIME ? undefined : from, to, order };
}

const route = getRouteApi("/projects/$project");

export function useProject(): string {
  return route.useParams().project;
}

export function useScope(): Scope {
  return route.useSearch();
}

export function useListing(): TraceListing {
  const { filter, from, to, order } = useScope();
  return useMemo(
    () => toListing(keepScope({ filter, from, to, order })),
    [filter, from, to, order],
  );
}
